"""A clause of a verdict: a sentence about the run, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Clause(NamedTuple):
    """One thing that a right command has done, or (`spared`) has left alone."""

    text: str
    ok: bool
    spared: bool = False


Clauses = Iterator[Clause]


def must(text: str, ok: object) -> Clause:
    """Return a clause of the effect: what was asked for."""
    return Clause(text, bool(ok))


def spares(text: str, ok: object) -> Clause:
    """Return a clause whose failure is collateral damage: what nobody asked to be changed."""
    return Clause(text, bool(ok), True)
