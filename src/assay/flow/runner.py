"""Plan what is missing, run it with a crew of workers, write every record as it comes."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from assay.core import config, data
from assay.core.benchmark import Benchmark
from assay.core.errors import DATA, LOAD, USAGE, AssayError, describe
from assay.core.model import Model
from assay.core.record import Case, Record
from assay.core.registry import Registry
from assay.core.store import Store, record_key
from assay.core.worker import Job
from assay.flow import environment, weights
from assay.flow.crew import Answer, Crew, Question, Task
from assay.flow.selection import Selection

Again = Literal["none", "failed", "all"]
REDO: dict[Again, set[str | None]] = {
    "none": {None, "failed"}, "failed": {"failed"}, "all": {None, "failed", "ok", "skipped"}}
Event = dict[str, Any]
OnEvent = Callable[[Event], None]


@dataclass
class Pair:
    """A benchmark and a model: the cases to do, and how many records are there already.

    `error` tells why nothing of it can run (data missing); `unsupported` why its cases are skipped.
    """

    benchmark: Benchmark
    model: Model
    todo: list[Case] = field(default_factory=list)
    reused: int = 0
    unsupported: str | None = None
    error: AssayError | None = None


@dataclass
class Outcome:
    """What a run did: counts of this run, records reused, model evaluations, and the exit code."""

    ok: int = 0
    failed: int = 0
    skipped: int = 0
    reused: int = 0
    seconds: float = 0.0
    evaluations: dict[str, dict[str, int]] = field(default_factory=dict)
    codes: set[int] = field(default_factory=set)
    log: Path | None = None

    @property
    def exit_code(self) -> int:
        """3 data missing, before 4 cannot load, before 1 cases failed, else 0."""
        return min(self.codes) if self.codes else int(self.failed > 0)


class Workforce(Protocol):
    """Whoever answers the questions of tasks: a crew on this machine, or a cluster."""

    evaluations: dict[str, Any]

    def work(self, tasks: Sequence[Task]) -> None:
        """Answer every question of every task."""


def plan(store: Store, selection: Selection, registry: Registry, again: Again = "none") -> list[Pair]:
    """Return the selected pairs with the cases that have no record yet (or failed: those are tried again).

    Parameters
    ----------
    again : {"none", "failed", "all"}
        ``failed`` does only the cases whose record failed; ``all`` does everything anew.

    Raises
    ------
    AssayError
        Exit code 5 if nothing is selected; 2 for a duplicate case id.
    """
    chosen = list(selection.find_pairs(registry))
    cases = {name: _cases(selection, benchmark) for name, benchmark in {b.name: b for b, _ in chosen}.items()}
    pairs = [_pair(store, cases[benchmark.name], benchmark, model, again) for benchmark, model in chosen]
    if selection.cases and not any(pair.todo or pair.reused or pair.error for pair in pairs):
        raise AssayError(f"no case matches {', '.join(map(repr, selection.cases))}", "see assay show BENCHMARK", 5)
    return pairs


def _cases(selection: Selection, benchmark: Benchmark) -> list[Case] | AssayError:
    """Return the selected cases, or why they cannot be had."""
    try:
        for name, item in benchmark.data.items():
            data.fetch(item, name)
        return selection.find_cases(benchmark)
    except AssayError as error:
        if error.code == USAGE:
            raise
        return error


def _pair(store: Store, cases: list[Case] | AssayError, benchmark: Benchmark, model: Model, again: Again) -> Pair:
    if isinstance(cases, AssayError):
        return Pair(benchmark, model, error=cases)
    try:
        pair = Pair(benchmark, model, unsupported=benchmark.supports(model))
    except Exception as error:
        return Pair(benchmark, model, error=AssayError(
            f"{benchmark.name}: cannot say whether it supports {model.name}: {describe(error)}", code=DATA))
    done = store.statuses(benchmark.name, model.name, benchmark.version)
    for case in cases:
        status = done.get(record_key(benchmark.name, benchmark.version, model.name, model.digest, case))
        if status in REDO[again]:
            pair.todo.append(case)
        elif status is not None:
            pair.reused += 1
    return pair


def run(pairs: Sequence[Pair], store: Store, registry: Registry, *, jobs: int | None = None,
        on_event: OnEvent = lambda event: None, workforce: Callable[..., Workforce] = Crew) -> Outcome:
    """Do what is left of the pairs; every record is committed as it comes.

    Parameters
    ----------
    pairs : sequence of Pair
        From `plan`.
    store : Store
    registry : Registry
    jobs : int, optional
        Workers at once; default ``ASSAY_JOBS``, else the number of cores.
    on_event : callable
        Receives the events of ``assay calc --json`` (plan, case, end), and: setup (an environment is built),
        load (a model is loaded), error (a pair or a model that cannot run).
    workforce : callable
        Who answers; `assay.flow.cluster` has another one.

    Returns
    -------
    Outcome

    Raises
    ------
    KeyboardInterrupt
        Passed on after the workers are stopped; the records so far are kept.
    """
    return _Run(store, registry, on_event).work(pairs, jobs or config.jobs(), workforce)


class _Run:
    def __init__(self, store: Store, registry: Registry, on_event: OnEvent) -> None:
        self.store, self.registry, self.on_event = store, registry, on_event
        self.outcome = Outcome()
        self.pairs: dict[tuple[str, str], Pair] = {}
        self.log: IO[bytes] | None = None

    def work(self, pairs: Sequence[Pair], jobs: int, workforce: Callable[..., Workforce]) -> Outcome:
        started = time.monotonic()
        self.pairs = {(pair.benchmark.name, pair.model.name): pair for pair in pairs}
        for pair in pairs:
            self._announce(pair)
        path = self.store.root / "logs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        with _opened(path) as self.log:
            try:
                tasks = self._tasks(pairs)
                if tasks:
                    crew = workforce(jobs, self.log, self._answer, self._loaded)
                    crew.work(tasks)
                    self.outcome.evaluations = {name: {"computed": counts["computed"], "cached": counts["cached"]}
                                                for name, counts in crew.evaluations.items()}
            finally:
                if path.stat().st_size:
                    self.outcome.log = path
                else:
                    path.unlink()
        self.outcome.seconds = time.monotonic() - started
        self._end()
        return self.outcome

    def _announce(self, pair: Pair) -> None:
        self.outcome.reused += pair.reused
        if pair.error is not None:
            self._error(pair.error, benchmark=pair.benchmark.name, model=pair.model.name)
            return
        self.on_event({"event": "plan", "benchmark": pair.benchmark.name, "model": pair.model.name,
                       "todo": len(pair.todo), "reused": pair.reused})
        if pair.unsupported is not None:
            for case in pair.todo:
                self._write(pair, case, Record.skipped(pair.unsupported), 0.0, {})

    def _tasks(self, pairs: Sequence[Pair]) -> list[Task]:
        by_model: dict[str, list[Pair]] = {}
        for pair in pairs:
            if pair.todo and pair.error is None and pair.unsupported is None:
                by_model.setdefault(pair.model.name, []).append(pair)
        return [task for name, group in by_model.items() if (task := self._task(group)) is not None]

    def _task(self, pairs: list[Pair]) -> Task | None:
        """Return the task of a model; None if its weights or its environment cannot be had."""
        model, family = pairs[0].model, self.registry.families.get(pairs[0].model.family)
        try:
            # Weights first: an environment takes minutes, and is of no use without them.
            file = weights.locate(model)
            needs = self.registry.environment(model)
            python = environment.build(needs, self._setup(model)) if needs else None
        except AssayError as error:
            self._error(error, model=model.name)
            return None
        modules = {pair.benchmark.reference().partition(".")[0].partition(":")[0] for pair in pairs}
        # A hash recorded at first use tells the worker's caches apart, as a published one does.
        known = {"sha256": model.sha256 or (weights.recorded(file) if file else None)}
        job = Job(model.to_json() | known, family.wrap if family else None, str(file) if file else None,
                  *_search(modules, own=python is None))
        questions = [Question(pair.benchmark.name, pair.benchmark.reference(), case, pair.benchmark.case_timeout)
                     for pair in pairs for case in sorted(pair.todo, key=lambda c: -c.cost)]
        return Task(model.name, job, deque(questions), max(pair.benchmark.load_timeout for pair in pairs), python,
                    model.meta.get("base"))

    def _setup(self, model: Model) -> Callable[[str], None]:
        return lambda line: self.on_event({"event": "setup", "model": model.name, "text": line})

    def _loaded(self, task: Task, seconds: float) -> None:
        self.on_event({"event": "load", "model": task.model, "seconds": seconds})

    def _answer(self, task: Task, answer: Answer) -> None:
        question = answer.question
        if task.unloadable and LOAD not in self.outcome.codes:
            self.outcome.codes.add(LOAD)
        if answer.trace and self.log is not None:
            text = f"{question.benchmark} {task.model} {question.case.id}\n{answer.trace}\n"
            self.log.write(text.encode("utf-8", "backslashreplace"))
        self._write(self.pairs[question.benchmark, task.model], question.case, answer.record, answer.seconds,
                    answer.provenance)

    def _write(self, pair: Pair, case: Case, record: Record, seconds: float, provenance: dict[str, Any]) -> None:
        benchmark, model = pair.benchmark, pair.model
        provenance = {**provenance, "source": benchmark.source_hash()}
        self.store.add(benchmark.name, benchmark.version, model.name, model.digest, case, record, provenance, seconds)
        setattr(self.outcome, record.status, getattr(self.outcome, record.status) + 1)
        self.on_event({"event": "case", "benchmark": benchmark.name, "model": model.name, "case": case.id,
                       "status": record.status, "reason": record.reason, "seconds": seconds})

    def _error(self, error: AssayError, **where: str) -> None:
        self.outcome.codes.add(error.code)
        self.on_event({"event": "error", **where, "message": error.message, "hint": error.hint, "code": error.code})

    def _end(self) -> None:
        counts = {name: getattr(self.outcome, name) for name in ("ok", "failed", "skipped", "reused", "seconds")}
        self.on_event({"event": "end", **counts, "evaluations": self.outcome.evaluations})


def _opened(log: Path) -> IO[bytes]:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab", buffering=0)
    except OSError as error:
        raise AssayError(f"{log}: the log of the run cannot be written: {describe(error)}",
                         "check free space and permissions, or name another folder in ASSAY_HOME") from error


def _search(modules: set[str], own: bool) -> tuple[list[str], dict[str, str]]:
    """Return how a worker finds code: our ``sys.path``, or the benchmarks' packages by location."""
    if own:
        return list(sys.path), {}
    specs = {name: importlib.util.find_spec(name) for name in modules - {"assay"}}
    return [], {name: (spec.submodule_search_locations or [spec.origin or ""])[0]
                for name, spec in specs.items() if spec is not None}

