"""One value a case: bars, and their distribution."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from assay.app.figures.common import Samples, axes, custom, having, title, value
from assay.app.palette import SERIES, Theme
from assay.core import plot as plots
from assay.core.record import StoredRecord


def bar(drawn: go.Figure, plot: plots.Bar, samples: Samples, selected: str | None, colours: Theme) -> None:
    """Draw one bar a case."""
    for index, (model, records) in enumerate(samples.items()):
        found = having(records, plot.value)
        marked = [record.case == selected for record in found]
        drawn.add_trace(go.Bar(
            x=[record.case for record in found], y=[value(record, plot.value) for record in found], name=model,
            customdata=custom(found, model),
            marker={"color": SERIES[index % len(SERIES)], "cornerradius": 3,
                    "line": {"color": colours.ink, "width": [2 if mark else 0 for mark in marked]}},
            hovertemplate=f"<b>%{{customdata[0]}}</b><br>{plot.value} %{{y:.4~g}} {plot.unit}"
                          f"<br>{model}<extra></extra>"))
    axes(drawn, "", title(plot.value, plot.unit))
    drawn.update_layout(bargap=0.25, barmode="group", xaxis={"type": "category", "showgrid": False, "ticklen": 0})


def histogram(drawn: go.Figure, plot: plots.Histogram, samples: Samples, selected: str | None,
               colours: Theme) -> None:
    """Draw how often values fall into each bin; a bin leads to the first case in it."""
    values = [value(record, plot.value) for records in samples.values() for record in having(records, plot.value)]
    if not values:
        return
    edges = np.histogram_bin_edges(values, bins="auto" if len(values) > 20 else 10)
    for index, (model, records) in enumerate(samples.items()):
        found = having(records, plot.value)
        bins: list[list[StoredRecord]] = [[] for _ in edges[1:]]
        for record in found:
            where = int(np.searchsorted(edges, value(record, plot.value), "right")) - 1
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
    axes(drawn, title(plot.value, plot.unit), "cases")
    drawn.update_layout(bargap=0, barmode="overlay")
