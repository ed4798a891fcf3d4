"""Curves: one a case, or joined from the cases of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from assay.app.figures.common import NAMED, Samples, axes, is_finite, symbol, title, value
from assay.app.palette import SERIES, Theme
from assay.core import plot as plots
from assay.core.record import StoredRecord


def line(drawn: go.Figure, plot: plots.Line, samples: Samples, selected: str | None, colours: Theme) -> None:
    """Draw the curves of every model, their references dashed."""
    most = 0
    for number, (model, records) in enumerate(samples.items()):
        curves = _curves([record for record in records if plot.x in record.values and plot.y in record.values], plot)
        most = max(most, len(curves))
        # The curve that is looked at is drawn last, over the others.
        for index, curve in sorted(enumerate(curves), key=lambda item: selected in item[1].cases):
            for trace in _curve(plot, curve, index, number, model, selected):
                drawn.add_trace(trace)
    drawn.update_layout(showlegend=1 < most <= NAMED)
    axes(drawn, title(plot.x, plot.x_unit), title(plot.y, plot.unit))
    drawn.update_yaxes(range=_calm([v for trace in drawn.data for v in trace.y]))


@dataclass(frozen=True)
class Curve:
    """One line of a plot: its points, the case behind each, and the reference's y if there is one."""

    name: str
    x: list[float]
    y: list[float]
    cases: list[str]
    reference: list[Any] | None


def _curve(plot: plots.Line, curve: Curve, index: int, number: int, model: str,
           selected: str | None) -> list[go.Scatter]:
    """Return the traces of a curve; `index` gives its colour, `number` (of the model) its dash and symbol."""
    chosen = selected in curve.cases if selected else None
    several = len(set(curve.cases)) > 1
    sizes = [10 if several and case == selected else 6 if chosen else 4 for case in curve.cases]
    shared = {"x": curve.x, "legendgroup": curve.name, "opacity": 0.22 if chosen is False else 1.0,
              "customdata": [[case, model, 0 if several else point] for point, case in enumerate(curve.cases)]}
    colour, unit = SERIES[index % len(SERIES)], f"%{{x:.4~g}} {plot.x_unit}: %{{y:.4~g}} {plot.unit}"
    traces = [go.Scatter(
        y=curve.y, name=curve.name, mode="lines+markers", marker={"size": sizes, "symbol": symbol(number)},
        line={"color": colour, "width": 2.6 if chosen else 1.7, "dash": "solid" if number == 0 else "dashdot"},
        showlegend=number == 0, hovertemplate=f"<b>{curve.name}</b><br>{unit}<br>{model}<extra></extra>", **shared)]
    if curve.reference is not None and number == 0:
        traces.append(go.Scatter(
            y=curve.reference, name=f"{curve.name}, reference", mode="lines", showlegend=False,
            line={"color": colour, "width": 1.2, "dash": "dash"},
            hovertemplate=f"<b>{curve.name}</b>, reference<br>{unit}<extra></extra>", **shared))
    return traces


def _curves(records: Sequence[StoredRecord], plot: plots.Line) -> list[Curve]:
    curves: list[Curve] = []
    joined: dict[str, list[StoredRecord]] = {}
    for record in records:
        x, y, reference = record.values[plot.x], record.values[plot.y], record.values.get(plot.reference)
        if isinstance(x, list) and isinstance(y, list):
            curves.append(Curve(record.case, x, y, [record.case] * len(x),
                                reference if isinstance(reference, list) else None))
        elif is_finite(x) and is_finite(y):
            joined.setdefault(str(record.values.get(plot.group, "")), []).append(record)
    for group, members in joined.items():
        members.sort(key=lambda record: float(record.values[plot.x]))
        curves.append(Curve(group, [value(r, plot.x) for r in members], [value(r, plot.y) for r in members],
                            [record.case for record in members],
                            [r.values.get(plot.reference) for r in members] if plot.reference else None))
    return curves


def _calm(values: Sequence[float | None]) -> list[float] | None:
    """Return a range of y that a single wall does not flatten: repulsion is a thousand times the well."""
    numbers = np.array([value for value in values if is_finite(value)], float)
    if numbers.size < 8:
        return None
    low, middle, high = np.percentile(numbers, [0, 50, 100])
    reach = 4 * max(middle - low, 1e-12)
    return [float(low - 0.15 * reach / 4), float(low + reach)] if high > low + 2 * reach else None
