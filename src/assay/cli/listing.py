"""list and show: what there is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from assay.core.benchmark import Benchmark
    from assay.core.errors import AssayError
    from assay.core.model import Model
    from assay.core.record import Case, Metric
    from assay.core.registry import Registry
    from assay.flow.selection import Selection

FIRST_CASES = 8  # how many `show` prints of a benchmark's cases


@click.command("list", short_help="List benchmarks, models and families.")
@click.argument("kind", type=click.Choice(["benchmarks", "models", "families"]), required=False)
@selectors.selection("benchmarks", "models", "categories")
@selectors.as_json
def list_verb(kind: str | None, selection: Selection, as_json: bool) -> None:
    """List benchmarks, models and families; globs narrow the lists."""
    from assay.core.registry import registry

    registry.load()
    wanted = [kind] if kind else ["benchmarks", "models", "families"]
    lists: dict[str, list[Any]] = {}
    if "benchmarks" in wanted:
        lists["benchmarks"] = [benchmark_entry(item) for item in selection.find_benchmarks(registry)]
    if "models" in wanted:
        lists["models"] = [model_entry(item) for item in _models(selection, registry)]
    if "families" in wanted:
        lists["families"] = registry.family_names()
    output.document(lists) if as_json else _print_lists(lists)


@click.command(short_help="Show all there is to know of a benchmark or a model.")
@click.argument("name")
@selectors.as_json
def show(name: str, as_json: bool) -> None:
    """Show all there is to know of the benchmark or the model NAME."""
    from assay.core.errors import NOTHING, AssayError, did_you_mean
    from assay.core.registry import registry

    registry.load()
    if name in registry.benchmarks:
        _show_benchmark(registry.benchmark(name), as_json)
    elif name in registry.models or name in registry.refused:
        entry = model_entry(registry.model(name))
        output.document(entry) if as_json else _print_fields(name, entry)
    else:
        raise AssayError(f"no benchmark or model named {name!r}",
                         did_you_mean(name, [*registry.benchmarks, *registry.models]) or "see assay list", NOTHING)


def benchmark_entry(benchmark: Benchmark) -> dict[str, Any]:
    """Return a benchmark as ``list benchmarks --json`` gives it."""
    return {"name": benchmark.name, "family": benchmark.family, "category": benchmark.category,
            "version": benchmark.version, "title": benchmark.title,
            "metrics": [asdict(metric) for metric in benchmark.metrics], "derived": benchmark.derived}


def model_entry(model: Model) -> dict[str, Any]:
    """Return a model as ``list models --json`` gives it."""
    from assay.flow import weights

    available, reason = weights.available(model)
    fields = ("name", "family", "loader", "device", "environment", "licence", "meta", "digest")
    return {**{name: getattr(model, name) for name in fields}, "available": available, "reason": reason}


def _models(selection: Selection, registry: Registry) -> list[Model]:
    # Without a glob a run means the models that need no environment of their own; a list means every one.
    return selection.find_models(registry) if selection.models else [
        registry.models[name] for name in sorted(registry.models)]


def _show_benchmark(benchmark: Benchmark, as_json: bool) -> None:
    from assay.core.errors import AssayError

    cases: list[Case] | None
    problem: AssayError | None
    try:
        cases, problem = benchmark.checked_cases(), None
    except AssayError as error:
        cases, problem = None, error
    if as_json:
        output.document({
            **benchmark_entry(benchmark), "cases": None if cases is None else [_case(case) for case in cases],
            "data": {name: asdict(item) for name, item in benchmark.data.items()},
            "citation": benchmark.citation, "licence": benchmark.licence,
            "evidence_for": list(benchmark.evidence_for), "description": _description(benchmark)})
    else:
        _print_benchmark(benchmark, cases)
    if problem is not None:
        raise problem


def _case(case: Case) -> dict[str, Any]:
    return {"id": case.id, "tags": list(case.tags), "inputs": case.inputs}


def _description(benchmark: Benchmark) -> str:
    import inspect

    return inspect.getdoc(type(benchmark)) or ""


# -- for people


def _print_lists(lists: dict[str, list[Any]]) -> None:
    if lists.get("benchmarks"):
        output.show(_benchmark_table(lists["benchmarks"]))
    if lists.get("models"):
        output.show(_model_table(lists["models"]))
    if "families" in lists:
        output.show(f"Families: {', '.join(lists['families'])}")


def _benchmark_table(entries: list[dict[str, Any]]) -> Any:
    table = output.table(f"{len(entries)} benchmarks", "benchmark", "~title", "category", "~scored by")
    for entry in entries:
        scored = [f"{m['name']} {m['unit']}".strip() for m in entry["metrics"] if m["weight"] > 0]
        table.add_row(entry["name"], entry["title"], entry["category"], ", ".join(scored))
    return table


def _model_table(entries: list[dict[str, Any]]) -> Any:
    table = output.table(f"{len(entries)} models", "model", "family", "runs in", "~licence", "~about")
    for entry in entries:
        about = _about(entry["meta"])
        if not entry["available"]:
            about = f"not available: {entry['reason']}"
        table.add_row(entry["name"], entry["family"], entry["environment"] or "here", entry["licence"],
                      about if entry["available"] else output.styled(about, "yellow"))
    return table


def _about(meta: dict[str, Any]) -> str:
    """Return what matters of a model's free fields: the first two words, and the names of what is true."""
    words = [f"{key} {value}" for key, value in meta.items() if isinstance(value, str)]
    return ", ".join([*words[:2], *(key.replace("_", " ") for key, value in meta.items() if value is True)])


def _print_benchmark(benchmark: Benchmark, cases: list[Case] | None) -> None:
    output.show(output.styled(f"{benchmark.name}  {benchmark.title}", "bold"), _description(benchmark), "")
    fields = {"category": benchmark.category, "version": str(benchmark.version), "citation": benchmark.citation,
              "licence": benchmark.licence, "data": ", ".join(benchmark.data) or "comes with the packages",
              "cases": _case_line(cases)}
    _print_pairs({key: value for key, value in fields.items() if value})
    table = output.table("", "metric", "unit", ">good", ">bad", ">weight", "level", "~what it is")
    for metric in benchmark.metrics:
        table.add_row(*_metric_row(metric))
    output.show(table)


def _metric_row(metric: Metric) -> list[str]:
    return [metric.name, metric.unit, f"{metric.good:g}", f"{metric.bad:g}", f"{metric.weight:g}", metric.level or "",
            metric.tip]


def _case_line(cases: list[Case] | None) -> str:
    if cases is None:
        return "unknown until the data is here"
    full = sum(case.full for case in cases)
    names = ", ".join(case.id for case in cases[:FIRST_CASES]) + (", ..." if len(cases) > FIRST_CASES else "")
    return f"{len(cases) - full}" + (f" and {full} with --full" if full else "") + f": {names}"


def _print_fields(name: str, entry: dict[str, Any]) -> None:
    output.show(output.styled(name, "bold"))
    meta = {key: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for key, value in entry["meta"].items()}
    rest = {key: "" if entry[key] is None else str(entry[key])
            for key in ("family", "loader", "device", "environment", "licence", "digest")}
    available = "yes" if entry["available"] else "no"
    rest["available"] = f"{available}: {entry['reason']}" if entry["reason"] else available
    _print_pairs({key: value for key, value in {**rest, **meta}.items() if value})


def _print_pairs(fields: dict[str, str]) -> None:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for key, value in fields.items():
        grid.add_row(key.replace("_", " "), value)
    output.show(grid)
