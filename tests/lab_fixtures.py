"""The lab plugin, stores that are filled by hand, and runs in this process."""

from __future__ import annotations

import http.server
import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from assay import Case, Record, Store
from assay.core.registry import registry
from assay.flow import runner
from assay.flow.selection import Selection

# A busy machine is no reason to fail.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

TESTS = Path(__file__).parent
LAB = TESTS / "lab"
PATH = os.pathsep.join([str(TESTS / "plugin_package"), str(LAB)])


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the lab plugin, imported here; workers that a test starts find it too."""
    monkeypatch.syspath_prepend(str(LAB))
    monkeypatch.setenv("PYTHONPATH", PATH)
    return importlib.import_module("assay_lab")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "home") as store:
        yield store


Fill = Callable[..., None]


@pytest.fixture
def fill(store: Store) -> Fill:
    """Write records of a benchmark by hand: case id -> values, or a reason that starts with the status."""

    def fill(benchmark: Any, model: str, answers: dict[str, Any], digest: str = "d") -> None:
        cases = {case.id: case for case in benchmark.cases()}
        for name, answer in answers.items():
            if isinstance(answer, str):
                status, _, reason = answer.partition(": ")
                record = Record(status=status, reason=reason)  # type: ignore[arg-type]
            else:
                record = Record(answer if isinstance(answer, dict) else {"x": answer})
            store.add(benchmark.name, benchmark.version, model, digest, cases.get(name, Case(name)), record)

    return fill


@dataclass
class Ran:
    """A run that ended: its outcome and what it told."""

    outcome: runner.Outcome
    events: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def cases(self) -> dict[str, tuple[str, str]]:
        """Case id -> status and reason."""
        return {event["case"]: (event["status"], event["reason"]) for event in self.of("case")}


Do = Callable[..., Ran]


@pytest.fixture
def do(store: Store) -> Do:
    """Plan and run in this process, into the test's store; globs are separated by spaces."""

    def do(benchmarks: str, models: str, *, again: Any = "none", jobs: int = 1, workforce: Any = None,
           **selection: Any) -> Ran:
        chosen = Selection(benchmarks=tuple(benchmarks.split()), models=tuple(models.split()), **selection)
        events: list[dict[str, Any]] = []
        pairs = runner.plan(store, chosen, registry, again)
        further = {"workforce": workforce} if workforce else {}
        return Ran(runner.run(pairs, store, registry, jobs=jobs, on_event=events.append, **further), events)

    return do


@pytest.fixture
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code in a process of its own, with the test plugins on its path."""

    def python(code: str, *args: str, path: str = PATH, env: dict[str, str] | None = None, check: bool = True,
               timeout: float = 60.0, **options: Any) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, "PYTHONPATH": path, **(env or {})}
        done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=timeout,
                              env=variables, check=False, **options)
        assert not check or done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return python


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file into which models of the lab note what they do."""
    path = tmp_path / "notes.txt"
    path.touch()
    monkeypatch.setenv("LAB_NOTES", str(path))
    return path


@dataclass
class Server:
    """Files below a URL on this machine, and what was asked for."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A web server on 127.0.0.1; assay is online while it runs."""
    found: Server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            body = found.files.get(self.path.partition("?")[0])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: Any) -> None:
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Server(f"http://127.0.0.1:{web.server_address[1]}")
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.delenv("ASSAY_OFFLINE")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield found
    web.shutdown()
    web.server_close()
    thread.join()


def living(group: int) -> list[int]:
    """Return the processes of a process group that still run (a dead one may wait for its parent)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Whether a process group ends by itself, with patience for a busy machine."""

    def gone(group: int, patience: float = 20.0) -> bool:
        deadline = time.monotonic() + patience
        while living(group) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not living(group)

    return gone


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait for something to become true; returns it."""

    def until(condition: Callable[[], Any], patience: float = 60.0) -> Any:
        deadline = time.monotonic() + patience
        while not (found := condition()):
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.02)
        return found

    return until
