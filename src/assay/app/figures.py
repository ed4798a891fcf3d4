"""Plots: what a view asks for, drawn from records. Pure: the same records give the same figure.

Every point's ``customdata`` is [case id, model], so that a click leads to the record.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from assay.app import elements
from assay.app.palette import SERIES, Theme, theme
from assay.core import plot as plots
from assay.core.benchmark import Benchmark
from assay.core.record import StoredRecord, View

MANY = 5_000  # points; above, a density is drawn instead of points
Samples = Mapping[str, Sequence[StoredRecord]]
FONT = "-apple-system, 'Segoe UI', Inter, Cantarell, Ubuntu, Roboto, 'Helvetica Neue', Arial, sans-serif"


def figure(benchmark: Benchmark, view: View, samples: Samples, *, selected: str | None = None,
           dark: bool = False) -> go.Figure:
    """Return the figure of a view.

    Parameters
    ----------
    benchmark : Benchmark
    view : View
    samples : mapping of model to its ok records
        The first model is the one that is looked at, the others stand beside it.
    selected : str, optional
        Id of the case to mark.
    dark : bool
        Colours for a dark page.
    """
    colours = theme(dark)
    drawn = go.Figure(layout=_layout(colours))
    DRAW[type(view.plot)](drawn, view.plot, samples, selected, colours)
    if len(samples) > 1:
        drawn.update_layout(showlegend=True)
    drawn.update_layout(meta={"title": benchmark.title, "metric": view.metric}, uirevision=f"{benchmark.name} {view}")
    return drawn


def _layout(colours: Theme) -> dict[str, Any]:
    axis = {"gridcolor": colours.rule, "zeroline": False, "linecolor": colours.muted, "ticks": "outside", "ticklen": 4,
            "tickcolor": colours.rule, "title": {"standoff": 10, "font": {"size": 12, "color": colours.muted}},
            "automargin": True}
    return {
        "template": None, "font": {"family": FONT, "size": 12, "color": colours.ink}, "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)", "margin": {"l": 56, "r": 16, "t": 16, "b": 48}, "hovermode": "closest",
        "hoverlabel": {"bgcolor": colours.surface, "bordercolor": colours.rule,
                       "font": {"family": FONT, "size": 12, "color": colours.ink}},
        "showlegend": False, "xaxis": axis, "yaxis": axis, "colorway": list(SERIES), "dragmode": "zoom",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
    }


# -- parity


def _parity(drawn: go.Figure, plot: plots.Parity, samples: Samples, selected: str | None, colours: Theme) -> None:
    pairs = list(zip(_names(plot.x), _names(plot.y), strict=True))
    if len(pairs) * sum(map(len, samples.values())) > MANY:
        _density(drawn, plots.Density(pairs[0][0], pairs[0][1], plot.unit), samples, selected, colours)
        return
    values: list[float] = []
    for index, (model, records) in enumerate(samples.items()):
        for series, (x, y) in enumerate(pairs):
            found = _with(records, x, y)
            values += [number for record in found for number in (_value(record, x), _value(record, y))]
            name = model if len(pairs) == 1 else f"{model}: {y}" if len(samples) > 1 else y
            drawn.add_trace(_points(found, x, y, model, name, plot.unit, index * len(pairs) + series, selected, colours,
                                    error=plot.error if series == 0 else ""))
    if len(pairs) > 1:
        drawn.update_layout(showlegend=True)
    _diagonal(drawn, values, colours)
    _axes(drawn, _title(plot.x, plot.unit), _title(plot.y, plot.unit))


def _points(records: Sequence[StoredRecord], x: str, y: str, model: str, name: str, unit: str, index: int,
            selected: str | None, colours: Theme, error: str = "") -> go.Scatter:
    found = [record.case for record in records]
    marked = [case == selected for case in found]
    colour = SERIES[index % len(SERIES)]
    errors = [record.values.get(error) for record in records] if error else []
    return go.Scatter(
        x=[_value(record, x) for record in records], y=[_value(record, y) for record in records], mode="markers",
        name=name, customdata=_custom(records, model),
        error_x={"type": "data", "array": errors, "thickness": 1, "width": 0, "color": colours.muted}
        if any(errors) else None,
        marker={"size": [14 if mark else 9 for mark in marked], "color": colour, "symbol": _symbol(index),
                "opacity": 0.92, "line": {"width": [2.5 if mark else 1 for mark in marked],
                                          "color": [colours.ink if mark else colours.surface for mark in marked]}},
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{x} %{{x:.4~g}} {unit}<br>{y} %{{y:.4~g}} {unit}"
                      f"<br>{model}<extra></extra>")


def _diagonal(drawn: go.Figure, values: Sequence[float], colours: Theme) -> None:
    if not values:
        return
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 1.0
    ends = [low - margin, high + margin]
    drawn.add_trace(go.Scatter(x=ends, y=ends, mode="lines", hoverinfo="skip", showlegend=False, name="y = x",
                               line={"color": colours.muted, "width": 1, "dash": "dot"}))
    drawn.data = (drawn.data[-1], *drawn.data[:-1])
    drawn.update_layout(xaxis_range=ends, yaxis_range=ends)


def _density(drawn: go.Figure, plot: plots.Density, samples: Samples, selected: str | None, colours: Theme) -> None:
    model, records = next(iter(samples.items()), ("", ()))
    found = _with(records, plot.x, plot.y)
    if len(found) <= MANY:
        drawn.add_trace(_points(found, plot.x, plot.y, model, model, plot.unit, 0, selected, colours))
        _diagonal(drawn, [_value(record, key) for record in found for key in (plot.x, plot.y)], colours)
    else:
        x, y = (np.array([_value(record, key) for record in found], np.float32) for key in (plot.x, plot.y))
        counts, x_edges, y_edges = np.histogram2d(x, y, bins=120)
        drawn.add_trace(go.Heatmap(
            z=np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan).T.astype(np.float32),
            x=(x_edges[1:] + x_edges[:-1]) / 2, y=(y_edges[1:] + y_edges[:-1]) / 2, colorscale="Cividis",
            customdata=_cell_cases(found, x, y, x_edges, y_edges, model), hoverongaps=False,
            colorbar={"title": "log10(cases)", "thickness": 10, "outlinewidth": 0},
            hovertemplate="%{x:.4~g}, %{y:.4~g}<br>10^%{z:.2f} cases, one is %{customdata[0]}<extra></extra>"))
        _diagonal(drawn, [*map(float, (x.min(), x.max(), y.min(), y.max()))], colours)
    _axes(drawn, _title(plot.x, plot.unit), _title(plot.y, plot.unit))


def _cell_cases(records: Sequence[StoredRecord], x: Any, y: Any, x_edges: Any, y_edges: Any, model: str) -> list[Any]:
    """Return, for every cell of a density, one case that is in it."""
    columns = np.clip(np.searchsorted(x_edges, x, "right") - 1, 0, len(x_edges) - 2)
    rows = np.clip(np.searchsorted(y_edges, y, "right") - 1, 0, len(y_edges) - 2)
    cases: list[list[Any]] = [[None] * (len(x_edges) - 1) for _ in range(len(y_edges) - 1)]
    for record, row, column in zip(records, rows.tolist(), columns.tolist(), strict=True):
        cases[row][column] = [record.case, model]
    return cases


# -- one value a case


def _bar(drawn: go.Figure, plot: plots.Bar, samples: Samples, selected: str | None, colours: Theme) -> None:
    for index, (model, records) in enumerate(samples.items()):
        found = _with(records, plot.value)
        marked = [record.case == selected for record in found]
        drawn.add_trace(go.Bar(
            x=[record.case for record in found], y=[_value(record, plot.value) for record in found], name=model,
            customdata=_custom(found, model),
            marker={"color": SERIES[index % len(SERIES)], "cornerradius": 3,
                    "line": {"color": colours.ink, "width": [2 if mark else 0 for mark in marked]}},
            hovertemplate=f"<b>%{{customdata[0]}}</b><br>{plot.value} %{{y:.4~g}} {plot.unit}"
                          f"<br>{model}<extra></extra>"))
    _axes(drawn, "", _title(plot.value, plot.unit))
    drawn.update_layout(bargap=0.25, barmode="group", xaxis={"type": "category", "showgrid": False, "ticklen": 0})


def _histogram(drawn: go.Figure, plot: plots.Histogram, samples: Samples, selected: str | None,
               colours: Theme) -> None:
    values = [_value(record, plot.value) for records in samples.values() for record in _with(records, plot.value)]
    if not values:
        return
    edges = np.histogram_bin_edges(values, bins="auto" if len(values) > 20 else 10)
    for index, (model, records) in enumerate(samples.items()):
        found = _with(records, plot.value)
        bins: list[list[StoredRecord]] = [[] for _ in edges[1:]]
        for record in found:
            where = int(np.searchsorted(edges, _value(record, plot.value), "right")) - 1
            bins[min(max(where, 0), len(bins) - 1)].append(record)
        drawn.add_trace(go.Bar(
            x=(edges[1:] + edges[:-1]) / 2, y=[len(inside) for inside in bins], width=np.diff(edges), name=model,
            customdata=[[inside[0].case if inside else None, model, ", ".join(r.case for r in inside[:6])]
                        for inside in bins],
            marker={"color": SERIES[index % len(SERIES)], "opacity": 0.85,
                    "line": {"width": [2 if any(r.case == selected for r in inside) else 1 for inside in bins],
                             "color": [colours.ink if any(r.case == selected for r in inside) else colours.surface
                                       for inside in bins]}},
            hovertemplate=f"{plot.value} %{{x:.4~g}} {plot.unit}: %{{y}} cases<br>%{{customdata[2]}}"
                          f"<br>{model}<extra></extra>"))
    _axes(drawn, _title(plot.value, plot.unit), "cases")
    drawn.update_layout(bargap=0, barmode="overlay")


# -- curves


def _line(drawn: go.Figure, plot: plots.Line, samples: Samples, selected: str | None, colours: Theme) -> None:
    for number, (model, records) in enumerate(samples.items()):
        found = [record for record in records if plot.x in record.values and plot.y in record.values]
        curves = _curves(found, plot)
        for index, (name, x, y, reference, custom) in enumerate(curves):
            colour = SERIES[index % len(SERIES)]
            chosen = any(case == selected for case, _, _ in custom) if selected else None
            custom = [[case, model, point] for case, _, point in custom]
            shown = {"legendgroup": name, "customdata": custom, "opacity": 0.22 if chosen is False else 1.0}
            drawn.add_trace(go.Scatter(
                x=x, y=y, name=name, mode="lines+markers", line={"color": colour, "width": 2.6 if chosen else 1.7,
                                                                 "dash": "solid" if number == 0 else "dashdot"},
                marker={"size": 6 if chosen else 4, "symbol": _symbol(number)}, showlegend=number == 0, **shown,
                hovertemplate=f"<b>{name}</b><br>%{{x:.4~g}} {plot.x_unit}: %{{y:.4~g}} {plot.unit}"
                              f"<br>{model}<extra></extra>"))
            if reference is not None and number == 0:
                drawn.add_trace(go.Scatter(
                    x=x, y=reference, name=f"{name}, reference", mode="lines", showlegend=False, **shown,
                    line={"color": colour, "width": 1.2, "dash": "dash"},
                    hovertemplate=f"<b>{name}</b>, reference<br>%{{x:.4~g}}: %{{y:.4~g}} {plot.unit}<extra></extra>"))
        drawn.update_layout(showlegend=len(curves) > 1)
    _axes(drawn, _title(plot.x, plot.x_unit), _title(plot.y, plot.unit))
    drawn.update_yaxes(range=_calm([v for trace in drawn.data for v in trace.y]))


Curve = tuple[str, list[float], list[float], list[float] | None, list[tuple[str, str, int]]]


def _curves(records: Sequence[StoredRecord], plot: plots.Line) -> list[Curve]:
    curves: list[Curve] = []
    joined: dict[str, list[StoredRecord]] = {}
    for record in records:
        x, y = record.values[plot.x], record.values[plot.y]
        if isinstance(x, list) and isinstance(y, list):
            reference = record.values.get(plot.reference) if plot.reference else None
            points = [(record.case, "", point) for point in range(len(x))]
            curves.append((record.case, x, y, reference if isinstance(reference, list) else None, points))
        elif _finite(x) and _finite(y):
            joined.setdefault(str(record.values.get(plot.group, "")), []).append(record)
    for group, members in joined.items():
        members.sort(key=lambda record: record.values[plot.x])
        reference = [record.values.get(plot.reference) for record in members] if plot.reference else None
        curves.append((group, [r.values[plot.x] for r in members], [r.values[plot.y] for r in members], reference,
                       [(record.case, "", 0) for record in members]))
    return curves


def _calm(values: Sequence[float | None]) -> list[float] | None:
    """Return a range of y that a single wall does not flatten: repulsion is a thousand times the well."""
    numbers = np.array([value for value in values if _finite(value)], float)
    if numbers.size < 8:
        return None
    low, middle, high = np.percentile(numbers, [0, 50, 100])
    reach = 4 * max(middle - low, 1e-12)
    return [float(low - 0.15 * reach / 4), float(low + reach)] if high > low + 2 * reach else None


# -- elements, embeddings, rows


def _periodic(drawn: go.Figure, plot: plots.PeriodicTable, samples: Samples, selected: str | None,
              colours: Theme) -> None:
    model, records = next(iter(samples.items()), ("", ()))
    by_element = {tags[0][3:]: record for record in _with(records, plot.value)
                  if len(tags := [tag for tag in record.tags if tag.startswith("el:")]) == 1}
    grid = [[math.nan] * elements.COLUMNS for _ in range(elements.ROWS)]
    custom: list[list[Any]] = [[None] * elements.COLUMNS for _ in range(elements.ROWS)]
    # All at once: each add_annotation checks those before it anew, two seconds for the whole table.
    labels: list[dict[str, Any]] = []
    for symbol in elements.SYMBOLS:
        row, column = elements.place(symbol)
        record = by_element.get(symbol)
        if record is not None:
            grid[row - 1][column - 1] = _value(record, plot.value)
            custom[row - 1][column - 1] = [record.case, model, symbol]
        labels.append({"x": column, "y": row, "text": symbol, "showarrow": False, "font": {
            "size": 12 if record else 10, "color": _on(grid, _value(record, plot.value), by_element, plot)
            if record else colours.muted}})
        if record is not None and record.case == selected:
            drawn.add_shape(type="rect", x0=column - 0.48, x1=column + 0.48, y0=row - 0.48, y1=row + 0.48,
                            line={"color": colours.ink, "width": 2.5})
    drawn.add_trace(go.Heatmap(
        z=grid, x=list(range(1, elements.COLUMNS + 1)), y=list(range(1, elements.ROWS + 1)), customdata=custom,
        colorscale="Cividis", xgap=2, ygap=2, hoverongaps=False,
        colorbar={"title": {"text": plot.unit}, "thickness": 10, "outlinewidth": 0},
        hovertemplate=f"<b>%{{customdata[2]}}</b> %{{customdata[0]}}<br>{plot.value} %{{z:.4~g}} {plot.unit}"
                      f"<br>{model}<extra></extra>"))
    hidden = {"visible": False, "showgrid": False}
    drawn.update_layout(xaxis=hidden, yaxis={**hidden, "autorange": "reversed"}, margin={"l": 8, "r": 8, "b": 8},
                        annotations=labels)


def _on(grid: Any, value: float, by_element: Mapping[str, StoredRecord], plot: plots.PeriodicTable) -> str:
    """Return black or white, whichever reads better on the colour of a value."""
    values = [_value(record, plot.value) for record in by_element.values()]
    span = max(values) - min(values)
    return "#111111" if span == 0 or (value - min(values)) / span > 0.5 else "#ffffff"


def _embedding(drawn: go.Figure, plot: plots.Embedding, samples: Samples, selected: str | None,
               colours: Theme) -> None:
    model, records = next(iter(samples.items()), ("", ()))
    groups: dict[str, list[StoredRecord]] = {}
    for record in _with(records, plot.x, plot.y):
        groups.setdefault(str(record.values.get(plot.group, "")) if plot.group else "", []).append(record)
    for index, (group, members) in enumerate(sorted(groups.items())):
        drawn.add_trace(_points(members, plot.x, plot.y, model, group, "", index, selected, colours))
    drawn.update_layout(showlegend=len(groups) > 1)
    _axes(drawn, plot.x, plot.y)


def _table(drawn: go.Figure, plot: plots.Table | plots.ImageGrid, samples: Samples, selected: str | None,
           colours: Theme) -> None:
    names = plot.columns if isinstance(plot, plots.Table) else (plot.artefact,)
    rows = [(record.case, model, [_text(record, name) for name in names])
            for model, records in samples.items() for record in records]
    header = ["case", *(["model"] if len(samples) > 1 else []), *names]
    body = [[case, *([model] if len(samples) > 1 else []), *texts] for case, model, texts in rows]
    drawn.add_trace(go.Table(
        header={"values": [f"<b>{name}</b>" for name in header], "align": "left", "height": 30,
                "fill": {"color": colours.rule}, "line": {"color": colours.rule}, "font": {"color": colours.ink}},
        cells={"values": list(map(list, zip(*body, strict=True))) if body else [], "align": "left", "height": 26,
               "fill": {"color": colours.surface}, "line": {"color": colours.rule}, "font": {"color": colours.ink}},
        customdata=[[case, model] for case, model, _ in rows]))
    drawn.update_layout(margin={"l": 4, "r": 4, "t": 4, "b": 4})


DRAW: dict[type, Callable[..., None]] = {
    plots.Parity: _parity, plots.Bar: _bar, plots.Line: _line, plots.Density: _density,
    plots.Histogram: _histogram, plots.Embedding: _embedding, plots.PeriodicTable: _periodic,
    plots.Table: _table, plots.ImageGrid: _table,
}


# -- shared


def _names(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _title(name: str | tuple[str, ...], unit: str) -> str:
    words = " / ".join(_names(name)).replace("_", " ")
    return f"{words} ({unit})" if unit else words


def _axes(drawn: go.Figure, x: str, y: str) -> None:
    drawn.update_layout(xaxis_title_text=x, yaxis_title_text=y)


def _with(records: Sequence[StoredRecord], *names: str) -> list[StoredRecord]:
    """Return the records that hold all these values as finite numbers."""
    return [record for record in records if all(_finite(record.values.get(name)) for name in names)]


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _value(record: StoredRecord, name: str) -> float:
    return float(record.values[name])


def _text(record: StoredRecord, name: str) -> str:
    value = record.values.get(name, record.artefacts.get(name))
    return f"{value:.5g}" if isinstance(value, float) else "" if value is None else str(getattr(value, "label", value))


def _custom(records: Sequence[StoredRecord], model: str) -> list[list[str]]:
    return [[record.case, model] for record in records]


def _symbol(index: int) -> str:
    return ("circle", "diamond", "square", "triangle-up", "cross", "x", "triangle-down", "star")[index % 8]
