"""The log of requests and conversations."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.terminal import history
from assay.terminal.history import MATCH, History


@pytest.fixture
def log() -> History:
    made = History()
    first = made.begin("cmd", "m1", "find big\n  files")
    made.add(first, "user", "find big files with git-lfs")
    made.add(first, "assistant", "find . -size +10M", status="ok", cost_usd=0.1)
    second = made.begin("chat", "m2", "hello")
    for text in ("hello docker", "what about podman", "hello docker"):
        made.add(second, "user", text)
        made.add(second, "assistant", f"about {text}")
    return made


def test_nothing_is_made_before_something_is_kept() -> None:
    log = History()
    assert (log.on, log.entries(), log.search("x"), log.asked("chat"), log.clear()) == (True, [], [], [], 0)
    assert not log.file.exists()
    with pytest.raises(AssayError) as error:
        log.entry(1)
    assert error.value.code == 5


def test_entries_come_back(log: History) -> None:
    assert [(one.id, one.kind, one.model, one.title) for one in log.entries()] == [
        (2, "chat", "m2", "hello"), (1, "cmd", "m1", "find big files")]
    assert [one.id for one in log.entries(1)] == [2]
    assert [one.id for one in log.entries(kind="cmd")] == [1]
    asked, answered = log.entry(1).parts
    assert (asked.role, asked.text, asked.about) == ("user", "find big files with git-lfs", {})
    assert answered.about == {"status": "ok", "cost_usd": 0.1}
    assert log.asked("chat") == ["what about podman", "hello docker"]


@pytest.mark.parametrize(("text", "ids"), [
    ("big", [1]), ("BIG lfs", [1]), ("git-lfs", [1]), ("-size", [1]), ("dock", [2]), ("hello docker", [2]),
    ("about", [2]), ("nowhere", []), ("hello big", []), ("", []), ('"', []), ("--", []), ("*", []), ("a OR b", []),
    ("NEAR(", []), ("text:big", [])])
def test_search(log: History, text: str, ids: list[int]) -> None:
    assert [one.id for one in log.search(text)] == ids


def test_search_shows_the_place(log: History) -> None:
    assert log.search("docker")[0].snippet == f"about hello {MATCH[0]}docker{MATCH[1]}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_no_text_breaks_the_search(log: History, text: str) -> None:
    log.search(text.encode("utf-8", "replace").decode())


def test_on_and_off_outlive_the_process(log: History) -> None:
    log.turn(False)
    assert not History().on
    assert len(History().entries()) == 2
    History().turn(True)
    assert log.on


def test_clear_leaves_no_word_on_the_disk(log: History) -> None:
    log.turn(False)
    assert b"podman" in log.file.read_bytes()
    assert log.clear() == 2
    assert b"podman" not in log.file.read_bytes()
    assert log.entries() == log.search("docker") == []
    assert not log.on


def test_only_the_owner_can_read_it(log: History) -> None:
    assert stat.S_IMODE(log.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.file.parent.stat().st_mode) == 0o700


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, folders: Path) -> None:
    assert history.path() == folders / "home" / "history.db"
    monkeypatch.delenv("ASSAY_HOME")
    Path("assay-results").mkdir()
    assert history.path() == folders / "user" / "assay" / "history.db"


def test_a_file_that_is_none_is_told(log: History) -> None:
    log.file.write_bytes(b"rubbish" * 1000)
    with pytest.raises(AssayError, match="cannot be used") as error:
        log.entries()
    assert error.value.code == 3


def test_a_newer_file_is_left_alone(log: History) -> None:
    with sqlite3.connect(log.file) as database:
        database.execute("pragma user_version = 99")
    with pytest.raises(AssayError, match="newer version"):
        log.add(1, "user", "x")


def test_two_processes_write_at_once() -> None:
    code = ("from assay.terminal.history import History\nlog = History()\n"
            "for number in range(20):\n    log.add(log.begin('cmd', 'm', str(number)), 'user', 'text')\n")
    writers = [subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ)) for _ in range(3)]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    assert len(History().entries(100)) == 60
