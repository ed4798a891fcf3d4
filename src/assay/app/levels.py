"""Level of theory: what a reference is, against what a model was trained on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Mark = Literal["same functional", "other functional", "higher reference", "experiment"]
MARKS: dict[Mark, tuple[str, str]] = {
    "same functional": ("=", "the reference is of the functional the model was trained on"),
    "other functional": ("≠", "the reference is of another functional than the model was trained on"),
    "higher reference": ("↑", "the reference is of a higher level of theory than the model"),
    "experiment": ("○", "the reference is an experiment"),
}
HIGHER = re.compile(r"(?<![a-z])(ccsd|cc|dlpno|dmc|qmc|diffusion monte carlo|mp2|fci|caspt2|rpa|w[1-4])(?![a-z])", re.I)
CODES = ("wien2k", "vasp", "fhi-aims", "quantum espresso", "castep", "cp2k", "orca", "gaussian", "abinit", "siesta")
DISPERSION = re.compile(r"[-+ ](d[234](?:\(?bj\)?)?|mbd(?:-nl)?|ts|vv10|xdm)(?![a-z0-9])", re.I)


@dataclass(frozen=True)
class Level:
    """A level of theory: its class, or its functional with dispersion and code."""

    kind: Literal["functional", "higher", "experiment"]
    functional: str = ""
    dispersion: str = ""
    code: str = ""


def read(text: str) -> Level:
    """Return the level that a metric's text names.

    >>> read("PBE+D3(BJ)/VASP")
    Level(kind='functional', functional='pbe', dispersion='d3(bj)', code='vasp')
    >>> read("CCSD(T)/CBS").kind, read("experiment").kind
    ('higher', 'experiment')
    """
    low = text.strip().lower()
    if low.startswith("exp"):
        return Level("experiment")
    if HIGHER.search(low):
        return Level("higher")
    code = next((name for name in CODES if name in low), "")
    dispersion = DISPERSION.search(low)
    rest = low.replace(code, "") if code else low
    rest = rest.replace(dispersion[0], "") if dispersion else rest
    words = re.findall(r"[a-z0-9αω][\w-]*", rest)
    return Level("functional", words[0] if words else "", dispersion[1] if dispersion else "", code)


def mark(meta: Mapping[str, Any], level: str | None) -> Mark | None:
    """Return how a metric's reference stands to a model; None where one of them says nothing.

    Parameters
    ----------
    meta : mapping
        The model's ``meta``: `functional` decides.
    level : str or None
        The metric's level of theory.
    """
    if not level:
        return None
    reference = read(level)
    if reference.kind != "functional":
        return "experiment" if reference.kind == "experiment" else "higher reference"
    own = str(meta.get("functional") or "").lower()
    if not own or not reference.functional:
        return None
    return "same functional" if _same(own, reference.functional) else "other functional"


def _same(one: str, other: str) -> bool:
    return re.sub(r"[^a-z0-9]", "", one) == re.sub(r"[^a-z0-9]", "", other)
