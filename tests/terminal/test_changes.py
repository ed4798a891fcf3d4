"""Snapshots of folders, and what differs between two."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.changes import DEEPEST, Change, Entry, TooDeep, compare, snapshot

FILE = Entry("file", "644", 1, "a")


@pytest.mark.parametrize(("before", "after", "change"), [
    (None, FILE, "created"), (FILE, None, "deleted"), (FILE, Entry("file", "644", 1, "b"), "modified"),
    (FILE, Entry("file", "600", 1, "a"), "mode"), (FILE, Entry("file", "600", 2, "b"), "modified"),
    (FILE, Entry("dir", "755"), "type"), (Entry("dir", "755"), Entry("link", "777", target="x"), "type"),
    (Entry("link", "777", target="x"), Entry("link", "777", target="y"), "modified"),
    (Entry("dir", "755"), Entry("dir", "700"), "mode"), (Entry("file", "000", 1), Entry("file", "644", 1, "a"), "mode"),
])
def test_every_kind_of_difference_has_a_word(before: Entry | None, after: Entry | None, change: str) -> None:
    found = compare({"x": before} if before else {}, {"x": after} if after else {})
    assert found == [Change("x", change, before, after)]


def test_the_content_that_is_kept_is_no_difference() -> None:
    assert compare({"x": FILE}, {"x": Entry("file", "644", 1, "a", None, b"x")}) == []


ENTRIES = st.dictionaries(st.sampled_from(["a", "a/b", "b", "c c", "ü"]), st.builds(
    Entry, st.sampled_from(["file", "dir", "link", "other"]), st.sampled_from(["644", "755"]), st.just(1),
    st.sampled_from(["x", "y"])))


@given(ENTRIES, ENTRIES)
def test_changes_turn_one_snapshot_into_the_other(before: dict[str, Entry], after: dict[str, Entry]) -> None:
    built = dict(before)
    found = compare(before, after)
    for change in found:
        assert built.get(change.path) == change.before
        if change.after is None:
            del built[change.path]
        else:
            built[change.path] = change.after
    assert built == after
    assert [change.path for change in found] == sorted(change.path for change in found)


def test_all_types_are_told_apart(tmp_path: Path) -> None:
    script = "echo x > f; chmod 4755 f; mkdir -m 1777 d; ln -s nowhere l; mkfifo -m 600 p"
    subprocess.run(script, shell=True, cwd=tmp_path, check=True)
    found = snapshot(tmp_path)
    assert list(found) == sorted(found)
    assert {name: (entry.type, entry.mode) for name, entry in found.items() if name != "work"} == {
        "f": ("file", "4755"), "d": ("dir", "1777"), "l": ("link", "777"), "p": ("other", "600")}
    assert found["l"].target == "nowhere"


def test_contents_are_kept_up_to_a_size(tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"12")
    (tmp_path / "large").write_bytes(b"123")
    (tmp_path / "empty").write_bytes(b"")
    found = snapshot(tmp_path, keep=2)
    assert (found["small"].content, found["large"].content, found["empty"].content) == (b"12", None, b"")
    assert snapshot(tmp_path)["small"].content is None


def test_as_deep_as_said_and_no_deeper(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "/".join("d" * DEEPEST)).mkdir(parents=True)
    assert len(snapshot(top)) == DEEPEST
    (top / "/".join("d" * (DEEPEST + 1))).mkdir()
    with pytest.raises(TooDeep):
        snapshot(top)


def test_many_files_take_few_descriptors(tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / str(number)).touch()
    before = len(os.listdir("/proc/self/fd"))
    snapshot(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        snapshot(tmp_path / "none")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="link"):
        snapshot(tmp_path / "link")
