"""Plots: what a view asks for, drawn from records. Pure: the same records give the same figure.

Every point's ``customdata`` is [case id, model], so that a click leads to the record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from assay.app.figures import bars, curves, images, points, tables
from assay.app.figures.common import MANY, Samples
from assay.app.palette import SERIES, Theme, theme
from assay.core import plot as plots
from assay.core.benchmark import Benchmark
from assay.core.record import View

__all__ = ["DRAW", "MANY", "Samples", "figure"]

FONT = "-apple-system, 'Segoe UI', Inter, Cantarell, Ubuntu, Roboto, 'Helvetica Neue', Arial, sans-serif"
# Each adds its traces and axes to a figure.
DRAW: dict[type, Callable[..., None]] = {
    plots.Parity: points.parity, plots.Density: points.density, plots.Embedding: points.embedding,
    plots.Bar: bars.bar, plots.Histogram: bars.histogram, plots.Line: curves.line,
    plots.PeriodicTable: tables.periodic, plots.Table: tables.table, plots.ImageGrid: images.grid,
}


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
    if len(samples) > 1 and not isinstance(view.plot, plots.Line):
        drawn.update_layout(showlegend=True)
    if isinstance(view.plot, plots.PeriodicTable) and _low_is_good(benchmark, view):
        tables.turn(drawn)
    drawn.update_layout(meta={"title": benchmark.title, "metric": view.metric}, uirevision=f"{benchmark.name} {view}")
    return drawn


def _low_is_good(benchmark: Benchmark, view: View) -> bool:
    return any(metric.good < metric.bad for metric in benchmark.metrics if metric.name == view.metric)


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
