"""Rows and columns of the leaderboard grid: plain data; assets/grid.js draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.app import levels, text
from assay.app.snapshot import Board
from assay.app.state import State
from assay.core.benchmark import Benchmark
from assay.core.model import Model
from assay.core.record import Metric
from assay.results.score import Cell, Row

TALL = 34  # rows; a longer leaderboard scrolls inside the grid
Column = dict[str, Any]
EVERY = {"sortable": True, "resizable": True, "suppressMovable": True, "cellDataType": False, "wrapHeaderText": True,
         "comparator": {"function": "assayCompare"}, "tooltipValueGetter": {"function": "assayTip(params)"},
         "sortingOrder": ["desc", "asc", None], "suppressHeaderMenuButton": True}


def columns(board: Board, state: State) -> list[Column]:
    """Return the grid's columns: rank, model, score, then categories, benchmarks or their metrics."""
    narrow = is_open(state)  # the plot stands beside the grid
    head: list[Column] = [
        {"colId": "rank", "field": "rank", "headerName": "Rank", "initialPinned": "left",
         "width": 58 if narrow else 70, "cellRenderer": "Rank", "sortingOrder": ["asc", "desc", None],
         "headerTooltip": "1 + number of models with a better score; ≈ marks ties: the difference to another model "
                          "may be chance"},
        {"colId": "model", "field": "model", "headerName": "Model", "initialPinned": "left",
         "width": 184 if narrow else 216, "cellRenderer": "ModelName", "sortingOrder": ["asc", "desc", None]},
        {"colId": "score", "field": "score", "headerName": "Score", "minWidth": 76 if narrow else 208,
         **({"flex": None, "width": 76, "maxWidth": 76} if narrow else {"flex": 2, "maxWidth": None}),
         "cellRenderer": "Score",
         "headerTooltip": "score from 0 (bad) to 1 (good) with its 95 % interval"},
    ]
    return [_finished(column) for column in head + _body(board, state)]


def _tile(state: State) -> Column:
    return {"minWidth": 100, "maxWidth": None if is_open(state) else 260, "flex": 1}


def is_open(state: State) -> bool:
    """Whether something is drilled into, beside the grid."""
    return bool(state.b or state.m)


def _body(board: Board, state: State) -> list[Column]:
    if not state.category:
        return [{"colId": name, "headerName": name, **_tile(state),
                 "cellRendererParams": {"b": board.inside(name)[0].name},
                 "headerTooltip": "\n".join(item.title for item in board.inside(name))} for name in board.categories]
    benchmarks = board.inside(state.category)
    if state.show == "metric":
        return [{"groupId": f"group {item.name}", "headerName": item.title, "headerTooltip": _tip(item),
                 "children": [_metric_column(state, item, metric, index) for index, metric in enumerate(_shown(item))]}
                for item in benchmarks]
    return [{"colId": item.name, "headerName": item.title, **_tile(state), "headerTooltip": _tip(item),
             "cellRendererParams": {"b": item.name}} for item in benchmarks]


def _metric_column(state: State, benchmark: Benchmark, metric: Metric, index: int) -> Column:
    unit = f", {metric.unit}" if metric.unit else ""
    level = f"\nreference: {metric.level}" if metric.level else ""
    return {"colId": benchmark.name if index == 0 else f"{benchmark.name}.{metric.name}",
            "headerName": f"{metric.name.replace('_', ' ')}{unit}", **_tile(state),
            "cellRendererParams": {"b": benchmark.name, "metric": metric.name},
            "headerTooltip": f"{metric.tip or metric.name}{level}\n{metric.good:g} is good, {metric.bad:g} is bad"}


def _finished(column: Column) -> Column:
    if "children" in column:
        return {**column, "children": [_finished(child) for child in column["children"]]}
    return {"cellRenderer": "Tile", "field": column["colId"], **column}


def rows(board: Board, state: State, models: Mapping[str, Model]) -> list[dict[str, Any]]:
    """Return the grid's rows, best model first.

    A cell is ``{v: number by which it sorts, t: text, n: "ok/total" if incomplete, low, high, state, tip, mark}``.
    """
    return [_row(board, state, row, models.get(row.model)) for row in board.rows.get(state.category or None, [])]


def _row(board: Board, state: State, row: Row, model: Model | None) -> dict[str, Any]:
    meta = model.meta if model else {}
    first: dict[str, Any] = {
        "id": row.model,
        "model": {"v": row.model, "tags": str(meta.get("functional") or ""), "tip": _about(row.model, model)},
        "rank": {"v": row.rank if row.rank is not None else 1e9, "t": str(row.rank) if row.rank else "–",
                 "ties": row.tied_with or [], "tip": _rank_tip(row)},
        "score": _score_cell(row),
    }
    if not state.category:
        by_category = {name: _of(board.rows.get(name, ()), row.model) for name in board.categories}
        return {**first, **{name: _category_cell(board, name, part) for name, part in by_category.items()}}
    cells = [(item, board.cells.get((item.name, row.model))) for item in board.inside(state.category)]
    if state.show == "metric":
        return {**first, **{
            item.name if index == 0 else f"{item.name}.{metric.name}": _metric_cell(metric, cell, meta)
            for item, cell in cells for index, metric in enumerate(_shown(item))}}
    return {**first, **{item.name: _cell(cell) for item, cell in cells}}


def _score_cell(row: Row) -> dict[str, Any]:
    return {"v": row.score, "t": text.score(row.score), "low": row.low, "high": row.high,
            "n": "" if row.coverage > 0.9995 else text.percent(row.coverage), "ranked": row.ranked,
            "tip": _joined(_interval(row.score, row.low, row.high), f"coverage {text.percent(row.coverage)}",
                           "" if row.ranked else "listed, not ranked: less than 80 % of the cases are answered")}


def _category_cell(board: Board, name: str, row: Row | None) -> dict[str, Any] | None:
    if row is None:
        return None
    inside = [board.cells.get((item.name, row.model)) for item in board.inside(name)]
    cells = [cell for cell in inside if cell is not None]
    broken = [cell for cell in cells if cell.failed or cell.state == "error"]
    opened = next((cell.benchmark for cell in (*broken, *cells) if cell.state != "none"), None)
    return {"v": row.score, "t": _two(row.score), "low": row.low, "high": row.high, "b": opened,
            "n": "" if row.coverage > 0.9995 else f"{sum(c.ok for c in cells)}/{sum(c.total for c in cells)}",
            "warn": bool(broken), "rank": row.rank,
            "tip": _joined(_interval(row.score, row.low, row.high), f"rank {row.rank}" if row.rank else "not ranked",
                           *(f"{cell.benchmark}: {cell.reason}" for cell in broken[:3]))}


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    answered = cell.ok + cell.failed
    return {"v": cell.score, "t": _two(cell.score), "low": cell.low, "high": cell.high, "state": cell.state,
            "n": "" if cell.ok == cell.total or not answered else f"{cell.ok}/{cell.total}",
            "warn": bool(cell.failed) or cell.state == "error",
            "tip": _joined(_interval(cell.score, cell.low, cell.high), *_values(cell), _counts(cell), cell.reason)}


def _metric_cell(metric: Metric, cell: Cell | None, meta: Mapping[str, Any]) -> dict[str, Any] | None:
    found = cell.metrics.get(metric.name) if cell else None
    if cell is None or found is None:
        return None
    mark = levels.mark(meta, metric.level)
    shown = found.value is not None and bool(cell.ok)
    return {**(_cell(cell) or {}), "v": found.value if shown else None, "t": text.number(found.value) if shown else "",
            "c": found.score, "mark": levels.MARKS[mark][0] if mark else "", "best": metric.good < metric.bad,
            "tip": _joined(_interval(found.value, found.low, found.high, found.unit),
                           f"score {found.score:.2f}" if shown else "", f"{metric.level}: {mark}" if mark else "",
                           _counts(cell), cell.reason)}


# -- words


def _shown(benchmark: Benchmark) -> list[Metric]:
    """Return a benchmark's metrics, those that count first."""
    return sorted(benchmark.metrics, key=lambda metric: metric.weight == 0)


def _two(score: float | None) -> str:
    return "" if score is None else f"{score:.2f}"


def _interval(value: float | None, low: float | None, high: float | None, unit: str = "") -> str:
    if value is None:
        return "no score"
    return " ".join(part for part in (text.number(value), unit, text.interval(low, high, value)) if part)


def _values(cell: Cell) -> list[str]:
    return [f"{name}: {_interval(item.value, item.low, item.high, item.unit)}"
            for name, item in cell.metrics.items() if item.value is not None]


def _counts(cell: Cell) -> str:
    parts = [f"{number} {word}" for word, number in (("ok", cell.ok), ("failed", cell.failed),
                                                     ("skipped", cell.skipped), ("missing", cell.missing)) if number]
    return f"{', '.join(parts)} of {cell.total} cases" if cell.total else "no cases"


def _rank_tip(row: Row) -> str:
    if row.rank is None:
        return "not ranked: less than 80 % of the cases are answered"
    if row.tied_with is None:
        return "ties are not computed yet"
    if not row.tied_with:
        return "no ties: every difference to another model is larger than its 95 % interval"
    shown = ", ".join(row.tied_with[:8]) + (f" and {len(row.tied_with) - 8} more" if len(row.tied_with) > 8 else "")
    return f"tied with {shown}: the differences may be chance"


def _about(name: str, model: Model | None) -> str:
    if model is None:
        return f"{name}\nnot registered here; its records are in the store"
    return _joined(name, *(f"{key}: {value}" for key, value in about(model)))


def about(model: Model) -> list[tuple[str, str]]:
    """Return what a model's entry says, as (name, text)."""
    facts = [(key.replace("_", " "), _words(value)) for key, value in model.meta.items() if value not in ("", [], None)]
    own = (("device", model.device), ("environment", model.environment or ""), ("licence", model.licence),
           ("url", model.url))
    return facts + [(key, value) for key, value in own if value]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) if len(value) <= 6 else f"{len(value)} of them"
    return str(value)


def _tip(benchmark: Benchmark) -> str:
    names = [f"{m.name}: {m.good:g} {m.unit} is good, {m.bad:g} is bad" for m in benchmark.metrics if m.weight]
    reference = dict.fromkeys(m.level for m in benchmark.metrics if m.level and m.weight)
    return _joined(summary(benchmark), *names, f"reference: {', '.join(reference)}" if reference else "")


def summary(benchmark: Benchmark) -> str:
    """Return the first paragraph of a benchmark's docstring, else its title."""
    paragraph = (type(benchmark).__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split()) or benchmark.title


def _of(rows: Sequence[Row], model: str) -> Row | None:
    return next((row for row in rows if row.model == model), None)


def _joined(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
