"""Intervals from a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from assay import Store
from assay.app.background import Background, compute
from assay.app.snapshot import Snapshot
from assay.app.state import State
from assay.core.registry import registry
from assay.results.score import scoreboard

BIG = Path(__file__).parents[1] / "browser" / "big"


def wait(done: Any, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)


@pytest.fixture
def home(big: Any, tmp_path: Path) -> Path:
    big.fill(tmp_path / "home", models=2, benchmarks=2)
    return tmp_path / "home"


@pytest.mark.parametrize("keep", [True, False])
def test_a_board_gets_the_intervals_that_score_computes(home: Path, monkeypatch: pytest.MonkeyPatch,
                                                        keep: bool) -> None:
    snapshot = Snapshot(home, registry, keep_intervals=keep)
    background = Background(home, snapshot.intervals)
    board = snapshot.board("big", State())
    assert len(board.pending) == 4
    assert all(cell.low is None for cell in board.cells.values())
    before = snapshot.version
    background.request(board.pending, ())
    wait(lambda: not snapshot.board("big", State()).pending)
    assert snapshot.version != before
    with Store(home, readonly=True) as store:
        cells, _ = scoreboard(store, [registry.benchmark(f"big/test-0{n}") for n in range(2)])
    found = snapshot.board("big", State()).cells.values()
    assert [cell.to_json() for cell in found] == [cell.to_json() for cell in cells]
    assert (home / "intervals").is_dir()  # scoreboard keeps its own; the snapshot only if it may
    again = Snapshot(home, registry)
    assert not again.board("big", State()).pending


def test_read_only_keeps_them_in_memory(home: Path) -> None:
    snapshot = Snapshot(home, registry, keep_intervals=False)
    Background(home, snapshot.intervals).request(snapshot.board("big", State()).pending, ())
    wait(lambda: not snapshot.board("big", State()).pending)
    assert not (home / "intervals").exists()


def test_without_some_elements(home: Path) -> None:
    snapshot = Snapshot(home, registry)
    state = State(without=("Cu",))
    name, model = "big/test-00", "potential-01"
    with Store(home, readonly=True) as store:
        snapshot.intervals.add(name, compute(store, (name, (model,), state.without)))
    assert snapshot.board("big", state).cells[name, model].low is not None
    assert snapshot.board("big", State()).cells[name, model].low is None


def test_an_analysis_that_raises_costs_its_own_intervals(big: Any, tmp_path: Path,
                                                        capfd: pytest.CaptureFixture[str]) -> None:
    big.fill(tmp_path, models=1, benchmarks=1)
    snapshot = Snapshot(tmp_path, registry)
    background = Background(tmp_path, snapshot.intervals)
    background.request([("big/nowhere", "potential-01"), ("big/test-00", "potential-01")], ())
    wait(lambda: not snapshot.board("big", State()).pending)
    assert "no intervals for big/nowhere" in capfd.readouterr().err


def test_the_process_ends_with_the_server(big: Any, tmp_path: Path) -> None:
    big.fill(tmp_path, models=1, benchmarks=0, odd=True)
    program = """
import os, signal, sys, time, multiprocessing
from pathlib import Path
from assay.app.background import Background
from assay.app.snapshot import Intervals
if __name__ == "__main__":
    Background(Path(sys.argv[1]), Intervals(Path(sys.argv[1]) / "i", True)).request([("odd/many", "odd-good")], ())
    while not multiprocessing.active_children():
        time.sleep(0.05)
    time.sleep(2)
    print(multiprocessing.active_children()[0].pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    script = tmp_path / "server.py"
    script.write_text(program)
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": str(BIG)}, check=False)
    child = Path(f"/proc/{int(done.stdout)}")
    wait(lambda: not child.exists() or "Z" in (child / "stat").read_text().split()[2], 5.0)
