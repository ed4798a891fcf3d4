"""download, calc and run, as a shell script meets them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay import Store

SUMS = ("-b", "toy/sums", "-m", "toy-exact")


def of_kind(outcome, kind: str) -> list[dict]:
    return [event for event in outcome.events if event["event"] == kind]


# -- calc


def test_json_lines(assay) -> None:
    outcome = assay("calc", *SUMS, "--limit", "2", "--json")
    plan, first, second, end = outcome.events
    assert plan == {"event": "plan", "benchmark": "toy/sums", "model": "toy-exact", "todo": 2, "reused": 0}
    assert set(first) == {"event", "benchmark", "model", "case", "status", "reason", "seconds"}
    assert {first["case"], second["case"]} == {"sum-00", "sum-01"}
    assert {key: end[key] for key in ("event", "ok", "failed", "skipped", "reused")} == {
        "event": "end", "ok": 2, "failed": 0, "skipped": 0, "reused": 0}
    assert end["seconds"] > 0
    assert isinstance(end["evaluations"], dict)


def test_second_run_does_nothing_and_says_so(assay) -> None:
    assay("calc", *SUMS)
    outcome = assay("calc", *SUMS, "--json")
    assert [event["event"] for event in outcome.events] == ["plan", "end"]
    assert (outcome.events[-1]["ok"], outcome.events[-1]["reused"]) == (0, 12)
    assert "12 there before" in assay("calc", *SUMS).out


def test_failed_cases_are_tried_again_and_cost_exit_1(assay) -> None:
    one = ("calc", "-b", "toy/curves", "-m", "toy-exact")
    first = assay(*one, "--json", code=1)
    assert (first.events[-1]["ok"], first.events[-1]["failed"]) == (2, 1)
    assert "1 case failed" in first.err
    assert "the series does not converge" in first.err
    again = assay(*one, "--json", code=1)
    assert [event["case"] for event in of_kind(again, "case")] == ["broken"]
    repaired = assay(*one, "--json", env={"TOY_REPAIRED": "1"})
    assert (repaired.events[-1]["ok"], repaired.events[-1]["reused"]) == (1, 2)


def test_again(assay) -> None:
    one = ("calc", "-b", "toy/curves", "-m", "toy-exact", "--json")
    assay(*one, "--case", "by-1")
    assay(*one, "--case", "broken", code=1)
    assert [e["case"] for e in of_kind(assay(*one, "--again", "failed", code=1), "case")] == ["broken"]
    assert sorted(e["case"] for e in of_kind(assay(*one, "--again", "all", code=1), "case")) == [
        "broken", "by-1", "by-2"]


def test_every_trouble_costs_one_case(assay) -> None:
    outcome = assay("calc", "-b", "toy/trouble", "-m", "toy-exact", "--json", "--jobs", "2", code=1)
    found = {event["case"]: (event["status"], event["reason"]) for event in of_kind(outcome, "case")}
    assert found == {
        "first": ("ok", ""), "last": ("ok", ""), "chatter": ("ok", ""),
        "skips": ("skipped", "does not apply"),
        "raises": ("failed", "ValueError: two lines of text"),
        "nan": ("failed", "values['predicted'] is nan: expected finite numbers"),
        "infinite": ("failed", "values['curve']['y'][1] is inf: expected finite numbers"),
        "not-json": ("failed", found["not-json"][1]),
        "hangs": ("failed", "timed out after 2 s"),
        "aborts": ("failed", "worker died: signal SIGABRT"),
        "exits": ("failed", "worker died: exit code 3"),
        "killed": ("failed", "worker died: signal SIGKILL"),
        "hungry": ("failed", found["hungry"][1]),
        "no-record": ("failed", "calc returned dict: expected a Record"),
    }
    assert "not JSON" in found["not-json"][1]
    assert "MemoryError" in found["hungry"][1]


def test_worker_traceback_goes_to_the_log_whose_path_is_printed(assay, folders: Path) -> None:
    err = assay("calc", "-b", "toy/curves", "-m", "toy-exact", code=1).err
    log = Path(next(line for line in err.splitlines() if line.startswith("log: "))[5:])
    assert log.is_relative_to(folders / "home")
    assert "Traceback" in log.read_text()
    assert "the series does not converge" in log.read_text()


def test_summary_for_people(assay) -> None:
    outcome = assay("calc", *SUMS, "-m", "toy-positive", "-b", "toy/negatives")
    assert "5 skipped" in outcome.out
    assert "29 ok" in outcome.out
    assert "\x1b" not in outcome.out + outcome.err
    assert "toy/sums  toy-exact: 12 cases to do" in outcome.err
    assert "toy/sums  toy-exact: 12/12" in outcome.err


def test_model_that_cannot_load_is_4_and_others_run(assay) -> None:
    outcome = assay("calc", *SUMS, "-m", "toy-unloadable", "-m", "toy-missing-package", "--json", code=4)
    assert (outcome.events[-1]["ok"], outcome.events[-1]["failed"]) == (12, 24)
    reasons = {event["model"]: event["reason"] for event in of_kind(outcome, "case") if event["status"] == "failed"}
    assert reasons["toy-unloadable"] == "load: RuntimeError: the weights are damaged"
    assert reasons["toy-missing-package"].startswith("load: ModuleNotFoundError: No module named")


def test_model_that_dies_while_loading_is_given_up(assay) -> None:
    outcome = assay("calc", "-b", "toy/negatives", "-m", "toy-dies", "--json", code=4)
    assert {event["reason"] for event in of_kind(outcome, "case")} == {"load: worker died: signal SIGABRT, 3 times"}


def test_model_that_loads_for_ever_is_given_up(assay) -> None:
    outcome = assay("calc", *SUMS[:2], "-m", "toy-sleeper", "--json", code=4)
    assert {event["reason"] for event in of_kind(outcome, "case")} == {"load: timed out after 5 s"}


def test_missing_data_is_3_before_everything_and_others_run(assay) -> None:
    outcome = assay("calc", "-b", "toy/numbers", *SUMS, "-m", "toy-unloadable", "-b", "toy/curves", "--json", code=3)
    assert outcome.events[-1]["ok"] == 14
    assert outcome.err.count("numbers/numbers.txt: not found") == 1
    assert "ASSAY_MIRROR" in outcome.err


def test_cannot_load_before_failed(assay) -> None:
    assay("calc", "-b", "toy/curves", "-m", "toy-exact", "-m", "toy-unloadable", code=4)


def test_duplicate_case_id_is_an_error_before_anything_runs(assay, folders: Path) -> None:
    Path("assay.toml").write_text('[[model]]\nname = "spoilt"\nfamily = "spoilt"\nloader = "assay_toy.models:adder"\n')
    outcome = assay("calc", "-b", "spoilt/twins", "-m", "spoilt", code=2)
    assert "case id 'twin' occurs twice" in outcome.err
    assert Store(folders / "home").count() == 0


def test_weights_not_at_hand_are_4_at_once_and_say_where_to_put_them(assay) -> None:
    started = time.monotonic()
    outcome = assay("calc", "-b", "atoms/s22", "-m", "mace-mp-0b3", "--limit", "1", code=4)
    assert time.monotonic() - started < 10
    for text in ("mace-mp-0b3-medium.model", "https://", "put the file at"):
        assert text in outcome.err


def test_derived_benchmarks_are_never_run(assay) -> None:
    outcome = assay("calc", "-b", "toy/readiness", "-b", "toy/sums", "-m", "toy-exact", "--limit", "1", "--json")
    assert {event["benchmark"] for event in of_kind(outcome, "plan")} == {"toy/sums"}


def test_interrupt_keeps_what_is_done_and_is_130(folders: Path, assay) -> None:
    command = [sys.executable, "-m", "assay", "calc", "-b", "toy/trouble", "-m", "toy-exact", "--json", "--jobs", "1"]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "plugin_package")}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(3)]  # the plan and two cases
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert len(seen) == 3
    assert Store(folders / "home").count() >= 2


# -- run


def test_run_is_calc_and_analyse(assay) -> None:
    outcome = assay("run", "-b", "toy/curves", "-m", "toy-exact", "--json", code=1)
    assert outcome.events[-1]["event"] == "end"
    analysis = of_kind(outcome, "analysis")[0]
    document = assay("analyse", "-b", "toy/curves", "-m", "toy-exact", "--json").json
    assert (analysis["cells"], analysis["leaderboard"]) == (document["cells"], document["leaderboard"])
    out = assay("run", "-b", "toy/curves", "-m", "toy-exact", code=1).out
    assert "toy: leaderboard" in out


# -- download


def test_download_from_a_mirror(assay, toy_mirror: Path, folders: Path) -> None:
    outcome = assay("download", "-b", "toy/*", "--json")
    entry, = outcome.json["downloads"]
    assert (entry["benchmark"], entry["data"], entry["ok"]) == ("toy/numbers", "numbers", True)
    assert Path(entry["path"]).is_relative_to(folders / "cache")
    toy_mirror.unlink()
    assert assay("download", "-b", "toy/*").code == 0


def test_download_that_fails_is_3_and_says_what_was_expected_and_found(assay, toy_mirror: Path) -> None:
    toy_mirror.write_bytes(b"tampered")
    outcome = assay("download", "-b", "toy/numbers", code=3)
    for text in ("expected: 5e931377", "sha256", str(toy_mirror), "ASSAY_OFFLINE is set"):
        assert text in outcome.err
    assert assay("download", "-b", "toy/numbers", "--json", code=3).json["downloads"][0]["ok"] is False


@pytest.mark.parametrize("args", [("download",), ("calc", "-m", "toy-exact")])
def test_unknown_benchmark_is_5(assay, args: tuple[str, ...]) -> None:
    assert "did you mean toy/sums" in assay(*args, "-b", "toy/summs", code=5).err
