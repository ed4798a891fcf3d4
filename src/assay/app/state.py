"""The page's state, and the query string that holds all of it: one link shows everybody the same page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from assay.core.errors import did_you_mean
from assay.core.registry import matching
from assay.results.score import Scheme

Weights = tuple[tuple[str, float], ...]
Thresholds = tuple[tuple[str, tuple[float, float]], ...]

NAMES = ("family", "category", "b", "m", "compare", "metric", "view", "case", "artefact", "frame",
         "opacity", "cmap", "models", "without", "preset", "show", "panel")
SHOWS, PANELS = ("score", "metric"), ("", "scoring", "elements", "export")
DEFAULT = "default"
ELEMENT = re.compile(r"[A-Z][a-z]?")
LONGEST = 20_000  # characters of a query string; more is no link that this page made


@dataclass(frozen=True)
class State:
    """What the page shows; the fields are the names in the query string.

    `family` and `category` are the open page (no category: the summary); `b`, `m`, `compare`, `metric`, `view`,
    `case`, `artefact` and `frame` what is drilled into; `opacity` (percent) and `cmap` how a heatmap is drawn;
    `models` (globs) and `without` (elements) the filters; `preset`, `weights` and `thresholds` the scoring; `show` and
    `panel` how it is laid out.
    """

    family: str = ""
    category: str = ""
    b: str = ""
    m: str = ""
    compare: str = ""
    metric: str = ""
    view: int = 0
    case: str = ""
    artefact: str = ""
    frame: int = 0
    opacity: int = 70
    cmap: str = ""
    models: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    preset: str = DEFAULT
    show: str = "score"
    panel: str = ""
    weights: Weights = ()
    thresholds: Thresholds = ()

    def scheme(self, presets: Mapping[str, Mapping[str, float]]) -> Scheme:
        """Return thresholds and weights for scoring: the preset's, then those of the query string over it."""
        return Scheme(dict(self.thresholds), {**presets.get(self.preset, {}), **dict(self.weights)})

    def but(self, **changes: Any) -> State:
        """Return the state with some fields changed."""
        return replace(self, **changes)

    @property
    def query(self) -> str:
        """The query string, with its question mark; ``?`` alone for the state of an empty one."""
        return f"?{format_state(self)}"


@dataclass(frozen=True)
class Catalogue:
    """The names that a query string can speak of.

    Parameters
    ----------
    categories : mapping of family to its categories
    benchmarks : mapping of benchmark to its metrics
    models : tuple of str
    presets : mapping of family to {preset: {category: weight}}
    """

    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    benchmarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def weighted(self) -> set[str]:
        """Everything that can have a weight: categories, benchmarks, metrics (as ``benchmark.metric``)."""
        return {*self.benchmarks, *self.metrics(), *(name for names in self.categories.values() for name in names)}

    def metrics(self) -> set[str]:
        """Every metric, as ``benchmark.metric``."""
        return {f"{benchmark}.{metric}" for benchmark, names in self.benchmarks.items() for metric in names}


def format_state(state: State) -> str:
    """Return the query string of a state, without the question mark; what has its default is left out.

    >>> format_state(State(category="Non-covalent", without=("Cs", "W"), weights=(("atoms/s22", 2.0),)))
    'category=Non-covalent&without=Cs,W&w.atoms/s22=2'
    """
    default, items = State(), list[tuple[str, str]]()
    for name in NAMES:
        value = getattr(state, name)
        if value != getattr(default, name):
            items.append((name, ",".join(value) if isinstance(value, tuple) else str(value)))
    items += [(f"w.{name}", _number(weight)) for name, weight in state.weights]
    items += [(f"t.{name}", ",".join(map(_number, pair))) for name, pair in state.thresholds]
    return urlencode(items, quote_via=quote, safe="/,*:")


def parse(query: str, catalogue: Catalogue) -> tuple[State, list[str]]:
    """Return the state that a query string asks for, and a notice for everything in it that is ignored.

    >>> parse("category=Nothing", Catalogue())
    (State(family='', ...), ["no category 'Nothing' here"])
    """
    if len(query) > LONGEST:
        return State(), [f"the link has {len(query)} characters: expected at most {LONGEST}; all of it is ignored"]
    reader = _Reader(catalogue)
    for key, value in parse_qsl(query.lstrip("?"), keep_blank_values=True, errors="replace"):
        reader.read(key, value)
    return reader.state(), reader.notices


class _Reader:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self.notices = catalogue, list[str]()
        self.fields: dict[str, Any] = {}
        self.weights: dict[str, float] = {}
        self.thresholds: dict[str, tuple[float, float]] = {}

    def read(self, key: str, value: str) -> None:
        try:
            if key.startswith("w."):
                name = self._known("weight of", key[2:], self.catalogue.weighted())
                self.weights[name] = _weight(key, value)
            elif key.startswith("t."):
                name = self._known("threshold of", key[2:], self.catalogue.metrics())
                self.thresholds[name] = _pair(key, value)
            elif key in NAMES:
                self.fields[key] = self._field(key, value)
            else:
                raise ValueError(f"unknown entry {key[:60]!r} in the link")
        except ValueError as problem:
            self.notices.append(str(problem))

    def state(self) -> State:
        state = State(**self.fields, weights=tuple(sorted(self.weights.items())),
                      thresholds=tuple(sorted(self.thresholds.items())))
        return self._consistent(state)

    def _field(self, key: str, value: str) -> Any:
        catalogue = self.catalogue
        if key in ("view", "frame"):
            if not value.isascii() or not value.isdigit() or len(value) > 6:
                raise ValueError(f"{key}={value[:60]}: expected a whole number")
            return int(value)
        if key == "opacity":
            if not value.isascii() or not value.isdigit() or not 0 <= int(value[:4]) <= 100:
                raise ValueError(f"opacity={value[:60]}: expected a whole number from 0 to 100")
            return int(value)
        if key in ("models", "without"):
            return self._several(key, [part.strip() for part in value.split(",") if part.strip()])
        known: Iterable[str] | None = {
            "family": catalogue.categories, "b": catalogue.benchmarks, "m": catalogue.models,
            "compare": catalogue.models, "show": SHOWS, "panel": PANELS,
            "category": [name for names in catalogue.categories.values() for name in names],
            "preset": {DEFAULT, *(name for presets in catalogue.presets.values() for name in presets)},
        }.get(key)
        words = {"b": "benchmark", "m": "model", "compare": "model"}
        return value if known is None or not value else self._known(words.get(key, key), value, known)

    def _several(self, key: str, parts: list[str]) -> tuple[str, ...]:
        good = [part for part in parts if key == "models" or ELEMENT.fullmatch(part)]
        for part in parts:
            if part not in good:
                self.notices.append(f"without: {part[:20]!r} is no element")
            elif key == "models" and self.catalogue.models and not matching(self.catalogue.models, [part]):
                hint = did_you_mean(part, self.catalogue.models)
                self.notices.append(f"no model matches {part[:60]!r}" + (f": {hint}" if hint else ""))
        return tuple(dict.fromkeys(good)) if key == "models" else tuple(sorted(set(good)))

    def _known(self, what: str, name: str, known: Iterable[str]) -> str:
        names = set(known)
        if name in names:
            return name
        hint = did_you_mean(name[:200], names)
        raise ValueError(f"no {what} {name[:60]!r} here" + (f": {hint}" if hint else ""))

    def _consistent(self, state: State) -> State:
        """Fill in family and category of an open benchmark, and drop what does not belong to the family."""
        family = state.family or state.b.partition("/")[0] or next(
            (name for name, inside in self.catalogue.categories.items() if state.category in inside), "")
        inside = self.catalogue.categories.get(family, ())
        if state.category and state.category not in inside:
            self.notices.append(f"the family {family} has no category {state.category!r}")
            state = state.but(category="")
        if state.b and state.b.partition("/")[0] != family:
            self.notices.append(f"{state.b} is no benchmark of the family {family}")
            state = state.but(b="", metric="", case="", view=0)
        if state.b and state.metric and state.metric not in self.catalogue.benchmarks[state.b]:
            self.notices.append(f"{state.b} has no metric {state.metric[:60]!r}")
            state = state.but(metric="")
        return state


def _weight(key: str, value: str) -> float:
    number = _float(key, value)
    if number < 0:
        raise ValueError(f"{key}={value}: a weight is 0 or more")
    return number


def _pair(key: str, value: str) -> tuple[float, float]:
    parts = value.split(",")
    if len(parts) != 2:
        raise ValueError(f"{key}={value[:60]}: expected good,bad")
    good, bad = (_float(key, part) for part in parts)
    if good == bad:
        raise ValueError(f"{key}: good and bad are both {_number(good)}: they must differ, so the edit is ignored")
    return good, bad


def _float(key: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{key}: {text[:60]!r} is no number") from None
    if not math.isfinite(number):
        raise ValueError(f"{key}: {text[:60]!r} is not finite")
    return number


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
