"""A crew of workers at its tasks: who works on what, time-outs, deaths, restarts. It knows no store and no command.

A task is a model with all the cases it is asked, of one benchmark after the other: a worker loads its model once.
"""

from __future__ import annotations

import selectors
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from assay.core import config
from assay.core.record import Case, Record
from assay.core.worker import Job, decoded
from assay.flow.process import WorkerProcess

DEATHS_WHILE_LOADING = 3
LONGEST_WAIT = 3600.0  # s; a benchmark may have no time-out at all (infinity)
WORTHWHILE = 0.9  # a further worker must bring the end of a task below this share of what it would be


@dataclass(frozen=True)
class Question:
    """A case as it is handed to a worker: whose, and for how long at most (s)."""

    benchmark: str
    reference: str
    case: Case
    timeout: float


@dataclass(frozen=True)
class Answer:
    """A record, with the seconds it took and the circumstances."""

    question: Question
    record: Record
    seconds: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)
    trace: str = ""


@dataclass
class Task:
    """A model and the questions it still has to answer.

    `after` names a model whose task comes first: what it computes is used again here.
    """

    model: str
    job: Job
    questions: deque[Question]
    load_timeout: float
    python: Path | None = None
    after: str | None = None
    workers: int = 0
    deaths: int = 0
    load_seconds: float | None = None
    unloadable: str = ""
    alone: bool = False
    rates: dict[str, list[float]] = field(default_factory=dict)

    def remaining(self) -> float | None:
        """Return the seconds of work left in the queue, None while nothing is known."""
        if not self.rates:
            return None
        rate = {name: statistics.median(values) for name, values in self.rates.items()}
        usual = statistics.median(rate.values())
        return sum(question.case.cost * rate.get(question.benchmark, usual) for question in self.questions)

    def worth_another(self) -> bool:
        """Whether a further worker, which has to load the model first, would end the task notably sooner."""
        left = self.remaining()
        if self.alone or left is None or self.load_seconds is None or len(self.questions) < 2:
            return False
        return (left + self.load_seconds) / (self.workers + 1) < WORTHWHILE * left / self.workers


class _Place:
    """A worker at its task."""

    def __init__(self, task: Task, log: IO[bytes], threads: int) -> None:
        self.task = task
        self.process = WorkerProcess(task.job, task.python, log, threads)
        self.question: Question | None = None
        self.loaded = self.warm = False
        self.load_seconds = 0.0
        self.provenance: dict[str, Any] = {}
        self.evaluations: dict[str, dict[str, int]] = {}
        self.asked = self.process.started
        self.limit = task.load_timeout

    def ask(self, question: Question) -> None:
        self.question, self.asked, self.limit = question, time.monotonic(), question.timeout
        self.process.ask(question.reference, question.case)

    @property
    def overdue(self) -> float:
        """Seconds since the deadline; negative before."""
        return time.monotonic() - self.asked - self.limit


class Crew:
    """Works through tasks with a number of workers at once.

    Parameters
    ----------
    jobs : int
        Workers at once.
    log : file
        What workers print.
    on_answer : callable
        Receives (task, answer) in the calling thread, one at a time.
    on_load : callable
        Receives (task, seconds) when a worker has loaded its model.
    threads : int, optional
        ``OMP_NUM_THREADS`` of each worker; by default the workers share the cores.
    """

    def __init__(self, jobs: int, log: IO[bytes], on_answer: Callable[[Task, Answer], None],
                 on_load: Callable[[Task, float], None] = lambda task, seconds: None,
                 threads: int | None = None) -> None:
        self.jobs, self.log, self.on_answer, self.on_load = jobs, log, on_answer, on_load
        self.threads = threads or max(1, config.cpus() // jobs)
        self.evaluations: dict[str, Counter[str]] = {}
        self._places: list[_Place] = []
        self._leaving: list[WorkerProcess] = []
        self._selector = selectors.DefaultSelector()

    def work(self, tasks: Sequence[Task]) -> None:
        """Answer every question of every task; workers are gone at the end, however it comes."""
        try:
            while self._fill(tasks):
                wait = max(0.0, min(LONGEST_WAIT, *(-place.overdue for place in self._places)))
                for key, _ in self._selector.select(timeout=wait):
                    self._listen(key.data)
                for place in [place for place in self._places if place.overdue >= 0]:
                    self._time_out(place)
        finally:
            for place in list(self._places):
                self._dismiss(place)
            for process in self._leaving:
                process.reap()

    def _fill(self, tasks: Sequence[Task]) -> bool:
        """Start workers while there is a place and something worth starting; returns whether anybody works."""
        while len(self._places) < self.jobs:
            task = self._next(tasks)
            if task is None:
                break
            task.workers += 1
            place = _Place(task, self.log, self.threads)
            self._places.append(place)
            self._selector.register(place.process, selectors.EVENT_READ, place)
        return bool(self._places)

    def _next(self, tasks: Sequence[Task]) -> Task | None:
        busy = {task.model for task in tasks if task.questions or task.workers}
        open_tasks = [task for task in tasks if task.questions and task.after not in busy - {task.model}]
        waiting = [task for task in open_tasks if not task.workers]
        sharing = [task for task in open_tasks if task.workers and task.worth_another()]
        return waiting[0] if waiting else max(sharing, key=lambda t: t.remaining() or 0.0) if sharing else None

    def _listen(self, place: _Place) -> None:
        messages, dead = place.process.messages()
        for message in messages:
            if message["event"] == "ready":
                self._loaded(place)
            elif message["event"] == "unloadable":
                self._unloadable(place, message["reason"], message["trace"])
                return
            else:
                self._answered(place, message)
        if dead and place in self._places:
            self._died(place, place.process.cause_of_death())

    def _loaded(self, place: _Place) -> None:
        place.loaded = True
        self._took(place, time.monotonic() - place.process.started)
        self.on_load(place.task, place.load_seconds)
        self._go_on(place)

    def _answered(self, place: _Place, message: dict[str, Any]) -> None:
        question = place.question
        assert question is not None
        place.provenance = message.get("provenance", place.provenance)
        place.evaluations = message["evaluations"]
        seconds = message["seconds"]
        self._took(place, message["loading"])
        # A first case also warms up what was loaded, for up to about as long as that took.
        usual = seconds if place.warm else max(0.0, seconds - place.load_seconds)
        place.warm = True
        place.task.rates.setdefault(question.benchmark, []).append(usual / max(question.case.cost, 1e-9))
        place.question = None
        answer = Answer(question, decoded(message), seconds, place.provenance, message["trace"])
        self._go_on(place)
        self.on_answer(place.task, answer)

    def _took(self, place: _Place, seconds: float) -> None:
        """Count seconds of loading; a model may load when it is first asked, and another worker would too."""
        place.load_seconds += seconds
        place.task.load_seconds = max(place.task.load_seconds or 0.0, place.load_seconds)

    def _go_on(self, place: _Place) -> None:
        if place.task.questions:
            place.ask(place.task.questions.popleft())
        else:
            self._dismiss(place)

    def _time_out(self, place: _Place) -> None:
        reason = f"timed out after {place.limit:g} s"
        if place.loaded:
            self._fail_case(place, reason)
        else:
            self._unloadable(place, f"load: {reason}")

    def _died(self, place: _Place, reason: str) -> None:
        if place.loaded:
            self._fail_case(place, reason)
            return
        place.task.deaths += 1
        if place.task.deaths >= DEATHS_WHILE_LOADING:
            self._unloadable(place, f"load: {reason}, {DEATHS_WHILE_LOADING} times")
        else:
            self._dismiss(place)

    def _fail_case(self, place: _Place, reason: str) -> None:
        question, seconds = place.question, time.monotonic() - place.asked
        self._dismiss(place)
        if question is not None:
            self.on_answer(place.task, Answer(question, Record.failed(reason), seconds, place.provenance))

    def _unloadable(self, place: _Place, reason: str, trace: str = "") -> None:
        """Fail every case left, once, with the reason; workers that did load finish the case they are at."""
        task = place.task
        if task.load_seconds is not None and not place.loaded:
            # Another worker did load it: this one was one too many, for the memory perhaps.
            task.alone = True
            self._dismiss(place)
            return
        task.unloadable = reason
        questions = [*([place.question] if place.question else []), *task.questions]
        task.questions.clear()
        self._dismiss(place)
        for question in questions:
            self.on_answer(task, Answer(question, Record.failed(reason), 0.0, place.provenance, trace))
            trace = ""

    def _dismiss(self, place: _Place) -> None:
        self._places.remove(place)
        self._selector.unregister(place.process)
        place.task.workers -= 1
        for name, counts in place.evaluations.items():
            self.evaluations.setdefault(name, Counter()).update(counts)
        if place.question is None and place.loaded:
            place.process.end()
            self._leaving.append(place.process)
        else:
            place.process.kill()
