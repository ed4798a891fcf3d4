"""The plots a view can ask for: what to draw, never how. The names are keys of ``record.values``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parity:
    """Predicted against reference with the line y = x; tuples of names overlay several series.

    `error` names the reference's uncertainty, drawn as a bar along x.
    """

    x: str | tuple[str, ...]
    y: str | tuple[str, ...]
    unit: str = ""
    error: str = ""


@dataclass(frozen=True)
class Bar:
    """One bar a case."""

    value: str
    unit: str = ""


@dataclass(frozen=True)
class Line:
    """Curves y(x). Values that are lists make one curve a case; numbers are joined by `group`.

    `reference` names a second y, drawn dashed.
    """

    x: str
    y: str
    group: str = ""
    unit: str = ""
    x_unit: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Density:
    """Predicted against reference as a density, for more points than can be clicked."""

    x: str
    y: str
    unit: str = ""


@dataclass(frozen=True)
class Histogram:
    """The distribution of one value over the cases."""

    value: str
    unit: str = ""


@dataclass(frozen=True)
class Embedding:
    """A scatter of cases in the plane, coloured by `group`."""

    x: str
    y: str
    group: str = ""


@dataclass(frozen=True)
class ImageGrid:
    """The named image artefact of every case, side by side."""

    artefact: str


@dataclass(frozen=True)
class PeriodicTable:
    """One value an element; the element of a case is its only ``el:`` tag."""

    value: str
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """The named values of every case as rows."""

    columns: tuple[str, ...] = ()


Plot = Parity | Bar | Line | Density | Histogram | Embedding | ImageGrid | PeriodicTable | Table
