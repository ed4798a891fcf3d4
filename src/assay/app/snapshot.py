"""What the store holds, as cells and rows under a state: read once, judged once, until something changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from assay.app.state import Catalogue, State
from assay.core.benchmark import Benchmark
from assay.core.errors import AssayError
from assay.core.record import ArtefactRef, Case
from assay.core.registry import Registry, matching
from assay.core.store import NoStoreError, Store
from assay.results.bootstrap import Floats, IntervalCache
from assay.results.score import Cell, Row, Sample, Scheme, gather, judge, leaderboard

KEPT = 4096  # judged benchmarks in memory: 60 benchmarks under some 60 different filters and thresholds
T = TypeVar("T")


@dataclass(frozen=True)
class Board:
    """The leaderboard of one family under a state.

    Parameters
    ----------
    family : str
    categories : tuple of str
        Those with results.
    benchmarks : tuple of Benchmark
        Those with results, derived ones too.
    cells : mapping of (benchmark, model) to Cell
    rows : mapping of category (None: the family) to its rows, best first
    pending : tuple of (benchmark, model)
        Pairs whose intervals are not computed yet.
    """

    family: str
    categories: tuple[str, ...]
    benchmarks: tuple[Benchmark, ...]
    cells: dict[tuple[str, str], Cell]
    rows: dict[str | None, list[Row]]
    pending: tuple[tuple[str, str], ...]

    def models(self) -> list[str]:
        """Return the models, best first."""
        return [row.model for row in self.rows.get(None, [])]

    def inside(self, category: str) -> list[Benchmark]:
        """Return the benchmarks of a category, or all for the empty string."""
        return [item for item in self.benchmarks if not category or item.category == category]


def keeper(without: Sequence[str]) -> Callable[[Case], bool] | None:
    """Return the filter that leaves out the cases with one of the elements; None for no element."""
    tags = {f"el:{element}" for element in without}
    return (lambda case: tags.isdisjoint(case.tags)) if tags else None


class Snapshot:
    """The results of one store, read only; safe to use from several threads.

    Parameters
    ----------
    home : Path
        Folder of the store; it may appear later.
    registry : Registry
    keep_intervals : bool
        Write computed intervals beside the store, for the next time.
    """

    def __init__(self, home: Path, registry: Registry, keep_intervals: bool = True) -> None:
        self.home, self.registry = home, registry.load()
        self.intervals = Intervals(home / "intervals", keep_intervals)
        self._lock = threading.RLock()
        self._store: Store | None = None
        self._change: int | None = None
        self._stamps: dict[str, Hashable] = {}
        self._samples = _Kept[list[Sample]](KEPT)
        self._cells = _Kept[list[Cell]](KEPT)
        self._boards = _Kept[Board](64)
        self._benchmarks: dict[str, Benchmark] = {}

    # -- what there is

    @property
    def version(self) -> str:
        """A text that changes with the records and with the intervals at hand: what a page polls."""
        with self._lock:
            self._refresh()
            return f"{self._change}.{self.intervals.generation}"

    @property
    def records(self) -> int:
        """Number of records in the store."""
        with self._lock:
            store = self._refresh()
            return store.count() if store else 0

    def benchmark(self, name: str) -> Benchmark:
        """Return the one instance of a benchmark."""
        if name not in self._benchmarks:
            self._benchmarks[name] = self.registry.benchmark(name)
        return self._benchmarks[name]

    def catalogue(self) -> Catalogue:
        """Return the names that a link can speak of: those with results first, and everything registered."""
        registry = self.registry
        with self._lock:
            store = self._refresh()
            stored = {model for _, model in store.pairs()} if store else set()
        names = sorted(registry.benchmarks, key=lambda name: (name not in self._stamps, name))
        categories: dict[str, dict[str, None]] = {}
        for name in names:
            categories.setdefault(name.partition("/")[0], {}).setdefault(registry.benchmarks[name].category)
        return Catalogue(
            {family: tuple(inside) for family, inside in categories.items()},
            {name: tuple(metric.name for metric in registry.benchmarks[name].metrics) for name in names},
            tuple(sorted({*registry.models, *stored})),
            {name: family.presets for name, family in registry.families.items()})

    def filled(self) -> list[str]:
        """Return the registered benchmarks that have records."""
        with self._lock:
            self._refresh()
            return sorted(name for name in self._stamps if name in self.registry.benchmarks)

    def families(self) -> list[str]:
        """Return the families that have records."""
        return sorted({name.partition("/")[0] for name in self.filled()})

    # -- results

    def samples(self, name: str, without: tuple[str, ...] = ()) -> list[Sample]:
        """Return the records of a benchmark, a sample a model, without the cases that have one of the elements."""
        with self._lock:
            store = self._refresh()
            if store is None or name not in self._stamps:
                return []
            stamp = self._stamps[name]
            everything = self._samples.get((name, stamp), lambda: gather(store, self.benchmark(name)))
            keep = keeper(without)
            return everything if keep is None else self._samples.get((name, stamp, without), lambda: [
                replace(sample, cases=[case for case in sample.cases if keep(case)]) for sample in everything])

    def cells(self, name: str, state: State, scheme: Scheme) -> list[Cell]:
        """Return the cells of a benchmark with the intervals at hand."""
        with self._lock:
            samples = self.samples(name, state.without)
            mine = [(key, value) for table in (scheme.thresholds, scheme.weights)
                    for key, value in sorted(table.items()) if key.startswith(f"{name}.")]
            key = (name, self._stamps.get(name), state.without, tuple(mine), self.intervals.count(name))
            return self._cells.get(key, lambda: [
                judge(sample, scheme, "cached", self.intervals) for sample in samples])

    def board(self, family: str, state: State) -> Board:
        """Return the leaderboard of a family under a state."""
        presets = self.registry.families[family].presets if family in self.registry.families else {}
        scheme = state.scheme(presets)
        with self._lock:
            key = (self.version, family, state.without, state.models, state.preset, state.weights, state.thresholds)
            return self._boards.get(key, lambda: self._board(family, state, scheme))

    def _board(self, family: str, state: State, scheme: Scheme) -> Board:
        benchmarks = [self.benchmark(name) for name in self.filled() if name.partition("/")[0] == family]
        cells = [cell for item in benchmarks for cell in self.cells(item.name, state, scheme)]
        if state.models:
            shown = set(matching(sorted({cell.model for cell in cells}), state.models))
            cells = [cell for cell in cells if cell.model in shown]
        rows: dict[str | None, list[Row]] = {}
        for row in leaderboard(cells, benchmarks, scheme):
            rows.setdefault(row.category, []).append(row)
        pending = tuple((cell.benchmark, cell.model) for cell in cells if self._pending(cell, state.without))
        return Board(family, tuple(sorted({item.category for item in benchmarks})), tuple(benchmarks),
                     {(cell.benchmark, cell.model): cell for cell in cells}, rows, pending)

    def _pending(self, cell: Cell, without: tuple[str, ...]) -> bool:
        if cell.score is None or cell.samples is not None or cell.state == "error":
            return False
        sample = self.sample(cell.benchmark, cell.model, without)
        return sample is not None and self.intervals.get(sample.key) is None

    def sample(self, benchmark: str, model: str, without: tuple[str, ...] = ()) -> Sample | None:
        """Return the records of one pair, or None if there are none."""
        return next((sample for sample in self.samples(benchmark, without) if sample.model == model), None)

    # -- artefacts

    def artefact(self, sha256: str) -> ArtefactRef | None:
        """Return the artefact of that sha256 which a record names, or None."""
        with self._lock:
            return next((ref for name in self.filled() for sample in self.samples(name)
                         for record in sample.records.values() for ref in record.artefacts.values()
                         if ref.sha256 == sha256), None)

    def read(self, ref: ArtefactRef) -> bytes:
        """Return the bytes of an artefact; raises AssayError if the file is missing or damaged."""
        with self._lock:
            store = self._refresh()
        if store is None:
            raise AssayError(f"{self.home}: there is no store")
        return store.read_artefact(ref)

    def store(self) -> Store | None:
        """Return the open store, or None as long as there is none."""
        with self._lock:
            return self._refresh()

    def _refresh(self) -> Store | None:
        """Open the store when it appears, and notice what changed."""
        if self._store is None:
            try:
                self._store = Store(self.home, readonly=True)
            except NoStoreError:
                return None
        change = self._store.change()
        if change != self._change:
            self._change, self._stamps = change, dict(self._store.stamps())
        return self._store


class Intervals(IntervalCache):
    """The cache of resampled statistics, counting what is added, so that pages know when to look again."""

    def __init__(self, folder: Path, keep: bool) -> None:
        super().__init__(folder)
        self.keep, self.generation = keep, 0
        self._added: dict[str, int] = {}
        self._missing: set[str] = set()

    def get(self, key: str) -> Floats | None:
        """Return the samples of a key, or None; a miss is remembered, since looking at the disk costs time."""
        if key in self._missing:
            return None
        samples = super().get(key)
        if samples is None:
            self._missing.add(key)
        return samples

    def put(self, key: str, samples: Floats) -> None:
        """Keep the samples: in memory, and on disk if that may be written."""
        self._missing.discard(key)
        if self.keep:
            super().put(key, samples)
        else:
            self._memory[key] = samples

    def add(self, benchmark: str, found: dict[str, Floats]) -> None:
        """Keep the samples computed for a benchmark, by key."""
        for key, samples in found.items():
            self.put(key, samples)
        self._added[benchmark] = self.count(benchmark) + 1
        self.generation += 1

    def count(self, benchmark: str) -> int:
        """Return how often samples were added for a benchmark."""
        return self._added.get(benchmark, 0)


class _Kept(OrderedDict[Any, T]):
    """The last results by key."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def get(self, key: Hashable, make: Callable[[], T]) -> T:  # type: ignore[override]
        if key in self:
            self.move_to_end(key)
            return self[key]
        value = self[key] = make()
        if len(self) > self.most:
            self.popitem(last=False)
        return value
