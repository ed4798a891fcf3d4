"""The site: one store, one registry, and what a request wants to see of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from assay.app.background import Background
from assay.app.pages import OwnPages
from assay.app.snapshot import Board, Snapshot
from assay.app.state import Catalogue, State, parse
from assay.core.benchmark import Benchmark
from assay.core.record import StoredRecord, View
from assay.core.registry import Registry, registry
from assay.results.score import Cell, Sample

NO_BOARD = Board("", (), (), {}, {}, ())


class Site:
    """Everything that pages are made from.

    Parameters
    ----------
    home : Path
        Folder of the store.
    readonly : bool
        Write nothing, not even intervals beside the store.
    """

    def __init__(self, home: Path, readonly: bool = False, names: Registry = registry) -> None:
        self.home = home
        self.snapshot = Snapshot(home, names, keep_intervals=not readonly)
        self.registry = self.snapshot.registry
        self.background = Background(home, self.snapshot.intervals)
        self.pages = OwnPages(self.registry)
        self._catalogue: tuple[str, Catalogue] = "", Catalogue()

    def catalogue(self) -> Catalogue:
        """Return the names that links can speak of."""
        version = self.snapshot.version.partition(".")[0]
        if self._catalogue[0] != version:
            self._catalogue = version, self.snapshot.catalogue()
        return self._catalogue[1]

    def request(self, query: str) -> Request:
        """Return what a query string asks for."""
        state, notices = parse(query, self.catalogue())
        return Request(self, state, notices)


@dataclass
class Request:
    """One page: its state, what is wrong with it, and the results it shows."""

    site: Site
    state: State
    notices: list[str] = field(default_factory=list)

    @cached_property
    def family(self) -> str:
        """The open family: the one asked for, else the first with results."""
        state, families = self.state, self.site.snapshot.families()
        model = self.site.registry.models.get(state.m)
        named = state.family or state.b.partition("/")[0] or self._of_category(families)
        return named or (model.family if model else "") or (families[0] if families else "")

    def _of_category(self, families: Sequence[str]) -> str:
        inside = self.site.catalogue().categories
        return next((name for name in families if self.state.category in inside.get(name, ())), "")

    @cached_property
    def board(self) -> Board:
        """The leaderboard; its missing intervals are computed from now on."""
        if not self.family:
            return NO_BOARD
        board = self.site.snapshot.board(self.family, self.state)
        self.site.background.request(board.pending, self.state.without)
        return board

    @cached_property
    def benchmark(self) -> Benchmark | None:
        """The open benchmark."""
        return self.site.snapshot.benchmark(self.state.b) if self.state.b else None

    @cached_property
    def model(self) -> str:
        """The open model: the one asked for, else the best that has results for the open benchmark."""
        if self.state.m or not self.state.b:
            return self.state.m
        return next((name for name in self.board.models() if self.cell(name) is not None), "")

    @cached_property
    def sample(self) -> Sample | None:
        """The records of the open benchmark and model."""
        return self.sample_of(self.model)

    def sample_of(self, model: str) -> Sample | None:
        """Return the records of the open benchmark for a model."""
        return self.site.snapshot.sample(self.state.b, model, self.state.without) if self.state.b and model else None

    def cell(self, model: str = "") -> Cell | None:
        """Return the cell of the open benchmark for a model, by default the open one."""
        return self.board.cells.get((self.state.b, model or self.model))

    @cached_property
    def views(self) -> list[View]:
        """The views of the open metric; of the benchmark's first view's metric if none is asked for."""
        if self.benchmark is None:
            return []
        every = list(self.benchmark.views)
        return [view for view in every if view.metric == self.state.metric] or every[:1]

    @cached_property
    def view(self) -> View | None:
        """The open view."""
        return self.views[min(self.state.view, len(self.views) - 1)] if self.views else None

    @cached_property
    def record(self) -> StoredRecord | None:
        """The record of the open case."""
        return self.sample.records.get(self.state.case) if self.sample and self.state.case else None

    def drawn(self) -> dict[str, list[StoredRecord]]:
        """Return the ok records that the plot shows, by model; the open model first."""
        models = [self.model, *([self.state.compare] if self.state.compare not in ("", self.model) else [])]
        full = self.view is not None and self.view.metric.endswith("_full")
        samples = [(model, self.sample_of(model)) for model in models]
        return {model: sample.ok(full=full) if sample else [] for model, sample in samples}
