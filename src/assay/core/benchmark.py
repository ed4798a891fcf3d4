"""Benchmark: one class, one file, one literal of what a reader asks, and the three things it does."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from assay.core import data
from assay.core.data import Remote, RemoteSet
from assay.core.errors import DATA, AssayError, describe, did_you_mean
from assay.core.model import Model
from assay.core.record import Case, Metric, Record, StoredRecord, View


class Benchmark:
    """Base class: declare the attributes, implement `cases`, `calc` and `analyse`.

    Attributes
    ----------
    name : str
        ``family/word``.
    version : int
        Raise it when results stop being comparable; older records stay in the store.
    title, category : str
    data : dict of str to Remote or RemoteSet
        Fetched by ``assay download`` or before the first case; found with `path`.
    metrics : tuple of Metric
        A metric named ``x_full`` is computed over all cases; every other one leaves out the cases tagged ``full``.
    views : tuple of View
    citation, licence : str
        Of the reference data.
    evidence_for : tuple of str
        Ids of the practitioners' challenges that this benchmark is evidence against.
    case_timeout, load_timeout : float
        Seconds.
    weight : float
        Share in the category's score.
    derived : bool
        A derived benchmark reads other results; it never enters a score.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    title: ClassVar[str] = ""
    category: ClassVar[str] = ""
    data: ClassVar[Mapping[str, Remote | RemoteSet]] = {}
    metrics: ClassVar[tuple[Metric, ...]] = ()
    views: ClassVar[tuple[View, ...]] = ()
    citation: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    evidence_for: ClassVar[tuple[str, ...]] = ()
    case_timeout: ClassVar[float] = 600.0
    load_timeout: ClassVar[float] = 300.0
    weight: ClassVar[float] = 1.0
    derived: ClassVar[bool] = False

    def cases(self) -> Iterable[Case]:
        """Return the questions; cheap enough to be asked again at every analysis."""
        raise NotImplementedError

    def calc(self, model: Any, case: Case) -> Record:
        """Answer one case with the loaded model, in a worker process."""
        raise NotImplementedError

    def analyse(self, records: Sequence[StoredRecord]) -> Mapping[str, float]:
        """Return metric values from the ok records, sorted by case id; pure and cheap."""
        raise NotImplementedError

    def supports(self, model: Model) -> str | None:
        """Return why the model cannot take part (its cases become skipped), or None."""
        return None

    def path(self, data_name: str) -> Path:
        """Return the verified local file (or folder, for a `RemoteSet`) of a declared data set.

        Raises
        ------
        AssayError
            Exit code 3 if no place has it with the right hash.
        """
        try:
            item = self.data[data_name]
        except KeyError:
            raise AssayError(f"{self.name}: no data set named {data_name!r}",
                             did_you_mean(data_name, self.data)) from None
        return data.fetch(item, data_name)

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    def checked_cases(self) -> list[Case]:
        """Return the cases as a list.

        Raises
        ------
        AssayError
            Exit code 2 if an id occurs twice; 3 if the cases cannot be had, whatever `cases` raises.
        """
        try:
            cases = list(self.cases())
        except Exception as error:
            if isinstance(error, AssayError) and error.code == DATA:
                raise
            raise AssayError(f"{self.name}: its cases cannot be had: {describe(error)}",
                             "correct the benchmark, or the data it reads", DATA) from error
        seen: set[str] = set()
        for case in cases:
            if case.id in seen:
                raise AssayError(f"{self.name}: case id {case.id!r} occurs twice", "give every case an id of its own")
            seen.add(case.id)
        return cases

    @classmethod
    def reference(cls) -> str:
        """Return ``module:qualname``, by which a worker imports the benchmark."""
        return f"{cls.__module__}:{cls.__qualname__}"

    @classmethod
    def source_hash(cls) -> str:
        """Return the sha256 of the file that defines the class, for `doctor` to notice a change."""
        try:
            return _file_hash(inspect.getfile(cls))
        except (OSError, TypeError):
            return hashlib.sha256(cls.__qualname__.encode()).hexdigest()


@functools.cache
def _file_hash(path: str) -> str:
    # Cached: it goes with every record, and the code that runs is the one that was imported.
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def check_declaration(cls: type[Benchmark]) -> None:
    """Check the literal of a benchmark class.

    Raises
    ------
    AssayError
        If the name is not ``family/word``, a metric name occurs twice, or a view names no metric.
    """
    family, _, word = cls.name.partition("/")
    if not family or not word or "/" in word:
        raise AssayError(f"{cls.reference()}: name must be 'family/word', found {cls.name!r}")
    names = [metric.name for metric in cls.metrics]
    if len(set(names)) != len(names):
        raise AssayError(f"{cls.name}: metric names must differ, found {', '.join(names)}")
    for view in cls.views:
        if view.metric not in names:
            raise AssayError(f"{cls.name}: a view names the metric {view.metric!r}", did_you_mean(view.metric, names))
