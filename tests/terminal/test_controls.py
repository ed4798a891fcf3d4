"""The controls of every case: what is right is judged right, near misses are not; and what counts as which."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from assay.terminal import caselist, controls
from assay.terminal.caselist import CommandCase
from assay.terminal.controls import Controls, Trial
from assay.terminal.judge import Verdict
from sandboxes import needs_namespaces

CASES = caselist.load()
MODULES = sorted({case.module for case in CASES})
# Programs that no machine of the tests may lack: what the cases stand on.
ALWAYS = {"git", "tar", "gzip", "sh"}
JOBS = 1 if "PYTEST_XDIST_WORKER" in os.environ else None


@needs_namespaces
@pytest.mark.timeout(900)
@pytest.mark.parametrize("module", MODULES)
def test_every_control_comes_out_as_it_must(module: str) -> None:
    cases = [case for case in CASES if case.module == module]
    found = controls.run(cases, jobs=JOBS)
    assert found.mismatches == []
    assert [entry for entry in found.skipped if set(entry["reason"].split(": ")[-1].split(", ")) & ALWAYS] == []
    checked = [case for case in cases if case.id not in {entry["id"] for entry in found.skipped}]
    assert found.n["good"] == sum(max(len(case.good), case.refused) for case in checked)
    assert found.n["bad"] == sum(len(case.bad) for case in checked)
    assert checked


@needs_namespaces
@pytest.mark.timeout(900)
def test_most_damaged_commands_are_rejected() -> None:
    # Of the controls only what the mutants are made of: all are run above.
    sample = [replace(case, bad=()) for case in caselist.own() if not case.refused][::4]
    found = controls.run(sample, mutants_each=3, jobs=JOBS)
    print(f"{found.expected['mutant']} of {found.n['mutant']} mutants rejected")
    assert found.n["mutant"] > 60
    assert found.expected["mutant"] / found.n["mutant"] >= 0.6


@needs_namespaces
def test_a_checker_that_is_wrong_is_noticed() -> None:
    case = caselist.find("text/join-lines")
    swapped = replace(case, good=case.bad[:2], bad=case.good[:2])
    found = controls.run([swapped], jobs=1)
    assert [(entry["kind"], entry["outcome"]) for entry in found.mismatches] == [
        ("good", "wrong"), ("good", "wrong"), ("bad", "right"), ("bad", "right")]
    assert found.to_json()["good"] == {"n": 2, "as_expected": 0}
    assert {entry["case"] for entry in found.mismatches} == {"text/join-lines"}


@needs_namespaces
def test_a_case_that_cannot_be_checked_is_skipped_and_named() -> None:
    lacking = replace(caselist.find("text/join-lines"), needs=("no-such-program",))
    found = controls.run([lacking, caselist.find("refused/rename-it")], jobs=1).to_json()
    assert found["skipped"] == [{"id": "text/join-lines", "reason": "not installed here: no-such-program"}]
    assert (found["cases"], found["good"], found["bad"]) == (
        2, {"n": 1, "as_expected": 1}, {"n": 1, "as_expected": 1})


def counted(*outcomes: tuple[str, str]) -> Controls:
    case: CommandCase = caselist.find("text/join-lines")
    found = Controls()
    for kind, outcome in outcomes:
        found.add(Trial(case, kind, "x"), Verdict(case.id, case.hash, "valid", "execution", outcome))
    return found


def test_what_counts_as_expected() -> None:
    found = counted(("good", "right"), ("good", "collateral"), ("bad", "wrong"), ("bad", "collateral"),
                    ("bad", "timeout"), ("bad", "right"), ("mutant", "wrong"), ("mutant", "right"))
    assert found.n == {"good": 2, "bad": 4, "mutant": 2}
    assert found.expected == {"good": 1, "bad": 3, "mutant": 1}
    assert [(entry["kind"], entry["outcome"]) for entry in found.mismatches] == [
        ("good", "collateral"), ("bad", "right")]
    assert [entry["outcome"] for entry in found.survivors] == ["right"]
    assert found.to_json()["mutants"] == {"n": 2, "rejected": 1, "rate": 0.5}


def test_a_control_that_cannot_be_checked_is_a_mismatch_a_mutant_is_not_counted() -> None:
    found = counted(("bad", "not-checked"), ("mutant", "not-checked"))
    assert found.expected["bad"] == found.n["mutant"] == 0
    assert len(found.mismatches) == 1
    assert found.to_json()["mutants"] == {"n": 0, "rejected": 0, "rate": None}


def test_trials_of_a_case() -> None:
    case = caselist.find("text/join-lines")
    kinds = [trial.kind for trial in controls.trials(case, mutants_each=4)]
    assert kinds == ["good"] * len(case.good) + ["bad"] * len(case.bad) + ["mutant"] * 4
    refused = controls.trials(caselist.find("refused/rename-it"), mutants_each=4)
    assert [(trial.kind, trial.command) for trial in refused] == [("good", ""), ("bad", "mv old new")]
