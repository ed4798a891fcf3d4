"""What all plots share: names, units, and which records have a value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from assay.core.record import StoredRecord

MANY = 5_000  # points; above, a density is drawn instead of points
NAMED = 12  # curves; above, a legend would take the plot's place
Samples = Mapping[str, Sequence[StoredRecord]]


def names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return a name or names as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


def title(name: str | tuple[str, ...], unit: str) -> str:
    """Return the title of an axis."""
    text = " / ".join(names(name)).replace("_", " ")
    return f"{text} ({unit})" if unit else text


def axes(drawn: go.Figure, x: str, y: str) -> None:
    """Title the axes."""
    drawn.update_layout(xaxis_title_text=x, yaxis_title_text=y)


def having(records: Sequence[StoredRecord], *names: str) -> list[StoredRecord]:
    """Return the records that hold all these values as finite numbers."""
    return [record for record in records if all(is_finite(record.values.get(name)) for name in names)]


def is_finite(number: Any) -> bool:
    """Whether something is a finite number."""
    return isinstance(number, (int, float)) and math.isfinite(number)


def value(record: StoredRecord, name: str) -> float:
    """Return a value as a float."""
    return float(record.values[name])


def words(record: StoredRecord, name: str) -> str:
    """Return a value, or the label of an artefact, as text; a list as its entries."""
    found = record.values.get(name, record.artefacts.get(name))
    if isinstance(found, list):
        return "; ".join(map(str, found))
    return f"{found:.5g}" if isinstance(found, float) else "" if found is None else str(getattr(found, "label", found))


def custom(records: Sequence[StoredRecord], model: str) -> list[list[str]]:
    """Return what every point knows: its case and its model."""
    return [[record.case, model] for record in records]


def symbol(index: int) -> str:
    """Return the marker of the n-th series: colour is never alone."""
    return ("circle", "diamond", "square", "triangle-up", "cross", "x", "triangle-down", "star")[index % 8]
