"""Figures that others reported: a series of its own, with the intervals that so few requests allow."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from assay.terminal.stats import wilson

FILE = Path(__file__).with_name("reported.toml")


@dataclass(frozen=True)
class Point:
    """A model's share with one kind of prompt.

    Attributes
    ----------
    model, mode : str
        `mode` is regular or fast.
    value, low, high : float
        The reported share, and Wilson's 95 % interval for the number of requests.
    """

    model: str
    mode: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """Reported shares and what they are."""

    label: str
    source: str
    requests: int
    points: tuple[Point, ...]
    mean_seconds: dict[str, float]


@functools.cache
def series() -> Series:
    """Return the reported series."""
    document = tomllib.loads(FILE.read_text("utf-8"))
    n = document["requests"]
    points = tuple(Point(entry["name"], mode, entry[mode] / 100, *wilson(round(entry[mode] * n / 100), n))
                   for entry in document["model"] for mode in ("regular", "fast") if mode in entry)
    return Series(document["label"], document["source"], n, points, document["mean_seconds"])
