"""Requests: a hash that survives how people type, and lists in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import DATA, AssayError
from assay.terminal import requests
from assay.terminal.requests import normalised, request_hash


def test_the_agreed_vector() -> None:
    assert request_hash("Show the “size” of   notes.md. ") == "c3fe60bed90233b6"


@pytest.mark.parametrize("text", [
    "Show the \"size\" of notes.md", "show the ”size” of notes.md", "  SHOW THE \"SIZE\" OF NOTES.MD...",
    "Show\tthe\n\"size\" of\u00a0notes.md . .", "Ｓhow the \"size\" of notes.md",
])
def test_the_same_request_however_it_is_typed(text: str) -> None:
    assert request_hash(text) == "c3fe60bed90233b6"


@pytest.mark.parametrize("text", ["Show the size of notes.md", "Show the \"size\" of notes.txt",
                                  "Show the \"size\" of notes.md?", "Show the 'size' of notes.md"])
def test_another_request_has_another_hash(text: str) -> None:
    assert request_hash(text) != "c3fe60bed90233b6"


def test_curly_apostrophes_are_straight() -> None:
    assert normalised("don’t ‚quote‘") == "don't 'quote'"


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
    assert len(request_hash(text)) == 16


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.integers(1, 5))
def test_space_around_never_matters(text: str, n: int) -> None:
    assert request_hash(" " * n + text + "\t" * n) == request_hash(text)


def test_a_list_leaves_out_blank_lines(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("\ufeffFirst one \r\n\r\n   \nSécond\n".encode())
    assert requests.read(file) == ["First one", "Sécond"]


def test_a_list_that_cannot_be_read_says_which(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "absent", tmp_path / "binary", tmp_path):
        with pytest.raises(AssayError) as caught:
            requests.read(path)
        assert caught.value.code == DATA
        assert str(path) in caught.value.message
