"""An evaluation: a model and a prompt made a row of the leaderboard; threads ask it, the core's run judges."""

from __future__ import annotations

import dataclasses
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from assay.core.model import Model
from assay.core.record import Case, StoredRecord
from assay.core.registry import Registry
from assay.core.store import Store
from assay.flow import runner
from assay.flow.selection import Selection
from assay.terminal import answering, models, row, sharpness, tally
from assay.terminal.models import LanguageModel
from assay.terminal.prompts import DEFAULT, Variant
from assay.terminal.replies import Replies, problem
from assay.terminal.tally import OPEN
from assay.terminal.wire.errors import ProviderError, told

BENCHMARK = "terminal/commands"
HOPELESS = ("auth", "network")  # as the first answer of all: nothing else will come


@dataclass(frozen=True)
class Plan:
    """What is evaluated.

    Parameters
    ----------
    model : str
        A registry name, an alias or ``WIRE:ID``.
    variant : str, optional
        Of the prompt; default: the model's own, else `DEFAULT`.
    cases : tuple of str
        Globs of case ids.
    limit : int, optional
        First so many cases.
    full : bool
        Also the requests of lists that are not the project's own.
    repeat : int
        How often each request is asked.
    again : {"none", "failed", "all"}
    jobs : int, optional
        Requests at once, and sandboxes.
    rate : float, optional
        Requests a minute, at most.
    """

    model: str
    variant: str | None = None
    cases: tuple[str, ...] = ()
    limit: int | None = None
    full: bool = False
    repeat: int = 1
    again: runner.Again = "none"
    jobs: int | None = None
    rate: float | None = None


@dataclass
class Evaluation:
    """What came out."""

    model: str
    variant: str
    records: list[StoredRecord]
    calls: int = 0
    outcome: runner.Outcome = field(default_factory=runner.Outcome)

    def to_json(self) -> dict[str, Any]:
        """Return what ``assay terminal eval --json`` shows, without the schema."""
        rows = [row.of(record) for record in self.records]
        latencies = sorted(one["seconds"] for one in rows if one["seconds"] is not None)
        groups = {name: [one for one in rows if row.group(one["tags"]) == name]
                  for name in dict.fromkeys(row.group(one["tags"]) for one in rows) if name}
        shares = tally.tally(rows) | ({"pass_all": tally.pass_all(rows)} if any(
            len(one["repeats"]) > 1 for one in rows) else {})
        return {
            "model": self.model, "variant": self.variant, "counts": self._counts(rows),
            "metrics": {name: share.to_json() for name, share in shares.items()},
            "groups": {name: {"top1": tally.METRICS["top1"].count(members).to_json()}
                       for name, members in groups.items() if any(one["kind"] == "valid" for one in members)},
            "latency": {"median": statistics.median(latencies) if latencies else None,
                        "p95": latencies[max(0, -(-95 * len(latencies) // 100) - 1)] if latencies else None},
            "usage": {name: _sum(one.get(name) for one in rows) for name in ("input_tokens", "output_tokens")},
            "cost_usd": _sum(one.get("cost_usd") for one in rows),
            "controls": sharpness.measured(one["case"] for one in rows),
            "rows": [row.shown(one) for one in rows]}

    def _counts(self, rows: Sequence[tally.Row]) -> dict[str, int]:
        kinds = {kind: sum(one["kind"] == kind for one in rows) for kind in ("valid", *tally.REFUSAL_KINDS)}
        outcomes = [one["outcome"] for one in rows]
        return {"requests": len(rows), **kinds,
                "checked": sum(one["kind"] == "valid" and one["outcome"] in tally.EXECUTED for one in rows),
                "not_checked": outcomes.count(OPEN[0]), "no_checker": outcomes.count(OPEN[1]),
                "errors": outcomes.count("error"), "calls": self.calls}


def entry(plan: Plan, known: LanguageModel) -> Model:
    """Return the registry entry of a model with the prompt and the repeats of an evaluation.

    What is otherwise than usual stands in the name, so that every row of a leaderboard tells what it is.
    """
    base = known.entry or Model(known.name, models.FAMILY, models.LOADER,
                                {"wire": known.wire, "model": known.id, "kind": known.kind})
    changed: dict[str, Any] = {}
    name = base.name
    if plan.variant and plan.variant != (known.variant or DEFAULT):
        changed["variant"], name = plan.variant, f"{name}@{plan.variant}"
    if plan.repeat != 1:
        changed["repeats"], name = plan.repeat, f"{name}x{plan.repeat}"
    return dataclasses.replace(base, name=name, options={**base.options, **changed}) if changed else base


def evaluate(plan: Plan, store: Store, registry: Registry,
             on_event: Callable[[dict[str, Any]], None] = lambda event: None) -> Evaluation:
    """Ask what was not asked yet, judge it, and return all of it.

    Raises
    ------
    AssayError
        Exit code 5 if there is no such model, variant or case; 4 if the provider cannot be reached or refuses the key.
    """
    known = models.find(plan.model)
    if plan.variant:
        Variant.named(plan.variant)
    made = entry(plan, known)
    if registry.models.get(made.name) != made:
        registry.add("models", made.name, made, "assay terminal eval")
    selection = Selection(benchmarks=(BENCHMARK,), models=(made.name,), cases=plan.cases, limit=plan.limit,
                          full=plan.full)
    pairs = runner.plan(store, selection, registry, plan.again)
    asked = models.wrap(made.load(), made)
    try:
        kept = answering.replies()
        with _Problems(kept) as problems:
            Asking(asked, kept, plan, problems, on_event).all(case for pair in pairs for case in pair.todo)
            outcome = runner.run(pairs, store, registry, jobs=plan.jobs, on_event=on_event)
    finally:
        asked.close()
    wanted = {case.id for pair in pairs for case in selection.find_cases(pair.benchmark)}
    found = [record for record in store.records(BENCHMARK, made.name, pairs[0].benchmark.version)
             if record.case in wanted and record.model_digest == made.digest]
    newest = {record.case: record for record in sorted(found, key=lambda record: record.created)}
    return Evaluation(made.name, asked.variant or DEFAULT, sorted(newest.values(), key=lambda one: one.case),
                      asked.calls, outcome)


class _Problems:
    """Errors that the judging run finds in place of replies, and that are forgotten with it."""

    def __init__(self, kept: Replies) -> None:
        self.kept, self.keys = kept, list[str]()

    def __enter__(self) -> _Problems:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kept.forget("problem", self.keys)

    def add(self, key: str, error: ProviderError) -> None:
        """Keep an error under the question it answers."""
        self.keys.append(key)
        self.kept.put("problem", key, problem(error))


class Asking:
    """Threads that ask ahead of the judging, as many at once and as often a minute as is wanted."""

    def __init__(self, model: LanguageModel, kept: Replies, plan: Plan, problems: _Problems,
                 on_event: Callable[[dict[str, Any]], None]) -> None:
        self.model, self.kept, self.plan, self.problems, self.on_event = model, kept, plan, problems, on_event
        self.pace = Pace(plan.rate)
        self._answered = 0
        self._lock = threading.Lock()

    def all(self, cases: Iterable[Case]) -> None:
        """Ask for every case; a model that can answer nothing is an error, one that fails now and then is not."""
        todo = [(str(case.inputs["request"]), repeat) for case in cases for repeat in range(self.plan.repeat)]
        # A run that was killed may have left some.
        self.kept.forget("problem", [answering.question(self.model, *one) for one in todo])
        with ThreadPoolExecutor(self.plan.jobs or 4) as pool:
            futures = [pool.submit(self._one, request, repeat, len(todo)) for request, repeat in todo]
            try:
                for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _one(self, request: str, repeat: int, total: int) -> None:
        try:
            answering.answer(self.model, request, self.kept, repeat, self.pace.wait)
        except ProviderError as error:
            with self._lock:
                if not self._answered and error.kind in HOPELESS:
                    raise told(error, self.model) from error
                self.problems.add(answering.question(self.model, request, repeat), error)
        with self._lock:
            self._answered += 1
            self.on_event({"event": "asked", "done": self._answered, "total": total})


class Pace:
    """Lets so many calls pass a minute, evenly.

    Parameters
    ----------
    rate : float, optional
        A minute; None lets all pass.
    """

    def __init__(self, rate: float | None) -> None:
        self.interval = 60.0 / rate if rate else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for the next place."""
        if not self.interval:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self.interval
        time.sleep(turn - now)


def _sum(numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None

