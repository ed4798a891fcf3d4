"""The report: leaderboard, cells, plots, failures and provenance in one file that needs nothing else.

`contents` gathers what is said, as plain data; the template says it as HTML, `assay.app.report_markdown` as Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import assay
from assay.app import text
from assay.app.palette import CIVIDIS
from assay.core import plot as plots
from assay.core.benchmark import Benchmark
from assay.core.data import Remote
from assay.core.record import View
from assay.core.registry import Registry
from assay.core.store import Store
from assay.results.score import Cell, Row, Sample

TEMPLATES = Path(__file__).parent / "templates"
SHOWN = 6  # models of a plot that are seen at first; more cannot be told apart
SINGLE = 12  # models with a plot each, where they cannot share one
OVERLAID = (plots.Parity, plots.Bar, plots.Histogram)
MOST_CASES = 200  # ids that a group of failed cases names
FIELDS = ("python", "machine", "device", "threads", "seed", "assay", "commit")


@dataclass(frozen=True)
class Results:
    """What a report is about: a store, and what was read from it.

    Parameters
    ----------
    store : Store
    registry : Registry
    benchmarks : sequence of Benchmark
    samples : sequence of Sample
        One for each cell, in their order.
    cells, rows : sequence of Cell, of Row
    """

    store: Store
    registry: Registry
    benchmarks: Sequence[Benchmark]
    samples: Sequence[Sample]
    cells: Sequence[Cell]
    rows: Sequence[Row]


def html(results: Results) -> str:
    """Return the report as one HTML file; script and style are inside, and its policy forbids any request."""
    from plotly.offline import get_plotlyjs

    found = contents(results)
    figures = {plot["id"]: plot.pop("figures") for item in found["benchmarks"] for plot in item["plots"]}
    return _render("report.html", found, script=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
                   style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
                   plotly=get_plotlyjs() if figures else "", figures=_inline_json(figures))


def _render(template: str, found: Mapping[str, Any], **more: str) -> str:
    import jinja2

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined,
                                     autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(score=text.score, percent=text.percent)
    return environment.get_template(template).render({**found, **more})


def _inline_json(value: Any) -> str:
    """Return JSON that no ``</script>`` in it can end."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


# -- what is said


def contents(results: Results, with_plots: bool = True) -> dict[str, Any]:
    """Return everything the report says, as plain data."""
    shown = [item for item in results.benchmarks if any(cell.benchmark == item.name for cell in results.cells)]
    return {
        "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "assay": assay.__version__,
        "records": sum(len(sample.records) for sample in results.samples),
        "families": [_family(results, name) for name in dict.fromkeys(row.family for row in results.rows)],
        "benchmarks": [_benchmark(results, item, with_plots) for item in shown],
        "models": _models(results),
        "sources": [_source(results, item) for item in shown],
    }


def _family(results: Results, family: str) -> dict[str, Any]:
    rows = [row for row in results.rows if row.family == family]
    parts = {(row.category, row.model): row for row in rows}
    categories = list(dict.fromkeys(row.category for row in rows if row.category is not None))
    board = [row for row in rows if row.category is None]
    return {"name": family, "headline": _headline(board), "categories": categories,
            "unranked": any(not row.ranked for row in board),
            "rows": [{**_row(row), "parts": [_tile(parts.get((category, row.model))) for category in categories]}
                     for row in board]}


def _headline(board: Sequence[Row]) -> str:
    best = next((row for row in board if row.rank == 1), None)
    if best is None:
        return "No model covers enough of the cases to be ranked."
    lead = f"{best.model} leads with a score of {text.score(best.score)}"
    if best.tied_with is None:
        return f"{lead}."
    if not best.tied_with:
        return f"{lead}; its lead over every other ranked model is more than chance." if len(board) > 1 else f"{lead}."
    return f"{lead}; the difference to {_listed(best.tied_with)} may be chance."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _row(row: Row) -> dict[str, Any]:
    return {"rank": row.rank, "tied": bool(row.tied_with), "ties": ", ".join(row.tied_with or []), "model": row.model,
            "coverage": row.coverage, "ranked": row.ranked, **_scored(row)}


def _scored(item: Row | Cell) -> dict[str, Any]:
    known = item.low is not None and item.high is not None
    return {"score": item.score, "low": item.low, "high": item.high,
            "interval": f"[{item.low:.3f}, {item.high:.3f}]" if known else ""}


def _tile(row: Row | None) -> dict[str, Any] | None:
    """Return a score on its colour, with the ink that reads on it."""
    if row is None or row.score is None:
        return None
    step = round(row.score * (len(CIVIDIS) - 1))
    return {"score": row.score, "colour": CIVIDIS[step], "ink": "#ffffff" if step < 6 else "#101820",
            "part": row.coverage < 1.0, "coverage": row.coverage}


def _benchmark(results: Results, benchmark: Benchmark, with_plots: bool) -> dict[str, Any]:
    samples = [sample for sample in results.samples if sample.benchmark.name == benchmark.name]
    cells = [cell for cell in results.cells if cell.benchmark == benchmark.name]
    cells.sort(key=lambda cell: (-(cell.score if cell.score is not None else -1.0), cell.model))
    shown = [metric for metric in benchmark.metrics
             if metric.weight > 0 or any(cell.metrics[metric.name].value is not None for cell in cells)]
    several = len({row.family for row in results.rows}) > 1
    order = {cell.model: index for index, cell in enumerate(cells)}
    samples.sort(key=lambda sample: order[sample.model])
    return {
        "name": benchmark.name, "anchor": _anchor(benchmark.name), "title": benchmark.title,
        "group": f"{benchmark.family}: {benchmark.category}" if several else benchmark.category,
        "description": _description(benchmark),
        "metrics": [vars(metric) for metric in shown],
        "rows": [_cell(cell, [metric.name for metric in shown]) for cell in cells],
        "noted": any(cell.reason or cell.ok < cell.total for cell in cells),
        "plots": _plots(benchmark, samples) if with_plots else [],
        "failures": [group for sample in samples for group in _failures(sample)],
    }


def _anchor(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name)


def _description(benchmark: Benchmark) -> str:
    import inspect

    return inspect.getdoc(type(benchmark)) or ""


def _cell(cell: Cell, metrics: Sequence[str]) -> dict[str, Any]:
    found = [cell.metrics[name] for name in metrics]
    counts = [f"{getattr(cell, name)} {name}" for name in ("failed", "skipped", "missing") if getattr(cell, name)]
    return {"model": cell.model, **_scored(cell), "ok": cell.ok, "total": cell.total, "coverage": cell.coverage,
            "state": cell.state, "counts": ", ".join(counts), "reason": cell.reason,
            "values": [{"value": text.number(m.value), "interval": text.interval(m.low, m.high, m.value)}
                       for m in found]}


def _failures(sample: Sample) -> list[dict[str, Any]]:
    """Return the cases that failed or were skipped, grouped by reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for case in sample.cases:
        record = sample.records.get(case.id)
        if record is not None and record.status != "ok":
            groups.setdefault((record.status, record.reason), []).append(case.id)
    return [{"model": sample.model, "status": status, "reason": reason, "number": len(cases),
             "cases": ", ".join(cases[:MOST_CASES]) + (" ..." if len(cases) > MOST_CASES else "")}
            for (status, reason), cases in sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1])))]


# -- plots


def _plots(benchmark: Benchmark, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return a plot a view: its figures by the name under which a reader chooses them."""
    found = []
    for index, view in enumerate(benchmark.views):
        figures = _figures(benchmark, view, samples)
        if figures:
            found.append({"id": f"{_anchor(benchmark.name)}-{index}", "metric": view.metric.replace("_", " "),
                          "choices": list(figures), "figures": figures})
    return found


def _figures(benchmark: Benchmark, view: View, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the figures of a view: one with every model, or one a model (of the best) where they cannot share it."""
    from assay.app.figures import MANY, figure

    full = view.metric.endswith("_full")
    records = {sample.model: found for sample in samples if (found := sample.ok(full=full))}
    if isinstance(view.plot, OVERLAID) and len(records) > 1 and sum(map(len, records.values())) <= MANY:
        return {"all models": _calmed(json.loads(figure(benchmark, view, records).to_json()), list(records)[:SHOWN])}
    return {model: json.loads(figure(benchmark, view, {model: records[model]}).to_json())
            for model in list(records)[:SINGLE]}


def _calmed(figure: dict[str, Any], models: Sequence[str]) -> dict[str, Any]:
    """Leave only these models to be seen at first; a click in the legend shows the others."""
    for trace in figure["data"]:
        custom = trace.get("customdata")
        if custom and custom[0][1] not in models:
            trace["visible"] = "legendonly"
    return figure


# -- provenance


def _models(results: Results) -> list[dict[str, Any]]:
    return [_model(results, name) for name in sorted({sample.model for sample in results.samples})]


def _model(results: Results, name: str) -> dict[str, Any]:
    records = [record for sample in results.samples if sample.model == name for record in sample.records.values()]
    found = [results.store.provenance(sha) for sha in {record.provenance for record in records}]
    packages: dict[str, set[str]] = {}
    for item in found:
        for package, version in item.get("packages", {}).items():
            packages.setdefault(package, set()).add(version)
    entry = results.registry.models.get(name)
    return {
        "name": name, "digests": sorted({record.model_digest[:12] for record in records}),
        "licence": entry.licence if entry else "", "url": entry.url if entry else "",
        "loader": entry.loader if entry else "not registered here",
        "options": json.dumps(entry.options) if entry and entry.options else "",
        "environment": (entry.environment or "") if entry else "",
        "circumstances": {field: " / ".join(sorted({str(item[field]) for item in found if item.get(field)}))
                          for field in FIELDS},
        "packages": ", ".join(f"{package} {' / '.join(sorted(versions))}"
                              for package, versions in sorted(packages.items())),
    }


def _source(results: Results, benchmark: Benchmark) -> dict[str, Any]:
    shas = {record.provenance for sample in results.samples if sample.benchmark.name == benchmark.name
            for record in sample.records.values()}
    sources = {str(results.store.provenance(sha).get("source", "")) for sha in shas} - {""}
    data = [f"{name} {(item.sha256 if isinstance(item, Remote) else item.digest)[:12]}"
            for name, item in benchmark.data.items()]
    return {"name": benchmark.name, "version": benchmark.version, "citation": benchmark.citation,
            "licence": benchmark.licence, "data": ", ".join(data), "changed": bool(sources - {benchmark.source_hash()}),
            "source": ", ".join(sorted(source[:12] for source in sources))}
