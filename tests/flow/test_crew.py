"""A crew: models share the workers, a model's cases are shared where it pays, and nobody is left behind."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay import Case, Model
from assay.core.registry import registry
from assay.core.worker import Job
from assay.flow.crew import Answer, Crew, Question, Task

NAPS = "assay_lab:Naps"


def task(name: str = "lab-plain", cases: int = 4, *, reference: str = NAPS, timeout: float = 30.0, load: float = 30.0,
         loader: str = "", options: dict[str, Any] | None = None, after: str | None = None) -> Task:
    entry = (Model(name, "lab", loader, options or {}) if loader else registry.model(name))
    job = Job(entry.to_json(), "assay_lab:wrapped", None, list(sys.path))
    questions = deque(Question("lab/some", reference, Case(f"case-{n:02d}", {"n": n}), timeout) for n in range(cases))
    return Task(name, job, questions, load, after=after)


Work = Callable[..., list[tuple[str, Answer]]]


@pytest.fixture
def work(lab: Any) -> Work:
    """Let a crew work; returns the answers in the order they came."""

    def work(*tasks: Task, jobs: int = 1, on_answer: Callable[..., None] = lambda task, answer: None,
             crews: list[Crew] | None = None) -> list[tuple[str, Answer]]:
        answers: list[tuple[str, Answer]] = []

        def take(task: Task, answer: Answer) -> None:
            answers.append((task.model, answer))
            on_answer(task, answer)

        with tempfile.TemporaryFile() as log:
            crew = Crew(jobs, log, take)
            if crews is not None:
                crews.append(crew)
            crew.work(tasks)
        return answers

    return work


def loads(notes: Path) -> int:
    return notes.read_text().count("loaded")


def reasons(answers: list[tuple[str, Answer]]) -> dict[str, str]:
    return {answer.question.case.id: answer.record.reason for _, answer in answers}


# -- who works on what


def test_a_model_is_loaded_once_for_all_its_cases(work: Work, notes: Path) -> None:
    answers = work(task(cases=5))
    assert [answer.question.case.id for _, answer in answers] == [f"case-{n:02d}" for n in range(5)]
    assert {answer.record.status for _, answer in answers} == {"ok"}
    assert loads(notes) == 1
    assert all(answer.seconds >= 0.3 for _, answer in answers)


def test_slow_cases_of_one_model_are_shared_by_workers(work: Work, notes: Path) -> None:
    answers = work(task(cases=16), jobs=2)
    assert sorted(answer.record.values["x"] for _, answer in answers) == list(range(16))
    assert loads(notes) == 2
    assert len({answer.record.values["pid"] for _, answer in answers}) == 2


def test_a_model_that_loads_for_longer_than_its_cases_take_is_loaded_once(work: Work, notes: Path) -> None:
    entry = task("lab-slow-to-load", 3, loader="assay_lab:load", options={"seconds": 3.0})
    assert len(work(entry, jobs=2)) == 3
    assert loads(notes) == 1


def test_other_models_come_before_sharing(work: Work, notes: Path) -> None:
    answers = work(task("lab-plain", 4), task("lab-base", 4), jobs=2)
    assert [name for name, _ in answers].count("lab-base") == 4
    loaded = [line.split()[2:] for line in notes.read_text().splitlines() if "loaded" in line]
    assert sorted(loaded[:2]) == [["loaded"], ["loaded", "base"]]


def test_a_model_that_uses_what_another_computed_waits_for_it(work: Work) -> None:
    answers = work(task("lab-twin", 2, after="lab-base"), task("lab-base", 3), jobs=2)
    assert [name for name, _ in answers] == ["lab-base"] * 3 + ["lab-twin"] * 2


def test_it_waits_for_nobody_who_is_not_there_and_not_for_itself(work: Work) -> None:
    assert len(work(task("lab-twin", 1, after="lab-base"))) == 1
    assert len(work(task("lab-twin", 1, after="lab-twin"))) == 1


def test_it_waits_no_more_when_the_other_cannot_load(work: Work) -> None:
    answers = work(task("lab-twin", 1, after="lab-base"), task("lab-base", 2, loader="assay_lab:no_such"))
    assert [(name, answer.record.status) for name, answer in answers] == [
        ("lab-base", "failed"), ("lab-base", "failed"), ("lab-twin", "ok")]


def test_the_workers_share_the_cores(lab: Any) -> None:
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryFile() as log:
        assert Crew(1, log, lambda task, answer: None).threads == cores
        assert Crew(2 * cores, log, lambda task, answer: None).threads == 1
        assert Crew(2, log, lambda task, answer: None, threads=5).threads == 5


def test_what_evaluators_counted_is_added_up_over_workers(work: Work) -> None:
    crews: list[Crew] = []
    work(task("lab-counted", 2, reference="assay_lab:Late"), task("lab-odd-attribute", 2, reference="assay_lab:Late"),
         jobs=2, crews=crews)
    assert {name: dict(counts) for name, counts in crews[0].evaluations.items()} == {
        "engine": {"computed": 2, "cached": 3}}


# -- whether another worker is worth its load


def measured(questions: int, seconds: float, load: float | None, workers: int = 1, costs: Any = None) -> Task:
    entry = Task("m", Job({}), deque(Question("b", "", Case(str(n), cost=(costs or [1.0] * questions)[n]), 1.0)
                                     for n in range(questions)), 1.0, load_seconds=load, workers=workers)
    entry.rates = {"b": [seconds]} if seconds else {}
    return entry


@pytest.mark.parametrize(("questions", "seconds", "load", "workers", "expected"), [
    (10, 1.0, 1.0, 1, True),    # 10 s left: (10 + 1) / 2 = 5.5 s
    (10, 1.0, 7.9, 1, True),    # 8.95 s, just below nine tenths of 10 s
    (10, 1.0, 8.1, 1, False),
    (10, 1.0, 1.0, 3, True),    # 2.75 s instead of 3.3 s
    (10, 1.0, 3.0, 3, False),   # 3.25 s instead of 3.3 s
    (1, 60.0, 1.0, 1, False),   # one case cannot be shared
    (10, 0.0, 1.0, 1, False),   # nothing is known yet
    (10, 1.0, None, 1, False),
])
def test_a_further_worker_has_to_bring_the_end_notably_nearer(questions: int, seconds: float, load: float | None,
                                                              workers: int, expected: bool) -> None:
    assert measured(questions, seconds, load, workers).worth_another() is expected


def test_a_task_that_another_worker_could_not_load_a_second_time_is_left_alone() -> None:
    entry = measured(10, 1.0, 1.0)
    entry.alone = True
    assert not entry.worth_another()


def test_what_remains_is_cost_times_the_median_rate_of_each_benchmark() -> None:
    entry = measured(3, 0.0, 1.0, costs=[1.0, 2.0, 4.0])
    assert entry.remaining() is None
    entry.rates = {"b": [0.5, 1.0, 30.0]}
    assert entry.remaining() == pytest.approx(7.0)
    entry.rates = {"other": [2.0]}
    assert entry.remaining() == pytest.approx(14.0)


def test_what_a_model_loads_when_first_asked_counts_as_loading_and_not_as_the_case(work: Work) -> None:
    entry = task("lab-base", 8, reference="assay_lab:Lazy")
    answers = work(entry, jobs=2)
    assert max(answer.seconds for _, answer in answers) < 0.5
    assert entry.load_seconds is not None
    assert entry.load_seconds > 0.8
    # Counted as a case, it would have promised 5.6 s more, and a second worker would have come and loaded too.
    assert len({answer.record.values["pid"] for _, answer in answers}) == 1


# -- trouble


def test_a_death_costs_the_case_and_the_next_one_gets_a_new_worker(work: Work) -> None:
    names = ["first", "aborts", "exits", "killed", "last"]
    entry = task("toy", 0, loader="assay_toy.models:adder")
    entry.questions.extend(Question("toy/trouble", "assay_toy.benchmarks:Trouble", Case(name), 30.0) for name in names)
    assert reasons(work(entry)) == {
        "first": "", "aborts": "worker died: signal SIGABRT", "exits": "worker died: exit code 3",
        "killed": "worker died: signal SIGKILL", "last": ""}


def test_a_case_that_takes_too_long_costs_itself(work: Work, gone: Any, notes: Path) -> None:
    answers = work(task(cases=3, reference="assay_lab:Locked", timeout=1.0))
    assert reasons(answers) == {"case-00": "", "case-01": "timed out after 1 s", "case-02": ""}
    slow = next(answer for _, answer in answers if answer.record.status == "failed")
    assert 1.0 <= slow.seconds < 30.0
    for group in {int(line.split()[1]) for line in notes.read_text().splitlines()}:
        assert gone(group)


def test_infinity_is_a_time_out_too(work: Work) -> None:
    assert reasons(work(task(cases=1, timeout=float("inf"), load=float("inf")))) == {"case-00": ""}


@pytest.mark.parametrize(("loader", "options", "reason"), [
    ("assay_toy.models:unloadable", {}, "load: RuntimeError: the weights are damaged"),
    ("assay_toy.models:dies", {}, "load: worker died: signal SIGABRT, 3 times"),
    ("assay_toy.models:sleeper", {"seconds": 60.0}, "load: timed out after 0.5 s"),
])
def test_a_model_that_cannot_load_costs_its_cases_once(work: Work, loader: str, options: Any, reason: str) -> None:
    entry = task("bad", 3, loader=loader, options=options, load=0.5 if "sleeper" in loader else 30.0)
    answers = work(entry, task("lab-plain", 1), jobs=2)
    assert [answer.record.reason for name, answer in answers if name == "bad"] == [reason] * 3
    assert [answer.record.status for name, answer in answers if name == "lab-plain"] == ["ok"]
    assert entry.unloadable == reason
    traces = [answer.trace for name, answer in answers if name == "bad"]
    assert [bool(trace) for trace in traces] == ["unloadable" in loader, False, False]


def test_a_model_that_notices_late_that_it_cannot_load_costs_what_is_left(work: Work) -> None:
    answers = work(task("lab-late", 4, reference="assay_lab:Late"))
    late = "load: the second part of the weights is missing"
    assert reasons(answers) == {"case-00": "", "case-01": late, "case-02": late, "case-03": late}


def test_a_second_copy_that_does_not_fit_costs_nothing(work: Work, tmp_path: Path) -> None:
    entry = task("once", 8, loader="assay_lab:once", options={"flag": str(tmp_path / "flag")})
    answers = work(entry, jobs=2)
    assert [answer.record.status for _, answer in answers] == ["ok"] * 8
    assert entry.unloadable == ""


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_ends_the_work_no_worker_is_left(work: Work, gone: Any, notes: Path,
                                                  error: type[BaseException]) -> None:
    def stop(task: Task, answer: Answer) -> None:
        raise error

    with pytest.raises(error):
        work(task("lab-plain", 6), task("lab-base", 6), jobs=2, on_answer=stop)
    groups = {int(line.split()[1]) for line in notes.read_text().splitlines()}
    assert groups
    for group in groups:
        assert gone(group)


def test_nothing_to_do_is_done_at_once(work: Work) -> None:
    assert work() == []
    assert work(task(cases=0)) == []
