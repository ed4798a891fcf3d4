"""Tables: of the elements, and of the cases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from assay.app import elements
from assay.app.figures.common import Samples, having, value, words
from assay.app.palette import Theme
from assay.core import plot as plots
from assay.core.record import StoredRecord

INKS = "#111111", "#ffffff"


def periodic(drawn: go.Figure, plot: plots.PeriodicTable, samples: Samples, selected: str | None,
              colours: Theme) -> None:
    """Draw the periodic table, coloured by the value of the case of each element."""
    model, records = next(iter(samples.items()), ("", ()))
    by_element = {tags[0][3:]: record for record in having(records, plot.value)
                  if len(tags := [tag for tag in record.tags if tag.startswith("el:")]) == 1}
    grid = [[math.nan] * elements.COLUMNS for _ in range(elements.ROWS)]
    custom: list[list[Any]] = [[None] * elements.COLUMNS for _ in range(elements.ROWS)]
    # All at once: each add_annotation checks those before it anew, two seconds for the whole table.
    labels: list[dict[str, Any]] = []
    for symbol in elements.SYMBOLS:
        row, column = elements.place(symbol)
        record = by_element.get(symbol)
        if record is not None:
            grid[row - 1][column - 1] = value(record, plot.value)
            custom[row - 1][column - 1] = [record.case, model, symbol]
        labels.append({"x": column, "y": row, "text": symbol, "showarrow": False, "font": {
            "size": 12 if record else 10, "color": _on(value(record, plot.value), by_element, plot)
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


def turn(drawn: go.Figure) -> None:
    """Turn the colours round, so that bright is good where low values are; the symbols' ink follows."""
    drawn.update_traces(reversescale=True, selector={"type": "heatmap"})
    other = {INKS[0]: INKS[1], INKS[1]: INKS[0]}
    for note in drawn.layout.annotations:
        note.font.color = other.get(note.font.color, note.font.color)


def _on(shown: float, by_element: Mapping[str, StoredRecord], plot: plots.PeriodicTable) -> str:
    """Return black or white, whichever reads better on the colour of a value."""
    values = [value(record, plot.value) for record in by_element.values()]
    span = max(values) - min(values)
    return INKS[0] if span == 0 or (shown - min(values)) / span > 0.5 else INKS[1]


def table(drawn: go.Figure, plot: plots.Table, samples: Samples, selected: str | None, colours: Theme) -> None:
    """Draw the named values of every case as rows."""
    rows = [(record.case, model, [words(record, name) for name in plot.columns])
            for model, records in samples.items() for record in records]
    header = ["case", *(["model"] if len(samples) > 1 else []), *plot.columns]
    body = [[case, *([model] if len(samples) > 1 else []), *texts] for case, model, texts in rows]
    drawn.add_trace(go.Table(
        header={"values": [f"<b>{name}</b>" for name in header], "align": "left", "height": 30,
                "fill": {"color": colours.rule}, "line": {"color": colours.rule}, "font": {"color": colours.ink}},
        cells={"values": list(map(list, zip(*body, strict=True))) if body else [], "align": "left", "height": 26,
               "fill": {"color": colours.surface}, "line": {"color": colours.rule}, "font": {"color": colours.ink}},
        customdata=[[case, model] for case, model, _ in rows]))
    drawn.update_layout(margin={"l": 4, "r": 4, "t": 4, "b": 4})
