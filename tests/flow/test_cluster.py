"""The same runs on dask.distributed: a cluster on this machine, a scheduler that runs already, one that does not."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from assay import AssayError, Case
from assay.core.worker import Job
from assay.flow import cluster
from assay.flow.cluster import workforce
from assay.flow.crew import Question, Task

distributed = pytest.importorskip("distributed")


def questions(count: int, cost: float = 1.0) -> deque[Question]:
    return deque(Question("lab/late", "assay_lab:Late", Case(f"case-{n:02d}", {"n": n}, cost=cost), 30.0)
                 for n in range(count))


def test_chunks_are_dealt_like_cards_and_can_travel() -> None:
    task = Task("lab-plain", Job({}), questions(7), 30.0, after="lab-base")
    hands = cluster._chunks(task, 3)
    assert [[q.case.id for q in hand.questions] for hand in hands] == [
        ["case-00", "case-03", "case-06"], ["case-01", "case-04"], ["case-02", "case-05"]]
    assert len(cluster._chunks(task, 20)) == 7
    assert pickle.loads(pickle.dumps(hands[0])).questions == hands[0].questions
    assert len(task.questions) == 7


def test_everything_costs_only_itself_there_too(toy: Any, do: Any, store: Any, capfd: Any) -> None:
    before = set(multiprocessing.active_children())
    ran = do("toy/trouble toy/negatives", "toy-exact toy-unloadable toy-positive", jobs=2,
             workforce=workforce("local"), cases=("first", "raises", "aborts", "hangs", "skips", "last", "negative-*"))
    of = {(event["benchmark"], event["model"], event["case"]): (event["status"], event["reason"])
          for event in ran.of("case")}
    trouble = {case: of["toy/trouble", "toy-exact", case] for case in ("first", "raises", "aborts", "hangs", "skips",
                                                                      "last")}
    assert trouble == {
        "first": ("ok", ""), "last": ("ok", ""), "skips": ("skipped", "does not apply"),
        "raises": ("failed", "ValueError: two lines of text"), "aborts": ("failed", "worker died: signal SIGABRT"),
        "hangs": ("failed", "timed out after 2 s")}
    assert {found for (_, model, _), found in of.items() if model == "toy-unloadable"} == {
        ("failed", "load: RuntimeError: the weights are damaged")}
    assert of["toy/negatives", "toy-positive", "negative-1"] == ("skipped", "knows no negative numbers")
    assert ran.outcome.exit_code == 4
    assert ran.outcome.log is not None
    assert "two lines" in ran.outcome.log.read_text()
    assert len(store.records()) == len(of) == len(ran.of("case"))
    # The cluster that was started for the run has ended with it.
    assert set(multiprocessing.active_children()) <= before
    assert do("toy/negatives", "toy-exact", workforce=workforce("local")).outcome.reused == 5


def test_a_model_that_uses_what_another_computed_waits_for_it_there_too(lab: Any, do: Any, notes: Path) -> None:
    ran = do("lab/late", "lab-twin lab-base lab-counted", jobs=2, workforce=workforce("local"))
    assert ran.outcome.ok == 12
    models = [event["model"] for event in ran.of("case")]
    assert set(models[-4:]) == {"lab-twin"}
    # Each chunk has a worker of its own, and counts for itself.
    chunks = min(4, 2 * cluster.CHUNKS_A_WORKER)
    assert ran.events[-1]["evaluations"] == {"engine": {"computed": 2 * chunks, "cached": 3 * chunks}}


def test_a_scheduler_that_runs_already_is_used_and_left_running(do: Any, lab: Any, toy: Any) -> None:
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as made:
        ran = do("lab/late", "lab-plain", workforce=workforce(made.scheduler_address))
        assert ran.outcome.ok == 4
        with distributed.Client(made.scheduler_address) as client:
            assert client.submit(sum, [1, 2]).result(timeout=60) == 3


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "no address", "nowhere://x"])
def test_a_scheduler_that_cannot_be_reached_is_an_error(lab: Any, python: Any, address: str, tmp_path: Path) -> None:
    # In a process of its own, as a command is: dask does not forget a failed attempt.
    code = """
import sys, assay_lab
from assay import AssayError, Store
from assay.flow import cluster, runner
from assay.core.registry import registry
from assay.flow.selection import Selection
cluster.CONNECT_TIMEOUT = 0.5
with Store(sys.argv[1]) as store:
    pairs = runner.plan(store, Selection(("lab/late",), ("lab-plain",)), registry)
    try:
        runner.run(pairs, store, registry, workforce=cluster.workforce(sys.argv[2]))
    except AssayError as error:
        print(error.code, error.message, error.hint, sep="|")
"""
    said = python(code, str(tmp_path / "home"), address).stdout
    assert said.startswith(f"2|--cluster {address}: cannot be reached: ")
    assert "local, slurm" in said


def test_without_the_packages_the_error_says_which_extra(lab: Any, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(AssayError, match="--cluster needs distributed") as caught:
        do("lab/late", "lab-plain", workforce=workforce("local"))
    assert caught.value.hint == "pip install 'assay[cluster]'"
