"""Points in a plane: parity, density, embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from assay.app.figures.common import MANY, Samples, axes, custom, having, names, symbol, title, value
from assay.app.palette import SERIES, Theme
from assay.core import plot as plots
from assay.core.record import StoredRecord

CROWDED = 0.15  # of a common range: an axis whose values take less of it gets one of its own


def parity(drawn: go.Figure, plot: plots.Parity, samples: Samples, selected: str | None, colours: Theme) -> None:
    """Draw predicted against reference with the line y = x, the open model over the other."""
    pairs = list(zip(names(plot.x), names(plot.y), strict=True))
    if len(pairs) * sum(map(len, samples.values())) > MANY:
        density(drawn, plots.Density(pairs[0][0], pairs[0][1], plot.unit), samples, selected, colours)
        return
    columns: tuple[list[float], list[float]] = [], []
    # The open model is drawn last, over the one beside it.
    for index, (model, records) in reversed(list(enumerate(samples.items()))):
        for series, (x, y) in enumerate(pairs):
            found = having(records, x, y)
            for column, key in zip(columns, (x, y), strict=True):
                column.extend(value(record, key) for record in found)
            name = model if len(pairs) == 1 else f"{model}: {y}" if len(samples) > 1 else y
            drawn.add_trace(_points(found, x, y, model, name, plot.unit, index * len(pairs) + series, selected, colours,
                                    error=plot.error if series == 0 else ""))
    drawn.update_layout(showlegend=len(pairs) > 1, legend_traceorder="reversed" if len(samples) > 1 else "normal")
    _diagonal(drawn, *columns, colours)
    axes(drawn, title(plot.x, plot.unit), title(plot.y, plot.unit))


def _points(records: Sequence[StoredRecord], x: str, y: str, model: str, name: str, unit: str, index: int,
            selected: str | None, colours: Theme, error: str = "") -> go.Scatter:
    found = [record.case for record in records]
    marked = [case == selected for case in found]
    colour = SERIES[index % len(SERIES)]
    errors = [record.values.get(error) for record in records] if error else []
    return go.Scatter(
        x=[value(record, x) for record in records], y=[value(record, y) for record in records], mode="markers",
        name=name, customdata=custom(records, model),
        error_x={"type": "data", "array": errors, "thickness": 1, "width": 0, "color": colours.muted}
        if any(errors) else None,
        marker={"size": [14 if mark else 9 for mark in marked], "color": colour, "symbol": symbol(index),
                "opacity": 0.92, "line": {"width": [2.5 if mark else 1 for mark in marked],
                                          "color": [colours.ink if mark else colours.surface for mark in marked]}},
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{x} %{{x:.4~g}} {unit}<br>{y} %{{y:.4~g}} {unit}"
                      f"<br>{model}<extra></extra>")


def _diagonal(drawn: go.Figure, x: Sequence[float], y: Sequence[float], colours: Theme) -> None:
    """Draw y = x; both axes have one range, unless one of the two would crowd all points at an edge of it."""
    if not x:
        return
    ends = _range([*x, *y])
    ranges = [_range(column) for column in (x, y)]
    if min(high - low for low, high in ranges) > CROWDED * (ends[1] - ends[0]):
        ranges = [ends, ends]
    drawn.add_trace(go.Scatter(x=ends, y=ends, mode="lines", hoverinfo="skip", showlegend=False, name="y = x",
                               line={"color": colours.muted, "width": 1, "dash": "dot"}))
    drawn.data = (drawn.data[-1], *drawn.data[:-1])
    drawn.update_layout(xaxis_range=ranges[0], yaxis_range=ranges[1])


def _range(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 1.0
    return [low - margin, high + margin]


def density(drawn: go.Figure, plot: plots.Density, samples: Samples, selected: str | None, colours: Theme) -> None:
    """Draw a density; up to `MANY` points are drawn as points."""
    model, records = next(iter(samples.items()), ("", ()))
    found = having(records, plot.x, plot.y)
    if len(found) <= MANY:
        drawn.add_trace(_points(found, plot.x, plot.y, model, model, plot.unit, 0, selected, colours))
        _diagonal(drawn, *([value(record, key) for record in found] for key in (plot.x, plot.y)), colours)
    else:
        x, y = (np.array([value(record, key) for record in found], np.float32) for key in (plot.x, plot.y))
        counts, x_edges, y_edges = np.histogram2d(x, y, bins=120)
        drawn.add_trace(go.Heatmap(
            z=np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan).T.astype(np.float32),
            x=(x_edges[1:] + x_edges[:-1]) / 2, y=(y_edges[1:] + y_edges[:-1]) / 2, colorscale="Cividis",
            customdata=_cell_cases(found, x, y, x_edges, y_edges, model), hoverongaps=False,
            colorbar={"title": "log10(cases)", "thickness": 10, "outlinewidth": 0},
            hovertemplate="%{x:.4~g}, %{y:.4~g}<br>10^%{z:.2f} cases, one is %{customdata[0]}<extra></extra>"))
        _diagonal(drawn, *([float(part.min()), float(part.max())] for part in (x, y)), colours)
    axes(drawn, title(plot.x, plot.unit), title(plot.y, plot.unit))


def _cell_cases(records: Sequence[StoredRecord], x: Any, y: Any, x_edges: Any, y_edges: Any, model: str) -> list[Any]:
    """Return, for every cell of a density, one case that is in it."""
    columns = np.clip(np.searchsorted(x_edges, x, "right") - 1, 0, len(x_edges) - 2)
    rows = np.clip(np.searchsorted(y_edges, y, "right") - 1, 0, len(y_edges) - 2)
    cases: list[list[Any]] = [[None] * (len(x_edges) - 1) for _ in range(len(y_edges) - 1)]
    for record, row, column in zip(records, rows.tolist(), columns.tolist(), strict=True):
        cases[row][column] = [record.case, model]
    return cases


def embedding(drawn: go.Figure, plot: plots.Embedding, samples: Samples, selected: str | None,
               colours: Theme) -> None:
    """Draw the cases in the plane, a colour and a symbol a group."""
    model, records = next(iter(samples.items()), ("", ()))
    groups: dict[str, list[StoredRecord]] = {}
    for record in having(records, plot.x, plot.y):
        groups.setdefault(str(record.values.get(plot.group, "")) if plot.group else "", []).append(record)
    for index, (group, members) in enumerate(sorted(groups.items())):
        drawn.add_trace(_points(members, plot.x, plot.y, model, group, "", index, selected, colours))
    drawn.update_layout(showlegend=len(groups) > 1)
    axes(drawn, plot.x, plot.y)
