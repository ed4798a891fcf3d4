"""A worker process as its driver sees it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay import Case, Model
from assay.core.worker import Job, decoded
from assay.flow.process import WorkerProcess

Start = Callable[..., WorkerProcess]
SUMS, TROUBLE, TEXTS = "assay_toy.benchmarks:Sums", "assay_toy.benchmarks:Trouble", "assay_lab:Texts"


@pytest.fixture
def start(toy: Any, lab: Any, tmp_path: Path) -> Iterator[Start]:
    """Start workers whose log is a file; they are gone at the end."""
    started: list[WorkerProcess] = []
    with (tmp_path / "log").open("ab", buffering=0) as log:

        def start(loader: str = "assay_toy.models:adder", threads: int = 1, **options: Any) -> WorkerProcess:
            model = Model("m", "toy", loader, options)
            started.append(WorkerProcess(Job(model.to_json(), search=list(sys.path)), None, log, threads))
            return started[-1]

        yield start
        for process in started:
            process.kill()


def hear(process: WorkerProcess) -> tuple[list[dict[str, Any]], bool]:
    """Wait for whole messages, or the end."""
    while True:
        assert select.select([process], [], [], 60)[0], "nothing was said"
        messages, dead = process.messages()
        if messages or dead:
            return messages, dead


def test_it_is_asked_and_answers(start: Start) -> None:
    process = start(bias=1.0)
    assert hear(process)[0][0]["event"] == "ready"
    process.ask(SUMS, Case("a", {"numbers": [1.0, 2.0]}))
    (message,), dead = hear(process)
    assert not dead
    record = decoded(message)
    assert record.values == {"reference": 3.0, "predicted": 4.0}
    assert record.artefacts["sum"].data == b"1.0 + 2.0 = 4.0\n"


def test_an_answer_of_many_megabytes_comes_in_pieces(start: Start) -> None:
    process = start("assay_lab:load")
    hear(process)
    process.ask(TEXTS, Case("large"))
    began = time.process_time()
    (message,), _ = hear(process)
    assert decoded(message).artefacts["a"].data == bytes(range(256)) * (40 << 10)
    print(f"10 MB in {time.process_time() - began:.2f} CPU-s of the driver")
    process.ask(TEXTS, Case("last"))
    assert hear(process)[0][0]["status"] == "ok"


def test_a_question_may_be_larger_than_a_pipe(start: Start) -> None:
    process = start()
    hear(process)
    process.ask(SUMS, Case("a", {"numbers": [1.0] * 300_000}))
    assert hear(process)[0][0]["values"]["predicted"] == 300_000.0


@pytest.mark.parametrize(("case", "cause"), [
    ("aborts", "worker died: signal SIGABRT"), ("exits", "worker died: exit code 3"),
    ("killed", "worker died: signal SIGKILL"),
])
def test_the_cause_of_death_is_named(start: Start, case: str, cause: str, gone: Any) -> None:
    process = start()
    hear(process)
    process.ask(TROUBLE, Case(case))
    assert hear(process) == ([], True)
    assert process.cause_of_death() == cause
    assert gone(process._process.pid)


def test_asking_the_dead_is_noticed_where_it_is_listened_to(start: Start) -> None:
    process = start("assay_toy.models:dies")
    process._process.wait()
    process.ask(SUMS, Case("a"))
    assert hear(process) == ([], True)


def test_a_worker_that_is_told_to_end_ends_by_itself(start: Start, gone: Any) -> None:
    process = start()
    hear(process)
    process.end()
    process.reap()
    assert process._process.returncode == 0
    assert gone(process._process.pid)


def test_a_kill_takes_what_the_worker_started_too(start: Start, gone: Any, notes: Path, until: Any) -> None:
    process = start("assay_lab:load")
    hear(process)
    process.ask("assay_lab:Locked", Case("case-01", {"n": 1}))
    until(lambda: "started case-01" in notes.read_text())
    process.kill()
    assert gone(process._process.pid)
    process.kill()  # and a second time does no harm


def test_the_log_receives_what_is_printed(start: Start, tmp_path: Path) -> None:
    process = start()
    hear(process)
    process.ask(TROUBLE, Case("chatter"))
    assert hear(process)[0][0]["status"] == "ok"
    assert "chatter from C" in (tmp_path / "log").read_text()


def test_the_number_of_threads_reaches_every_library(start: Start) -> None:
    process = start(threads=3)
    # Heard from first: before it has become the worker, its environment reads as empty.
    hear(process)
    environ = Path(f"/proc/{process._process.pid}/environ").read_text().split("\0")
    assert {"OMP_NUM_THREADS=3", "OPENBLAS_NUM_THREADS=3", "MKL_NUM_THREADS=3"} <= set(environ)


def test_a_file_in_the_current_folder_stands_in_for_no_module(start: Start) -> None:
    for name in ("random", "json", "select", "assay_lab"):
        Path(f"{name}.py").write_text("raise RuntimeError('this is not the module')\n")
    process = start("assay_lab:load")
    assert hear(process)[0][0]["event"] == "ready"


def test_it_has_a_session_of_its_own(start: Start) -> None:
    process = start()
    assert os.getsid(process._process.pid) == process._process.pid != os.getsid(0)
    hear(process)


def test_how_long_a_start_takes(toy: Any) -> None:
    """A figure to read (-rP), not to fail on: this machine may be busy."""
    job = b'{"model": {"name": "m", "family": "toy", "loader": "assay_toy.models:adder"}}\n'
    times = []
    for _ in range(3):
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-P", "-m", "assay.core.worker"], input=job, capture_output=True,
                              check=True)
        times.append(time.monotonic() - began)
        assert b"ready" in done.stdout
    print(f"start, load and end of a worker: {min(times):.3f} s at best")
