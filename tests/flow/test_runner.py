"""A run: what is planned, what is kept whatever happens, and how it is told."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay import AssayError, Model, Store
from assay.core.registry import registry
from assay.flow import runner
from assay.flow.runner import Outcome
from assay.flow.selection import Selection

DRIVER = """
import sys, assay_toy, assay_lab
from assay import Store
from assay.flow import runner
from assay.core.registry import registry
from assay.flow.selection import Selection
with Store(sys.argv[1]) as store:
    pairs = runner.plan(store, Selection((sys.argv[2],), (sys.argv[3],)), registry)
    outcome = runner.run(pairs, store, registry, jobs=2)
print(outcome.ok, outcome.failed, outcome.skipped, outcome.reused)
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def drive(toy: Any, lab: Any, store: Store) -> Start:
    """Start a driver in a process of its own: benchmark and model, on the test's store."""

    def drive(benchmark: str, model: str) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", DRIVER, str(store.root), benchmark, model],
                                stdout=subprocess.PIPE, text=True)

    return drive


# -- what is done


def test_a_run_computes_stores_and_tells(toy: Any, do: Any, store: Store) -> None:
    ran = do("toy/sums", "toy-biased")
    assert (ran.outcome.ok, ran.outcome.failed, ran.outcome.skipped, ran.outcome.reused) == (12, 0, 0, 0)
    assert ran.outcome.exit_code == 0
    assert [event["event"] for event in ran.events] == ["plan", "load", *["case"] * 12, "end"]
    assert ran.events[0] == {"event": "plan", "benchmark": "toy/sums", "model": "toy-biased", "todo": 12, "reused": 0}
    assert ran.events[-1] == {"event": "end", "ok": 12, "failed": 0, "skipped": 0, "reused": 0, "evaluations": {},
                              "seconds": ran.outcome.seconds}
    case = ran.of("case")[0]
    assert set(case) == {"event", "benchmark", "model", "case", "status", "reason", "seconds"}
    records = store.records()
    assert [record.case for record in records] == [f"sum-{n:02d}" for n in range(12)]
    assert records[3]["predicted"] == records[3]["reference"] + 0.5
    assert store.read_artefact(records[0].artefacts["sum"]) == b"0 + 0 + 0.5 = 1.0\n"
    assert records[0].tags == ("even", "el:H")
    assert records[0].model_digest == registry.models["toy-biased"].digest


def test_the_circumstances_are_the_workers(toy: Any, do: Any, store: Store) -> None:
    do("toy/sums", "toy-exact", limit=1)
    found = store.provenance(store.records()[0].provenance)
    assert found["source"] == registry.benchmarks["toy/sums"].source_hash()
    assert found["python"] == sys.version.split()[0]
    assert "pytest" not in found["packages"]  # which this process, the driver, has imported
    assert {"machine", "device", "assay", "seed", "commit", "threads"} <= set(found)


def test_a_second_run_does_nothing(toy: Any, do: Any) -> None:
    do("toy/sums", "toy-exact")
    ran = do("toy/sums", "toy-exact")
    assert [event["event"] for event in ran.events] == ["plan", "end"]
    assert (ran.outcome.ok, ran.outcome.reused, ran.outcome.exit_code) == (0, 12, 0)


@pytest.mark.parametrize(("again", "expected"), [("none", 1), ("failed", 1), ("all", 3)])
def test_failed_cases_are_tried_again_others_only_when_told(toy: Any, do: Any, monkeypatch: pytest.MonkeyPatch,
                                                           again: str, expected: int) -> None:
    assert do("toy/curves", "toy-exact").cases["broken"] == ("failed", "ValueError: the series does not converge")
    monkeypatch.setenv("TOY_REPAIRED", "1")
    ran = do("toy/curves", "toy-exact", again=again)
    assert (ran.outcome.ok, ran.outcome.failed) == (expected, 0)
    assert ran.cases["broken"] == ("ok", "")


def test_again_failed_leaves_what_was_never_done(toy: Any, do: Any) -> None:
    do("toy/curves", "toy-exact", cases=("broken", "by-1"))
    ran = do("toy/curves", "toy-exact", again="failed")
    assert list(ran.cases) == ["broken"]
    assert do("toy/curves", "toy-exact").cases.keys() == {"broken", "by-2"}


def test_what_still_fails_is_one_in_the_exit_code(toy: Any, do: Any) -> None:
    assert do("toy/curves", "toy-exact").outcome.exit_code == 1
    assert do("toy/curves", "toy-exact").outcome.exit_code == 1


def test_the_dearest_case_comes_first(lab: Any, do: Any, notes: Path) -> None:
    do("lab/costly", "lab-plain")
    assert [line.split()[-1] for line in notes.read_text().splitlines()[1:]] == ["cost-5", "cost-3", "cost-1"]


def test_a_corrected_model_comes_after_the_bare_one(lab: Any, do: Any) -> None:
    models = [event["model"] for event in do("lab/late", "lab-twin lab-base", jobs=2).of("case")]
    assert models == ["lab-base"] * 4 + ["lab-twin"] * 4


def test_a_model_is_loaded_once_for_several_benchmarks(toy: Any, do: Any) -> None:
    ran = do("toy/sums toy/negatives", "toy-exact")
    assert {event["benchmark"] for event in ran.of("case")} == {"toy/sums", "toy/negatives"}
    assert len(ran.of("load")) == 1


def test_changed_inputs_another_version_or_other_options_are_other_results(toy: Any, do: Any, store: Store,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    from assay import Case

    do("toy/negatives", "toy-exact")
    cases = [Case("negative-1", {"numbers": [-1, 1, 5]}), *list(toy.benchmarks.Negatives().cases())[1:]]
    monkeypatch.setattr(toy.benchmarks.Negatives, "cases", lambda self: cases)
    assert list(do("toy/negatives", "toy-exact").cases) == ["negative-1"]
    monkeypatch.setattr(toy.benchmarks.Negatives, "version", 2)
    assert len(do("toy/negatives", "toy-exact").cases) == 5
    other = Model("toy-exact", "toy", "assay_toy.models:adder", {"bias": 1.0})
    monkeypatch.setitem(registry.models, "toy-exact", other)
    assert len(do("toy/negatives", "toy-exact").cases) == 5
    assert store.count() == 5 + 1 + 5 + 5


# -- trouble, each costing only itself

REASONS = {
    "first": ("ok", ""), "last": ("ok", ""), "chatter": ("ok", ""), "skips": ("skipped", "does not apply"),
    "raises": ("failed", "ValueError: two lines of text"),
    "nan": ("failed", "values['predicted'] is nan: expected finite numbers"),
    "infinite": ("failed", "values['curve']['y'][1] is inf: expected finite numbers"),
    "not-json": ("failed", "values are not JSON: Object of type object is not JSON serializable"),
    "hangs": ("failed", "timed out after 2 s"),
    "aborts": ("failed", "worker died: signal SIGABRT"),
    "exits": ("failed", "worker died: exit code 3"),
    "killed": ("failed", "worker died: signal SIGKILL"),
    "hungry": ("failed", "MemoryError"),
    "no-record": ("failed", "calc returned dict: expected a Record"),
}


def test_every_trouble_costs_its_case_and_says_why(toy: Any, do: Any, store: Store, capfd: Any) -> None:
    ran = do("toy/trouble", "toy-exact", jobs=2)
    assert ran.cases == REASONS
    assert ran.outcome.exit_code == 1
    assert {record.case: (record.status, record.reason) for record in store.records()} == REASONS
    assert ran.outcome.log is not None
    log = ran.outcome.log.read_text()
    for text in ("toy/trouble toy-exact raises", "Traceback", "ValueError: two lines", "chatter from C",
                 "chatter from Python"):
        assert text in log
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_run_in_which_nothing_is_said_leaves_no_log(toy: Any, do: Any, store: Store) -> None:
    assert do("toy/sums", "toy-exact").outcome.log is None
    assert list((store.root / "logs").iterdir()) == []


def test_texts_that_cannot_be_stored_cost_their_case(lab: Any, do: Any, store: Store) -> None:
    ran = do("lab/texts", "lab-plain")
    statuses = {case: status for case, (status, _) in ran.cases.items()}
    assert statuses == {"surrogate-value": "failed", "surrogate-reason": "failed", "surrogate-skip": "skipped",
                        "surrogate-label": "failed", "no-bytes": "failed", "path-in-suffix": "failed",
                        "list-of-values": "failed", "unicode": "ok", "large": "ok", "last": "ok"}
    assert ran.cases["surrogate-skip"][1] == "no file \\udce4.txt"
    by_case = {record.case: record for record in store.records()}
    assert by_case["unicode"]["text"] == "\x00\u2028Ä\U0001f600\n"
    assert len(store.read_artefact(by_case["large"].artefacts["a"])) == 256 * 40 << 10
    assert not list(store.root.parent.rglob("outside.txt"))


@pytest.mark.parametrize(("model", "reason"), [
    ("toy-unloadable", "load: RuntimeError: the weights are damaged"),
    ("toy-missing-package", "load: ModuleNotFoundError: No module named 'assay_toy_weights_that_nobody_has'"),
    ("toy-dies", "load: worker died: signal SIGABRT, 3 times"),
])
def test_a_model_that_cannot_load_costs_its_cases_and_others_run(toy: Any, do: Any, model: str, reason: str) -> None:
    ran = do("toy/negatives", f"{model} toy-exact", jobs=2)
    of = {name: {(e["status"], e["reason"]) for e in ran.of("case") if e["model"] == name}
          for name in (model, "toy-exact")}
    assert of == {model: {("failed", reason)}, "toy-exact": {("ok", "")}}
    assert ran.outcome.exit_code == 4


def test_cases_that_failed_to_load_are_tried_again(toy: Any, do: Any) -> None:
    do("toy/negatives", "toy-unloadable")
    ran = do("toy/negatives", "toy-unloadable")
    assert (ran.outcome.failed, ran.outcome.exit_code) == (5, 4)


def test_a_load_that_takes_too_long_is_stopped(toy: Any, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toy.benchmarks.Negatives, "load_timeout", 0.5)
    ran = do("toy/negatives", "toy-sleeper")
    assert {reason for _, reason in ran.cases.values()} == {"load: timed out after 0.5 s"}
    assert ran.outcome.exit_code == 4


def test_the_clock_of_the_load_is_not_the_clock_of_the_case(lab: Any, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.Late, "case_timeout", 20.0)
    monkeypatch.setattr(lab.Late, "load_timeout", 60.0)
    entry = Model("lab-slow", "lab", "assay_lab:load", {"seconds": 1.0})
    monkeypatch.setitem(registry.models, entry.name, entry)
    ran = do("lab/late", "lab-slow")
    assert ran.outcome.ok == 4
    assert ran.of("load")[0]["seconds"] >= 1.0
    assert all(event["seconds"] < 1.0 for event in ran.of("case"))


def test_a_model_without_weights_runs_nothing_and_others_run(lab: Any, do: Any, store: Store,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Model("lab-p-weights", "lab", "assay_lab:load", {"p": "{weights}"}, url="https://toy.invalid/w.pt")
    monkeypatch.setitem(registry.models, entry.name, entry)
    ran = do("lab/late", "lab-p-weights lab-plain")
    assert ran.outcome.exit_code == 4
    assert [error["model"] for error in ran.of("error")] == ["lab-p-weights"]
    assert store.pairs() == [("lab/late", "lab-plain")]


def test_missing_data_are_looked_for_once_and_other_benchmarks_run(toy: Any, do: Any, store: Store) -> None:
    ran = do("toy/numbers toy/negatives", "toy-exact toy-biased")
    assert ran.outcome.exit_code == 3
    assert {error["benchmark"] for error in ran.of("error")} == {"toy/numbers"}
    assert {"toy/numbers/numbers.txt" in error["message"] or "numbers/numbers.txt" in error["message"]
            for error in ran.of("error")} == {True}
    assert store.pairs() == [("toy/negatives", "toy-biased"), ("toy/negatives", "toy-exact")]


def test_data_of_a_mirror_are_used(toy: Any, do: Any, toy_mirror: Path) -> None:
    assert do("toy/numbers", "toy-exact").outcome.ok == 3


@pytest.mark.parametrize(("name", "text"), [
    ("lab/no-cases", "lab/no-cases: its cases cannot be had: KeyError: 'structures'"),
    ("lab/no-support", "lab/no-support: cannot say whether it supports lab-plain: AttributeError: meta"),
])
def test_what_a_benchmark_raises_when_asked_costs_its_pairs(lab: Any, do: Any, name: str, text: str) -> None:
    ran = do(f"{name} lab/late", "lab-plain")
    assert [error["message"] for error in ran.of("error")] == [text]
    assert ran.outcome.exit_code == 3
    assert {event["benchmark"] for event in ran.of("case")} == {"lab/late"}


def test_two_cases_of_one_id_end_it_before_anything_runs(toy: Any, do: Any, store: Store,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Model("spoilt-model", "spoilt", "assay_toy.models:adder")
    monkeypatch.setitem(registry.models, entry.name, entry)
    with pytest.raises(AssayError, match="'twin' occurs twice") as caught:
        do("spoilt/twins toy/negatives", "spoilt-model toy-exact")
    assert caught.value.code == 2
    assert store.count() == 0


def test_a_pair_that_is_not_supported_is_skipped_without_a_worker(toy: Any, do: Any, store: Store) -> None:
    ran = do("toy/negatives", "toy-positive")
    assert set(ran.cases.values()) == {("skipped", "knows no negative numbers")}
    assert ran.of("load") == []
    assert (ran.outcome.skipped, ran.outcome.exit_code) == (5, 0)
    assert do("toy/negatives", "toy-positive").outcome.reused == 5


def test_a_case_glob_that_matches_nothing_exits_with_five(toy: Any, do: Any) -> None:
    with pytest.raises(AssayError, match="no case matches 'sum-99'") as caught:
        do("toy/sums", "toy-exact", cases=("sum-99",))
    assert caught.value.code == 5


def test_cases_tagged_full_run_when_asked_for(toy: Any, do: Any) -> None:
    assert "sum-long" not in do("toy/sums", "toy-exact").cases
    assert list(do("toy/sums", "toy-exact", cases=("sum-l*",)).cases) == ["sum-long"]
    assert do("toy/sums", "toy-exact", full=True).outcome.reused == 13


@pytest.mark.parametrize(("codes", "failed", "expected"), [
    (set(), 0, 0), (set(), 2, 1), ({4}, 2, 4), ({4, 3}, 2, 3), ({3}, 0, 3), ({5, 4}, 1, 4),
])
def test_data_before_load_before_failed_in_the_exit_code(codes: set[int], failed: int, expected: int) -> None:
    assert Outcome(failed=failed, codes=codes).exit_code == expected


def test_counts_of_evaluations_are_in_the_last_event(lab: Any, do: Any) -> None:
    ran = do("lab/late", "lab-counted")
    assert ran.events[-1]["evaluations"] == {"engine": {"computed": 2, "cached": 3}}


def test_a_store_whose_logs_cannot_be_written_is_an_error(toy: Any, do: Any, store: Store) -> None:
    (store.root / "logs").write_text("a file where the folder should be")
    with pytest.raises(AssayError, match="log of the run cannot be written"):
        do("toy/sums", "toy-exact")


# -- killed, interrupted, two at once


def test_a_killed_driver_loses_what_was_in_flight_and_the_next_does_only_the_rest(drive: Start, store: Store,
                                                                                  notes: Path, until: Any,
                                                                                  gone: Any) -> None:
    driver = drive("lab/naps", "lab-plain")
    until(lambda: store.count() >= 3)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    groups = {int(line.split()[1]) for line in notes.read_text().splitlines()}
    assert all(gone(group) for group in groups)
    done = {record.case for record in store.records()}
    begun = [line.split()[-1] for line in notes.read_text().splitlines() if "nap-" in line]
    assert 3 <= len(done) < 10
    assert len(set(begun) - done) <= 2  # one a worker
    notes.write_text("")
    second = drive("lab/naps", "lab-plain")
    out, _ = second.communicate(timeout=120)
    assert out.split() == [str(10 - len(done)), "0", "0", str(len(done))]
    again = [line.split()[-1] for line in notes.read_text().splitlines() if "nap-" in line]
    assert sorted(again) == sorted({f"nap-{n:02d}" for n in range(10)} - done)
    assert store.count() == 10


def test_two_drivers_on_one_store_at_once(drive: Start, store: Store) -> None:
    drivers = [drive("toy/*", "toy-exact"), drive("toy/*", "toy-biased"), drive("toy/sums", "toy-exact")]
    for driver in drivers:
        driver.communicate(timeout=240)
        assert driver.returncode == 0
    for model in ("toy-exact", "toy-biased"):
        assert {r.case: (r.status, r.reason) for r in store.records("toy/trouble", model)} == REASONS
        assert len(store.records("toy/sums", model)) == 12
    assert store._db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_an_interrupt_keeps_what_is_there_and_leaves_no_worker(drive: Start, store: Store, notes: Path, until: Any,
                                                               gone: Any) -> None:
    driver = drive("lab/naps", "lab-plain")
    until(lambda: store.count() >= 2)
    driver.send_signal(signal.SIGINT)
    driver.wait(timeout=60)
    assert driver.returncode == -signal.SIGINT  # an uncaught KeyboardInterrupt; the command line makes it 130
    for group in {int(line.split()[1]) for line in notes.read_text().splitlines()}:
        assert gone(group)
    assert 2 <= store.count() < 10


# -- how much it costs


def test_what_a_case_costs_beside_itself(lab: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure to read (-rP), not to fail on: this machine may be busy."""
    from assay import Case

    cases = [Case(f"case-{n:04d}", {"n": n}) for n in range(1000)]
    monkeypatch.setattr(lab.Late, "cases", lambda self: cases)
    pairs = runner.plan(store, Selection(("lab/late",), ("lab-plain",)), registry)
    seen: list[float] = []
    runner.run(pairs, store, registry, jobs=1,
               on_event=lambda event: seen.append(time.perf_counter()) if event["event"] == "case" else None)
    assert store.count() == 1000
    began = time.perf_counter()
    with Store(store.root / "other") as other:
        for record in store.records():
            other.put([record], {})
    commits = time.perf_counter() - began
    gaps = sorted(after - before for before, after in itertools.pairwise(seen))
    print(f"a case: {(seen[-1] - seen[0]):.2f} ms on average, {gaps[500] * 1000:.2f} ms in the median; "
          f"a commit alone: {commits:.2f} ms; load {os.getloadavg()[0]:.1f}")
