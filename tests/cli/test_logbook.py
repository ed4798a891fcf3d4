"""assay log, as a user meets it."""

from __future__ import annotations

from typing import Any

import pytest

from assay.terminal.history import History


@pytest.fixture
def entries() -> None:
    log = History()
    for number, (kind, asked, answered) in enumerate([("cmd", "find big files", "find . -size +1M"),
                                                      ("chat", "hello docker", "Hi.\nIt is docker.")]):
        entry = log.begin(kind, f"model-{number}", asked)
        log.add(entry, "user", asked)
        log.add(entry, "assistant", answered, status="ok", risk=["read-only"], cost_usd=0.002)


def test_list(assay: Any, entries: None) -> None:
    document = assay("log", "list", "--json").json
    assert document["on"] is True
    assert [(one["id"], one["kind"], one["title"]) for one in document["entries"]] == [
        (2, "chat", "hello docker"), (1, "cmd", "find big files")]
    assert assay("log", "list", "--limit", "1", "--json").json["entries"][0]["id"] == 2
    lines = assay("log", "list").out.splitlines()
    assert any("find big files" in line and "model-0" in line for line in lines)


def test_show(assay: Any, entries: None) -> None:
    document = assay("log", "show", "1", "--json").json
    assert [part["role"] for part in document["parts"]] == ["user", "assistant"]
    text = assay("log", "show", "1").out
    assert "find . -size +1M" in text
    assert "(read-only, $0.0020)" in text
    assert "no entry 9" in assay("log", "show", "9", code=5).err


def test_search(assay: Any, entries: None) -> None:
    (found,) = assay("log", "search", "dock", "--json").json["entries"]
    assert found["id"] == 2
    assert "docker" in found["snippet"]
    assert "\x02" not in str(found)
    assert "docker" in assay("log", "search", "hello", "docker").out
    assert "nothing found" in assay("log", "search", "nowhere", code=5).err


def test_clear_off_and_on(assay: Any, entries: None) -> None:
    assert "2 entries forgotten" in assay("log", "clear").err
    assert "the log is empty" in assay("log", "list").err
    assert "off" in assay("log", "off").err
    assert assay("log", "list", "--json").json["on"] is False
    assert "assay log on" in assay("log", "list").err
    assay("log", "on")
    assert History().on


def test_a_broken_file_is_told(assay: Any, entries: None) -> None:
    History().file.write_bytes(b"rubbish" * 1000)
    assert "cannot be used" in assay("log", "list", code=3).err
