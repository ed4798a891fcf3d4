"""Progress: the estimate, and who says what when."""

from __future__ import annotations

import pytest

from assay.cli import progress
from assay.cli.progress import Bars, Lines, Pair, Progress


def case(status: str = "ok", seconds: float = 2.0, reason: str = "") -> dict:
    return {"event": "case", "benchmark": "b", "model": "m", "case": "c", "status": status, "reason": reason,
            "seconds": seconds}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_remaining_is_median_case_times_cases_left(clock) -> None:
    pair = Pair("b", "m", todo=10, reused=0)
    assert pair.remaining() is None
    for seconds in (1.0, 2.0, 50.0):
        clock[0] += seconds
        pair.add(case(seconds=seconds))
    assert pair.remaining() == pytest.approx(2.0 * 7)


def test_remaining_is_shared_by_workers_that_run_at_once(clock) -> None:
    pair = Pair("b", "m", todo=10, reused=0)
    for _ in range(2):
        clock[0] += 1.0  # two cases of 2 s each, a second apart: two workers
        pair.add(case(seconds=2.0))
    clock[0] += 1.0
    assert pair.remaining() == pytest.approx(2.0 * 8 / (4.0 / 4.0), rel=0.5)
    for _ in range(8):
        pair.add(case())
    assert pair.remaining() is None


def test_loading_is_no_part_of_the_estimate(clock) -> None:
    pair = Pair("b", "m", todo=3, reused=0)
    clock[0] += 1000.0
    pair.add(case(seconds=2.0))
    assert pair.remaining() == pytest.approx(4.0)


def test_failed_reasons_are_counted() -> None:
    pair = Pair("b", "m", todo=3, reused=0)
    for event in (case("failed", reason="x"), case("failed", reason="x"), case("skipped", reason="y")):
        pair.add(event)
    assert pair.reasons == {"x": 2}
    assert pair.state() == "2 failed"


def test_lines_are_few(clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(bars=False) as shown:
        assert isinstance(shown.display, Lines)
        shown({"event": "plan", "benchmark": "b", "model": "m", "todo": 100, "reused": 3})
        shown({"event": "plan", "benchmark": "b", "model": "other", "todo": 0, "reused": 3})
        for _ in range(100):
            clock[0] += 0.5
            shown(case(seconds=0.5))
        for _ in range(2):
            shown({"event": "load", "model": "m", "seconds": 1.5})
            shown({"event": "error", "message": "no file", "hint": "get it", "code": 3})
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "b  m: 100 cases to do, 3 there already"
    assert "about" in lines[1]
    assert lines[-4:] == ["b  m: 100/100", "m: loaded in 1.5 s", "error: no file", "  get it"]
    assert len(lines) == 5 + 4


def test_bars_show_the_pairs_at_work_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(bars=True) as shown:
        assert isinstance(shown.display, Bars)
        for number in range(20):
            shown({"event": "plan", "benchmark": "b", "model": f"m{number}", "todo": 1, "reused": 0})
        assert list(shown.display.bars) == [f"b  m{number}" for number in range(progress.BARS)]
        shown({**case("failed", reason="x"), "model": "m0"})
        shown({**case(), "model": "m19"})
        assert list(shown.display.bars) == [f"b  m{number}" for number in range(1, progress.BARS + 1)]
        everything = shown.display.progress.tasks[0]
        assert (everything.completed, everything.total, everything.fields["state"][:8]) == (2, 20, "1 failed")
        shown({"event": "setup", "model": "m1", "text": "Collecting numpy"})
        shown({"event": "error", "message": "[b]no[/b] file", "hint": "", "code": 3})
    assert "error: [b]no[/b] file" in capsys.readouterr().err
