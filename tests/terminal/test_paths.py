"""Completing paths: the case of names is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.paths import completions, last_word


@pytest.fixture(autouse=True)
def entries() -> None:
    for name in ("MyDocs/ReadMe.TXT", "MyDocs/readable", "my file.txt", ".hidden", "back\\slash", "odd\x1b[2Jname"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("")


@pytest.mark.parametrize(("word", "found"), [
    ("My", ["MyDocs/"]), ("MyDocs/", ["MyDocs/ReadMe.TXT", "MyDocs/readable"]), ("MyDocs/Re", ["MyDocs/ReadMe.TXT"]),
    ("MyDocs/re", ["MyDocs/readable"]), ("myd", ["MyDocs/"]), ("MYDOCS", ["MyDocs/"]),
    ("MyDocs/READM", ["MyDocs/ReadMe.TXT"]),
    ("my", ["my\\ file.txt"]), ("my\\ f", ["my\\ file.txt"]), (".h", [".hidden"]), ("back", ["back\\\\slash"]),
    ("odd", []), ("nowhere/x", []), ("mydocs/x", []), ("./My", ["./MyDocs/"])])
def test_completions(word: str, found: list[str]) -> None:
    assert completions(word) == found


def test_hidden_entries_only_where_asked_for() -> None:
    assert ".hidden" not in completions("")
    assert "MyDocs/" in completions("")


def test_home_stays_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(Path.cwd()))
    assert completions("~/MyD") == ["~/MyDocs/"]


def test_absolute_paths() -> None:
    assert completions(f"{Path.cwd()}/MyD") == [f"{Path.cwd()}/MyDocs/"]


@pytest.mark.parametrize(("text", "word"), [
    ("what is in My\\ Docs/re", "My\\ Docs/re"), ("a b", "b"), ("a ", ""), ("", ""), ("a\nb", "b"), ("a\\", "a\\")])
def test_last_word(text: str, word: str) -> None:
    assert last_word(text) == word


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert text.endswith(last_word(text))
    completions(last_word(text))
