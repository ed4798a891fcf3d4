"""The worker: messages on its pipes and nothing else, limits, and an end that does not depend on the case it is at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import Artefact, Case, Model, Record
from assay.core import worker
from assay.core.worker import Job, Located, decoded

Talk = Callable[..., tuple[list[dict[str, Any]], str, int]]
SUMS, TROUBLE = "assay_toy.benchmarks:Sums", "assay_toy.benchmarks:Trouble"


def job(loader: str = "assay_toy.models:adder", wrap: str | None = None, **options: Any) -> dict[str, Any]:
    return asdict(Job(Model("m", "toy", loader, options).to_json(), wrap))


def ask(benchmark: str, name: str, **inputs: Any) -> dict[str, Any]:
    return {"benchmark": benchmark, "case": asdict(Case(name, inputs))}


@pytest.fixture
def talk(toy: Any, lab: Any) -> Talk:
    """Start a worker, say all lines, close its standard input; returns its messages, stderr and exit code."""

    def talk(*lines: dict[str, Any], before: str = "", **variables: str) -> tuple[list[dict[str, Any]], str, int]:
        code = f"{before}\nfrom assay.core.worker import main; main()"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                              input="".join(json.dumps(line) + "\n" for line in lines), start_new_session=True,
                              env={**os.environ, **variables}, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr, done.returncode

    return talk


def test_it_answers_every_question_and_ends_with_its_input(talk: Talk) -> None:
    messages, err, code = talk(job(bias=0.5), *(ask(SUMS, f"s{n}", numbers=[n, 1.0]) for n in range(3)))
    assert [message["event"] for message in messages] == ["ready", "record", "record", "record"]
    assert [message["values"]["predicted"] for message in messages[1:]] == [1.5, 2.5, 3.5]
    assert [message["status"] for message in messages[1:]] == ["ok"] * 3
    assert (err, code) == ("", 0)


def test_without_a_question_it_loads_and_ends(talk: Talk) -> None:
    messages, _, code = talk(job())
    assert [message["event"] for message in messages] == ["ready"]
    assert code == 0


@pytest.mark.parametrize(("loader", "reason"), [
    ("assay_toy.models:unloadable", "load: RuntimeError: the weights are damaged"),
    ("assay_toy.models:missing_package",
     "load: ModuleNotFoundError: No module named 'assay_toy_weights_that_nobody_has'"),
    ("no_such_module:load", "load: ModuleNotFoundError: No module named 'no_such_module'"),
    ("assay_toy.models:no_such_loader", "load: AttributeError: "),
])
def test_a_model_that_cannot_load_is_said_with_its_traceback(talk: Talk, loader: str, reason: str) -> None:
    messages, _, code = talk(job(loader), ask(SUMS, "s", numbers=[1]))
    (message,) = messages
    assert message["event"] == "unloadable"
    assert message["reason"].startswith(reason)
    assert "Traceback" in message["trace"]
    assert code == 0


def test_a_model_may_notice_late_that_it_cannot_load(talk: Talk) -> None:
    lines = [ask("assay_lab:Late", f"case-{n:02d}", n=n) for n in range(4)]
    messages, _, _ = talk(job("assay_lab:load", late=True), *lines)
    assert [message["event"] for message in messages] == ["ready", "record", "unloadable"]
    assert messages[-1]["reason"] == "load: the second part of the weights is missing"


@pytest.mark.parametrize(("case", "status", "reason"), [
    ("first", "ok", ""),
    ("raises", "failed", "ValueError: two lines of text"),
    ("nan", "failed", "values['predicted'] is nan: expected finite numbers"),
    ("infinite", "failed", "values['curve']['y'][1] is inf: expected finite numbers"),
    ("not-json", "failed", "values are not JSON: Object of type object is not JSON serializable"),
    ("hungry", "failed", "MemoryError"),
    ("skips", "skipped", "does not apply"),
    ("no-record", "failed", "calc returned dict: expected a Record"),
])
def test_what_a_case_does_becomes_its_record(talk: Talk, case: str, status: str, reason: str) -> None:
    _, answer = talk(job(), ask(TROUBLE, case))[0]
    assert (answer["status"], answer["reason"]) == (status, reason)
    assert ("Traceback" in answer["trace"]) == (case in ("raises", "hungry"))


def test_what_a_model_prints_from_python_and_from_c_is_no_message(talk: Talk) -> None:
    messages, err, _ = talk(job(), ask(TROUBLE, "chatter"), ask(TROUBLE, "last"))
    assert [message["event"] for message in messages] == ["ready", "record", "record"]
    assert "chatter from C" in err
    assert "chatter from Python" in err


def test_the_circumstances_come_when_they_change(talk: Talk) -> None:
    messages, _, _ = talk(job(), *(ask(SUMS, f"s{n}", numbers=[n]) for n in range(3)))
    assert messages[1]["provenance"]["python"] == sys.version.split()[0]
    assert "provenance" not in messages[2]
    assert "provenance" not in messages[3]


def test_draws_do_not_depend_on_what_was_asked_before(talk: Talk) -> None:
    dice = "assay_lab:Dice"
    first, second = talk(job("assay_lab:load"), ask(dice, "a"), ask(dice, "b"))[0][1:]
    assert second["values"]["x"] == first["values"]["x"]
    (alone,) = talk(job("assay_lab:load"), ask(dice, "b"), before="import numpy")[0][1:]
    assert alone["values"] == second["values"]


def test_a_family_wraps_what_was_loaded(talk: Talk) -> None:
    messages, _, _ = talk(job("assay_lab:load", "assay_lab:wrapped"), ask("assay_lab:Naps", "nap", n=1))
    assert messages[1]["status"] == "ok"
    messages, _, _ = talk(job("assay_lab:load", "assay_lab:no_such_wrapper"))
    assert messages[0]["reason"].startswith("load: AttributeError")


@pytest.mark.parametrize(("evaluations", "expected"), [
    ({"engine": {"computed": 2, "cached": 3}}, {"engine": {"computed": 2, "cached": 3}}),
    ("many", {}), ([1, 2], {}), ({"engine": 3}, {}), ({"engine": {"computed": 2}}, {}), (None, {}),
])
def test_counts_of_evaluations_are_told_and_other_attributes_are_not(talk: Talk, evaluations: Any,
                                                                     expected: Any) -> None:
    messages, _, code = talk(job("assay_lab:load", evaluations=evaluations), ask("assay_lab:Late", "case-00", n=1))
    assert messages[1]["evaluations"] == expected
    assert code == 0


@given(st.dictionaries(st.text(), st.builds(Artefact, st.sampled_from(["text", "image"]), st.binary(),
                                            st.sampled_from([".txt", ""]), st.text()), max_size=3),
       st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False), max_size=3))
def test_a_record_survives_the_pipe(artefacts: dict[str, Artefact], values: dict[str, Any]) -> None:
    record = Record(values, artefacts)
    message = {"values": values, "status": "ok", "reason": "",
               "artefacts": {name: worker._encoded(item) for name, item in artefacts.items()}}
    assert decoded(json.loads(json.dumps(message))) == record


# -- limits

LIMITS = """
import resource
from assay.core import worker
resource.setrlimit(resource.RLIMIT_DATA, {limits})
worker.limit_memory({device!r})
print(*resource.getrlimit(resource.RLIMIT_DATA), open("/proc/self/oom_score_adj").read())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are those of Linux")
@pytest.mark.parametrize(("limits", "device", "expected"), [
    ((-1, -1), "cpu", None), ((-1, -1), "cuda", -1), ((1 << 30, -1), "cpu", 1 << 30),
    ((1 << 29, 1 << 30), "cpu", 1 << 29), ((1 << 30, 1 << 30), "cpu", 1 << 30),
])
def test_the_memory_is_that_of_the_machine_or_less_where_a_limit_is_set(python: Any, limits: tuple[int, int],
                                                                        device: str, expected: int | None) -> None:
    soft, hard, score = map(int, python(LIMITS.format(limits=limits, device=device)).stdout.split())
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert soft == (machine if expected is None else expected)
    assert hard == limits[1]
    assert score == 800


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are those of Linux")
def test_a_worker_limits_itself_before_the_model_is_loaded(talk: Talk) -> None:
    values = talk(job("assay_lab:load"), ask("assay_lab:Limits", "case-00", n=0))[0][1]["values"]
    assert values == {"x": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "oom": 800}


def test_a_case_that_fills_the_memory_little_by_little_costs_only_itself(talk: Talk) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_DATA, (1 << 28, 1 << 28))"
    lines = [ask("assay_lab:Greedy", f"case-{n:02d}", n=n) for n in range(3)]
    messages, _, code = talk(job("assay_lab:load"), *lines, before=limit)
    assert [message["status"] for message in messages[1:]] == ["ok", "failed", "ok"]
    assert messages[2]["reason"] == "MemoryError"
    assert code == 0


# -- modules by location


def test_named_modules_are_found_by_location_and_their_neighbours_are_not(tmp_path: Path,
                                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "__init__.py").write_text("name = 'packed'")
    (tmp_path / "packed" / "inner.py").write_text("name = 'inner'")
    (tmp_path / "single_file.py").write_text("name = 'single'")
    (tmp_path / "neighbour_file.py").write_text("")
    finder = Located({"packed": str(tmp_path / "packed"), "single_file": str(tmp_path / "single_file.py")})
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    for name in ("packed.inner", "packed", "single_file"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert __import__("packed.inner").inner.name == "inner"
    assert __import__("single_file").name == "single"
    assert finder.find_spec("neighbour_file") is None
    with pytest.raises(ImportError):
        __import__("neighbour_file")


# -- the end


def start(*lines: dict[str, Any], notes: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", "assay.core.worker"], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, start_new_session=True)
    assert process.stdin is not None
    process.stdin.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    process.stdin.flush()
    return process


def test_it_ends_when_its_input_is_closed_also_inside_a_case_that_holds_the_lock(toy: Any, lab: Any, notes: Path,
                                                                                 until: Any, gone: Any) -> None:
    process = start(job("assay_lab:load"), ask("assay_lab:Locked", "case-01", n=1), notes=notes)
    until(lambda: "started case-01" in notes.read_text())
    assert process.poll() is None
    assert process.stdin is not None
    closed = time.monotonic()
    process.stdin.close()
    assert gone(process.pid)
    print(f"gone {time.monotonic() - closed:.2f} s after its input was closed")
    assert process.wait() == -signal.SIGKILL


def test_the_watch_ends_with_the_worker(toy: Any, lab: Any, notes: Path, gone: Any) -> None:
    process = start(job(), ask(TROUBLE, "aborts"), notes=notes)
    assert process.wait(timeout=60) == -signal.SIGABRT
    assert gone(process.pid)
    assert process.stdin is not None
    process.stdin.close()


def test_kill_9_of_the_driver_leaves_no_orphan(store: Any, notes: Path, lab: Any, until: Any, gone: Any) -> None:
    code = """
import sys, assay_lab
from assay import Store
from assay.flow import runner
from assay.core.registry import registry
from assay.flow.selection import Selection
store = Store(sys.argv[1])
pairs = runner.plan(store, Selection(("lab/locked",), ("lab-plain",)), registry)
runner.run(pairs, store, registry, jobs=1)
"""
    driver = subprocess.Popen([sys.executable, "-c", code, str(store.root)])
    line = until(lambda: [line for line in notes.read_text().splitlines() if line.endswith("started case-01")])[0]
    group = int(line.split()[1])
    driver.kill()
    killed = time.monotonic()
    driver.wait()
    assert gone(group)
    print(f"gone {time.monotonic() - killed:.2f} s after the driver was killed")
    # What was answered before is kept.
    assert [record.case for record in store.records("lab/locked")] == ["case-00"]
