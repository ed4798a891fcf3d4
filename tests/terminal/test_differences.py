"""Diffs of text files."""

from __future__ import annotations

from pathlib import Path

from assay.terminal.changes import compare, snapshot
from assay.terminal.differences import LARGEST, differences


def diffs(tmp_path: Path, before: dict[str, bytes], after: dict[str, bytes]) -> dict[str, str]:
    folders = []
    for name, files in (("before", before), ("after", after)):
        (tmp_path / name).mkdir()
        for file, content in files.items():
            (tmp_path / name / file).write_bytes(content)
        folders.append(tmp_path / name)
    return differences(compare(*map(snapshot, folders)), *folders)


def test_created_and_modified_text(tmp_path: Path) -> None:
    found = diffs(tmp_path, {"a": b"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "gone": b"x\n", "same": b"x\n"},
                  {"a": b"1\n2\n3\n4\n5\n6\n7\n8\nnine\n", "new": "ü\n".encode(), "same": b"x\n", "empty": b""})
    assert found == {"a": "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine", "new": "@@ -0,0 +1 @@\n+ü", "empty": ""}


def test_a_missing_end_of_line_shows(tmp_path: Path) -> None:
    assert diffs(tmp_path, {"a": b"1\n"}, {"a": b"1"}) == {"a": "@@ -1 +1,2 @@\n 1\n+\\ no newline at the end"}


def test_what_is_no_text_or_too_long_is_left_out(tmp_path: Path) -> None:
    assert diffs(tmp_path, {"was": b"\xff"}, {"was": b"text\n", "binary": b"a\0b", "latin": b"\xe9\n",
                                              "long": b"x" * (LARGEST + 1)}) == {}
