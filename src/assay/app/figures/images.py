"""Pictures side by side: one a case, each leading to its case."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from assay.app.figures.common import Samples, custom
from assay.app.palette import Theme
from assay.core import plot as plots
from assay.core.record import StoredRecord

MOST = 240  # pictures; each is asked for by itself
ASPECT = 2.2  # of the place that a plot has, width to height
SIDE = 0.94  # of a picture, in steps from one to the next


def grid(drawn: go.Figure, plot: plots.ImageGrid, samples: Samples, selected: str | None, colours: Theme) -> None:
    """Draw the named artefact of every case, the first model's; of more than `MOST` the first ones."""
    model, records = next(iter(samples.items()), ("", ()))
    found = [record for record in records if plot.artefact in record.artefacts]
    shown = found[:MOST]
    columns = max(1, math.ceil(math.sqrt(len(shown) * ASPECT)))
    x, y = ([index % columns for index in range(len(shown))], [index // columns for index in range(len(shown))])
    drawn.add_trace(go.Scatter(
        x=x, y=y, mode="markers", customdata=custom(shown, model), name=model, showlegend=False,
        marker={"opacity": 0, "size": 8, "symbol": "square"},
        text=["<br>".join(f"{name} {value:.4g}" for name, value in record.values.items()
                          if isinstance(value, float)) for record in shown],
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>%{{text}}<br>{model}<extra></extra>"))
    hidden = {"visible": False, "showgrid": False, "fixedrange": False}
    rows = math.ceil(len(shown) / columns)
    drawn.update_layout(
        images=[_picture(record, plot.artefact, *place) for record, *place in zip(shown, x, y, strict=True)],
        shapes=[_frame(x[index], y[index], colours) for index, record in enumerate(shown) if record.case == selected],
        xaxis={**hidden, "range": [-0.6, columns - 0.4], "constrain": "domain"},
        yaxis={**hidden, "range": [max(rows, 1) - 0.4, -0.6], "scaleanchor": "x", "constrain": "domain"},
        margin={"l": 4, "r": 4, "t": 4, "b": 4 if len(shown) == len(found) else 26}, hoverdistance=-1)
    if len(shown) < len(found):
        drawn.add_annotation(text=f"the first {MOST} of {len(found)} cases", showarrow=False, xref="paper",
                             yref="paper", x=0, y=0, yanchor="top", font={"color": colours.muted})


def _picture(record: StoredRecord, name: str, x: int, y: int) -> dict[str, object]:
    ref = record.artefacts[name]
    source = f"/artefact/{ref.sha256}"
    return {"source": source if ref.kind == "image" else f"{source}/image.png?what=overlay&alpha=0.6", "x": x, "y": y,
            "xref": "x", "yref": "y", "sizex": SIDE, "sizey": SIDE, "xanchor": "center", "yanchor": "middle",
            "sizing": "contain", "layer": "above"}


def _frame(x: int, y: int, colours: Theme) -> dict[str, object]:
    return {"type": "rect", "x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.5, "y1": y + 0.5,
            "line": {"color": colours.ink, "width": 2.5}}
