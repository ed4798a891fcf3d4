"""Controls: every good command has to be judged right, every near miss not; damaged ones show how sharp a check is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assay.core import config
from assay.terminal import mutants
from assay.terminal.caselist import CommandCase
from assay.terminal.homes import Homes
from assay.terminal.judge import Verdict, judge, missing

CHECKED = ("right", "wrong", "collateral", "timeout")


class Trial(NamedTuple):
    """A command that is judged, and what it is: good, bad or mutant."""

    case: CommandCase
    kind: str
    command: str


@dataclass
class Controls:
    """What came out, counted."""

    cases: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    n: dict[str, int] = field(default_factory=lambda: {"good": 0, "bad": 0, "mutant": 0})
    expected: dict[str, int] = field(default_factory=lambda: {"good": 0, "bad": 0, "mutant": 0})
    mismatches: list[dict[str, Any]] = field(default_factory=list)
    survivors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, trial: Trial, verdict: Verdict) -> None:
        """Count a verdict; one that could not be given is a mismatch of a control, and not counted of a mutant."""
        checked = verdict.outcome in CHECKED
        if trial.kind == "mutant" and not checked:
            return
        as_expected = checked and verdict.right == (trial.kind == "good")
        self.n[trial.kind] += 1
        self.expected[trial.kind] += as_expected
        if not as_expected:
            kept = self.survivors if trial.kind == "mutant" else self.mismatches
            kept.append({"case": trial.case.id, "kind": trial.kind, "command": trial.command,
                         "outcome": verdict.outcome, "reason": verdict.reason})

    def to_json(self) -> dict[str, Any]:
        """Return what ``assay terminal controls --json`` shows."""
        found = {kind: {"n": self.n[kind], "as_expected": self.expected[kind]} for kind in ("good", "bad")}
        n, rejected = self.n["mutant"], self.expected["mutant"]
        return {"cases": self.cases, "skipped": self.skipped, **found,
                "mutants": {"n": n, "rejected": rejected, "rate": round(rejected / n, 4) if n else None},
                "mismatches": self.mismatches}


def run(cases: Sequence[CommandCase], mutants_each: int = 0, jobs: int | None = None,
        on_verdict: Callable[[Trial, Verdict], None] = lambda trial, verdict: None) -> Controls:
    """Judge the controls of the cases.

    Parameters
    ----------
    cases : sequence of CommandCase
    mutants_each : int
        Mutants a case.
    jobs : int, optional
        Sandboxes at once; by default one more than there are cores, as they also wait.
    on_verdict : callable
        Receives (trial, verdict) in the calling thread, in order.
    """
    found = Controls(cases=len(cases))
    found.skipped = [{"id": case.id, "reason": reason} for case in cases if (reason := missing(case))]
    left_out = {entry["id"] for entry in found.skipped}
    todo = [trial for case in cases if case.id not in left_out for trial in trials(case, mutants_each)]
    with Homes() as homes, ThreadPoolExecutor(jobs or config.jobs() + 1) as pool:
        for trial, verdict in zip(todo, pool.map(lambda trial: _verdict(trial, homes), todo), strict=True):
            found.add(trial, verdict)
            on_verdict(trial, verdict)
    return found


def trials(case: CommandCase, mutants_each: int = 0) -> list[Trial]:
    """Return what a case's controls are; a refusal is the good answer of a request to be refused."""
    good = [Trial(case, "good", command) for command in (("",) if case.refused else case.good)]
    bad = [Trial(case, "bad", command) for command in case.bad]
    damaged = [] if case.refused else mutants.of_case(case.good, mutants_each)
    return good + bad + [Trial(case, "mutant", command) for command in damaged]


def _verdict(trial: Trial, homes: Homes) -> Verdict:
    return judge(trial.case, [trial.command] if trial.command else [], homes)
