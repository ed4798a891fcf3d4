"""Intervals in the background: a process of its own, so that a click never waits for a bootstrap."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Iterable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from assay.app.snapshot import Intervals, keeper
from assay.core.errors import describe
from assay.core.registry import registry
from assay.core.store import Store
from assay.results.bootstrap import Floats
from assay.results.score import gather, resampled

Job = tuple[str, tuple[str, ...], tuple[str, ...]]  # benchmark, models, elements left out
DEATHS = 3  # of the process, after which there are no more intervals


class Background:
    """Computes the intervals that pages ask for, the newest page first.

    Parameters
    ----------
    home : Path
        Folder of the store.
    intervals : Intervals
        Receives what is computed.
    """

    def __init__(self, home: Path, intervals: Intervals) -> None:
        self.home, self.intervals = home, intervals
        self._jobs: list[Job] = []
        self._wanted = threading.Condition()
        self._busy: Job | None = None
        self._failed: set[Job] = set()
        self._thread: threading.Thread | None = None

    def request(self, pairs: Iterable[tuple[str, str]], without: tuple[str, ...]) -> None:
        """Ask for the intervals of (benchmark, model) pairs; what an earlier page asked for is dropped."""
        by_benchmark: dict[str, list[str]] = {}
        for benchmark, model in pairs:
            by_benchmark.setdefault(benchmark, []).append(model)
        with self._wanted:
            jobs = [(name, tuple(models), without) for name, models in by_benchmark.items()]
            self._jobs = [job for job in jobs if job not in self._failed and job != self._busy]
            self._wanted.notify()
        if self._thread is None and self._jobs:
            self._thread = threading.Thread(target=self._run, name="intervals", daemon=True)
            self._thread.start()

    def _next(self) -> Job:
        with self._wanted:
            while True:
                if self._jobs:
                    self._busy = self._jobs.pop(0)
                    return self._busy
                self._wanted.wait()

    def _run(self) -> None:
        for _ in range(DEATHS):
            with contextlib.suppress(EOFError, OSError):
                self._feed(_process(self.home))
        print("warning: no intervals: the process that computes them ends at once", file=sys.stderr)

    def _feed(self, connection: Connection) -> None:
        while True:
            job = self._next()
            self._failed.add(job)
            connection.send(job)
            found = connection.recv()
            self._busy = None
            if isinstance(found, str):
                print(f"warning: no intervals for {job[0]}: {found}", file=sys.stderr)
            else:
                self._failed.discard(job)
                self.intervals.add(job[0], found)


def compute(store: Store, job: Job) -> dict[str, Floats]:
    """Return the resampled statistics of a benchmark's models, by the key of their samples."""
    name, models, without = job
    return {sample.key: resampled(sample)
            for sample in gather(store, registry.benchmark(name), models, keeper(without))}


def _process(home: Path) -> Connection:
    # Spawned, not forked: a fork would copy the server's threads' locks in whatever state they are.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    context.Process(target=_serve, args=(theirs, str(home)), name="assay-intervals", daemon=True).start()
    theirs.close()
    return ours


def _end_with_the_server() -> None:
    """End at once when the server is gone, however it went: a long bootstrap has nobody to wait for it."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(0)


def _serve(connection: Connection, home: str) -> None:
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    registry.load()
    with Store(home, readonly=True) as store, contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            job = connection.recv()
            answer: Any
            try:
                answer = compute(store, job)
            except Exception as error:  # a third party's analysis: whatever it raises
                answer = describe(error)
            connection.send(answer)
