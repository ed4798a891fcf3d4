"""Case, Record, Artefact, Metric, View: plain data, their canonical JSON and their digests."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.core.errors import printable
from assay.core.plot import Plot

Status = Literal["ok", "failed", "skipped"]
STATUSES: tuple[Status, ...] = ("ok", "failed", "skipped")
KINDS = ("structure", "trajectory", "image", "heatmap", "transcript", "table", "text")


# Kept: json.dumps makes a new one at every call, and a leaderboard needs tens of thousands of digests.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def canonical_json(value: Any) -> str:
    """Return the one JSON text of `value`: sorted keys, no spaces, no NaN, nothing that UTF-8 cannot hold.

    Raises
    ------
    TypeError, ValueError
        If `value` is not JSON.

    >>> canonical_json({"b": 1, "a": [1.0, "x"]})
    '{"a":[1.0,"x"],"b":1}'
    """
    text = _ENCODER.encode(value)
    text.encode()
    return text


def digest(value: Any) -> str:
    """Return the sha256 (hexadecimal) of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@dataclass(frozen=True)
class Case:
    """One question a benchmark asks.

    Parameters
    ----------
    id : str
        Unique in the benchmark; records are joined by it. No control characters.
    inputs : dict
        JSON; part of the key under which a result is stored.
    tags : tuple of str
        ``el:C``, ``cluster:X``, ``full``, ... for filters and resampling.
    cost : float
        Relative amount of work, any unit; the dearest cases run first.

    Raises
    ------
    ValueError
        If the id is empty or holds control characters, the tags are one text, the cost is not a number of 0 or
        more, or `inputs` is not JSON.
    """

    id: str
    inputs: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    cost: float = 1.0

    def __post_init__(self) -> None:
        if not self.id or any(unicodedata.category(c) == "Cc" for c in self.id):
            raise ValueError(f"case id {self.id!r}: expected text without control characters")
        if isinstance(self.tags, str):
            raise ValueError(f"case {self.id!r}: tags must be a tuple of texts, found the text {self.tags!r}")
        if not (math.isfinite(self.cost) and self.cost >= 0):
            raise ValueError(f"case {self.id!r}: cost must be 0 or more, found {self.cost}")
        object.__setattr__(self, "tags", tuple(self.tags))
        try:
            canonical_json([self.id, self.tags, self.inputs])
        except (TypeError, ValueError) as error:
            raise ValueError(f"case {self.id!r}: id, tags and inputs are not JSON: {error}") from error

    @property
    def full(self) -> bool:
        """Whether the case runs only when asked for, and stays out of the plain metrics."""
        return "full" in self.tags


@dataclass(frozen=True)
class Artefact:
    """Bytes worth looking at, stored under their sha256.

    Parameters
    ----------
    kind : str
        structure, trajectory, image, heatmap, transcript, table or text: decides the renderer.
    data : bytes
    suffix : str
        File suffix with its dot, as in ``.extxyz``.
    label : str
        What a reader is told it is.

    Raises
    ------
    ValueError
        If `data` is not bytes, or the suffix would lead to another folder.
    """

    kind: str
    data: bytes
    suffix: str = ".bin"
    label: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.data, bytes):
            raise ValueError(f"artefact of kind {self.kind!r}: expected bytes, found {type(self.data).__name__}")
        if not set(self.suffix).isdisjoint("/\\\0"):
            raise ValueError(f"artefact of kind {self.kind!r}: the suffix {self.suffix!r} holds a path")

    @property
    def sha256(self) -> str:
        """Hexadecimal sha256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def reference(self) -> ArtefactRef:
        """The artefact without its bytes, as a record in the store keeps it."""
        return ArtefactRef(self.kind, self.sha256, self.suffix, self.label)


@dataclass(frozen=True)
class ArtefactRef:
    """An artefact in the store: where its bytes are, not the bytes."""

    kind: str
    sha256: str
    suffix: str = ".bin"
    label: str = ""


@dataclass(frozen=True)
class Record:
    """What a model answered to a case.

    Parameters
    ----------
    values : dict
        JSON with finite numbers; the runner turns NaN and infinity into a failed record.
    artefacts : dict of str to Artefact
    status : {"ok", "failed", "skipped"}
    reason : str
        Why it failed or was skipped.
    """

    values: dict[str, Any] = field(default_factory=dict)
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    status: Status = "ok"
    reason: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"record status {self.status!r}: expected one of {', '.join(STATUSES)}")
        object.__setattr__(self, "reason", printable(str(self.reason)))

    @classmethod
    def failed(cls, reason: str) -> Record:
        """Return a failed record with its reason."""
        return cls(status="failed", reason=reason)

    @classmethod
    def skipped(cls, reason: str) -> Record:
        """Return a skipped record with its reason."""
        return cls(status="skipped", reason=reason)

    def checked(self) -> Record:
        """Return the record itself, or the failed record it has to be: not JSON, or not finite."""
        if not isinstance(self.values, dict):
            return Record.failed(f"values are a {type(self.values).__name__}: expected a dict")
        for path, number in _numbers(self.values, ""):
            if not math.isfinite(number):
                return Record.failed(f"values{path} is {number}: expected finite numbers")
        wrong = [name for name, item in self.artefacts.items() if not isinstance(item, Artefact)]
        if wrong:
            return Record.failed(f"artefact {wrong[0]!r}: expected an Artefact")
        labels = {name: item.label for name, item in self.artefacts.items()}
        for what, item in (("values", self.values), ("labels of artefacts", labels)):
            try:
                canonical_json(item)
            except (TypeError, ValueError) as error:
                return Record.failed(f"{what} are not JSON: {error}")
        return self


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _numbers(item, f"{path}[{index}]")


@dataclass(frozen=True)
class StoredRecord:
    """A record as the store gives it back, with the case and the circumstances.

    ``r["x"]`` is ``r.values["x"]``. `seconds` is the wall time of ``calc`` in s; `created` is seconds since the epoch.
    """

    key: str
    benchmark: str
    version: int
    model: str
    model_digest: str
    case: str
    tags: tuple[str, ...]
    status: Status
    reason: str
    values: dict[str, Any]
    artefacts: dict[str, ArtefactRef]
    seconds: float
    provenance: str
    created: float

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def full(self) -> bool:
        """Whether the case is one of those that run only when asked for."""
        return "full" in self.tags


@dataclass(frozen=True)
class Metric:
    """One number by which models are compared, and what counts as good and as bad.

    Parameters
    ----------
    name, unit : str
    good, bad : float
        The values that score 1 and 0; the score is linear between them (see `assay.results.score`).
    weight : float
        Share in the benchmark's score; 0 shows the metric and does not count it.
    level : str, optional
        Level of theory of the reference: ``DMC``, ``CCSD(T)/CBS``, ``experiment``, a functional.
    tip : str
        One sentence for the reader.
    signed : bool
        A mean error, say: good and bad speak of its magnitude.

    Raises
    ------
    ValueError
        If good equals bad, a threshold or the weight is not finite, or the weight is negative.
    """

    name: str
    unit: str
    good: float
    bad: float
    weight: float = 1.0
    level: str | None = None
    tip: str = ""
    signed: bool = False

    def judged(self, value: Any) -> Any:
        """Return what is held against good and bad: the value, or its magnitude if the metric is signed."""
        return abs(value) if self.signed else value

    def __post_init__(self) -> None:
        if not (math.isfinite(self.good) and math.isfinite(self.bad)) or self.good == self.bad:
            raise ValueError(f"metric {self.name!r}: good and bad must be two different numbers, "
                             f"found good={self.good}, bad={self.bad}")
        if not math.isfinite(self.weight) or self.weight < 0:
            raise ValueError(f"metric {self.name!r}: weight must be 0 or more, found {self.weight}")


@dataclass(frozen=True)
class View:
    """How a metric is drilled into: the plot of its cases, and the artefact behind a point.

    `artefact` names an entry of ``record.artefacts``; None means the first one there is.
    """

    metric: str
    plot: Plot
    artefact: str | None = None
