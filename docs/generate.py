"""Write the reference pages that nobody should write by hand: benchmarks, models, commands.

Everything comes from the registry and from click, so a page cannot say something else than the program.
"""

from __future__ import annotations

import ast
import inspect
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from assay.core.benchmark import Benchmark
from assay.core.data import Remote, RemoteSet
from assay.core.errors import AssayError
from assay.core.model import Model
from assay.core.registry import registry

SOURCE = Path(__file__).resolve().parent.parent / "src"
FLOORS = {"core": 0, "flow": 1, "results": 1, "app": 3, "cli": 4}  # the families between them


def write_pages(folder: Path) -> None:
    """Write all pages below `folder`, which is emptied first: a benchmark that is gone has no page."""
    registry.load()
    shipped = sorted(name for name, cls in registry.benchmarks.items() if cls.__module__.startswith("assay."))
    benchmarks = [registry.benchmark(name) for name in shipped]
    pages = {f"benchmarks/{_slug(item.name)}.md": benchmark_page(item) for item in benchmarks}
    pages["benchmarks/index.md"] = benchmark_index(benchmarks)
    pages["models.md"] = models_page(list(registry.models.values()))
    pages["commands.md"] = commands_page()
    pages["modules.md"] = modules_page(SOURCE / "assay")
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


# -- benchmarks


def benchmark_index(benchmarks: Sequence[Benchmark]) -> str:
    """Return the page that lists the benchmarks by family and category."""
    lines = ["# Benchmarks", "",
             "Each is one class in one file; these pages are made from what the classes declare.", ""]
    for family, category in dict.fromkeys((b.family, b.category) for b in benchmarks):
        lines += [f"## {family}: {category}", ""]
        inside = [b for b in benchmarks if (b.family, b.category) == (family, category)]
        lines += table(("benchmark", "title", "scored metrics"),
                       ([f"[{b.name}]({_slug(b.name)}.md)", b.title,
                         ", ".join(m.name for m in b.metrics if m.weight > 0)] for b in inside))
    toctree = ["```{toctree}", ":hidden:", "", *(_slug(b.name) for b in benchmarks), "```"]
    return "\n".join([*lines, *toctree, ""])


def benchmark_page(benchmark: Benchmark) -> str:
    """Return the page of one benchmark: what it asks, its metrics, data, time-outs and source."""
    lines = [f"# {benchmark.title}", "", inspect.getdoc(type(benchmark)) or "", "",
             *(f"{name}\n: {value}\n" for name, value in _facts(benchmark)), "## Metrics", "",
             *table(("metric", "unit", "scores 1 at", "scores 0 at", "weight", "reference", "meaning"),
                    ([f"`{m.name}`", m.unit, f"{m.good:g}", f"{m.bad:g}", f"{m.weight:g}", m.level or "", m.tip]
                     for m in benchmark.metrics))]
    if benchmark.data:
        lines += ["## Data", "", *table(("name", "from", "sha256"), _data_rows(benchmark))]
    if benchmark.citation or benchmark.licence:
        lines += ["## Source and licence of the data", "", benchmark.citation, "", benchmark.licence, ""]
    lines += ["## Run it", "", "```console", f"$ assay run -b {benchmark.name}", "```", "", *_source(benchmark)]
    return "\n".join(lines)


def _facts(benchmark: Benchmark) -> Iterator[tuple[str, str]]:
    yield "name", f"`{benchmark.name}`, version {benchmark.version}"
    yield "category", benchmark.category
    try:
        cases = benchmark.checked_cases()
    except AssayError:
        yield "cases", "listed once the data are there"
    else:
        more = sum(case.full for case in cases)
        yield "cases", f"{len(cases) - more}" + (f", and {more} more with `--full`" if more else "")
    if benchmark.evidence_for:
        yield "evidence for", ", ".join(benchmark.evidence_for)
    yield "time-outs", f"{benchmark.case_timeout:g} s a case, {benchmark.load_timeout:g} s to load a model"


def _data_rows(benchmark: Benchmark) -> Iterator[list[str]]:
    for name, item in benchmark.data.items():
        if isinstance(item, Remote):
            yield [name, item.url, f"`{item.sha256[:12]}...`"]
        elif isinstance(item, RemoteSet):
            yield [name, f"{len(item.files)} files below {item.base_url}", f"`{item.digest[:12]}...` (the list)"]


def _source(benchmark: Benchmark) -> list[str]:
    path = Path(inspect.getfile(type(benchmark)))
    where = path.relative_to(SOURCE.parent)
    return [f"## The whole of it: `{where}`", "", f"```{{literalinclude}} ../../../{where}", ":language: python",
            "```", ""]


# -- models


def models_page(models: Sequence[Model]) -> str:
    """Return the page of the registered models, a section a family."""
    lines = ["# Models", "", "What `assay list models` shows; your own are added as [told here]"
             "(../tutorials/add-a-model.md). Models of one environment share a virtual environment of their own.", ""]
    for family in sorted({model.family for model in models}):
        lines += [f"## {family}", ""]
        rows = [_model_row(model) for model in sorted(models, key=lambda m: m.name) if model.family == family]
        used = [name for name in rows[0] if any(row[name] for row in rows)]
        lines += table(used, ([row[name] for name in used] for row in rows))
    return "\n".join(lines)


def _model_row(model: Model) -> dict[str, str]:
    meta = model.meta
    elements = meta.get("elements")
    notes = [text for key, text in (("periodic_only", "periodic only"), ("gamma_only", "Gamma point only"),
                                    ("charge", "charged systems")) if meta.get(key)]
    if meta.get("isolated_atoms") is False:
        notes.append("no free atoms")
    if model.needs_weights:
        notes.append("weights fetched")
    return {
        "model": f"`{model.name}`", "functional": meta.get("functional", ""), "dispersion": meta.get("dispersion", ""),
        "environment": model.environment or "", "licence": model.licence,
        "elements": str(len(elements)) if isinstance(elements, list) else "", "notes": ", ".join(notes),
    }


# -- commands


def commands_page() -> str:
    """Return the page of all commands: what ``--help`` prints, for each."""
    from assay.cli.commands import verbs

    lines = ["# Commands", "", "What `--help` prints, for every command. Results go to stdout, messages and "
             "progress to stderr; `--json` gives the documents described there.", ""]
    for path, command in _walk(verbs, ()):
        # A fixed width: the page must not depend on the terminal of whoever builds it.
        context = click.Context(command, info_name=" ".join(["assay", *path]), terminal_width=96, max_content_width=96)
        depth = min(len(path) + 1, 4)
        lines += [f"{'#' * depth} assay {' '.join(path)}", ""] if path else []
        lines += ["```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


def _walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name="assay")
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _walk(inner, (*path, name))


# -- modules


def modules_page(package: Path) -> str:
    """Return a table of modules for each floor: the first line of their docstrings, nothing is imported."""
    lines = []
    floors = sorted((path.parent for path in package.glob("*/__init__.py")), key=lambda path: FLOORS.get(path.name, 2))
    for floor in floors:
        lines += [f"### {floor.name}", ""]
        lines += table(("module", "what it is"), ([f"`{path.relative_to(floor).with_suffix('')}`", _first_line(path)]
                                                  for path in sorted(floor.rglob("*.py")) if _first_line(path)))
    return "\n".join(lines)


def _first_line(path: Path) -> str:
    if path.name == "__init__.py":
        return ""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


# -- text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table as lines, with a blank one after it."""
    cells = [[text.replace("|", "\\|").replace("\n", " ") for text in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in [list(head), ["---"] * len(head), *cells]] + [""]


def _slug(name: str) -> str:
    return name.replace("/", "-")
