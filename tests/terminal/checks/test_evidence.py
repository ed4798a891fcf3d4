"""What a checker asks of an output: names that stand alone, numbers, sizes, sections."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.changes import Change, Entry
from assay.terminal.checks.evidence import Evidence, numbers, sections
from assay.terminal.checks.home import Home


def printed(stdout: str, **more: Any) -> Evidence:
    return Evidence(0, stdout, "", more.pop("changes", {}), more.pop("calls", []), Home({}), Home({}), **more)


@pytest.mark.parametrize(("stdout", "found"), [
    ("notes.txt", {"notes.txt"}), ("./notes.txt\n", {"notes.txt"}), ("/home/user/notes.txt:3:x", {"notes.txt"}),
    ("'notes.txt'", {"notes.txt"}), ("4096 notes.txt.", {"notes.txt"}), ("old-notes.txt", set()),
    ("notes.txt.bak", set()), ("my notes.txt", {"my notes.txt"}), ("my\\ notes.txt", {"my notes.txt"}),
    ("my notes.txt\nnotes.txt", {"my notes.txt", "notes.txt"}), ("notes.txt2 notes.txt-x xnotes.txt", set()),
    ("sub/notes.txt", {"sub/notes.txt"}), ("a/sub/notes.txt\0", {"sub/notes.txt"}),
])
def test_a_name_stands_for_itself(stdout: str, found: set[str]) -> None:
    assert printed(stdout).named(["notes.txt", "my notes.txt", "sub/notes.txt"]) == found


def test_names_in_a_text_of_ones_own() -> None:
    assert printed("a").named(["a", "b"], "b c") == {"b"}


def test_order_is_that_of_the_first_time() -> None:
    assert printed("9 b c\n8 a\n7 b\n6 b").order(["a", "b", "b c", "d"]) == ["b c", "a", "b"]


@pytest.mark.parametrize(("text", "found"), [
    ("3", [3]), ("12 file.txt", [12]), ("total: 12.", [12]), ("-4.5", [-4.5]), ("1.2.3", []), ("v2", []),
    ("2024-03-01", []), ("10:30", []), ("a3 b", []), ("7/8", []), ("log.1", []), ("3 apples and 4", [3, 4]),
    ("(5)", [5]), ("n=6", [6]), ("1195.75", [1195.75]),
])
def test_numbers_stand_alone(text: str, found: list[float]) -> None:
    assert numbers(text) == found


def test_a_count_is_the_only_number() -> None:
    assert printed("12 part 3\n").counts(12, without=["part 3"])
    assert not printed("12 part 3\n").counts(12)
    assert printed("3\n3\n").counts(3)
    assert not printed("3\n4\n").counts(3)
    assert not printed("none").counts(0)


@pytest.mark.parametrize(("stdout", "size", "says"), [
    ("3600000", 3_600_000, True), ("3.5M temp", 3_600_000, True), ("3516 temp", 3_600_000, True),
    ("3.6 MB", 3_600_000, True), ("3.4MiB", 3_600_000, True), ("2.0M", 3_600_000, False), ("3.6K", 3_600_000, False),
    ("36 files", 3_600_000, False), ("1.5G", 1_600_000_000, True), ("118K", 120_000, True), ("v3.5M", 3_600_000, False),
])
def test_a_size_in_any_unit(stdout: str, size: int, says: bool) -> None:
    assert printed(stdout).sizes(size) is says


def test_lines_have_no_blank_ones_and_no_space_around() -> None:
    assert printed(" a \n\n  \nb\n").lines == ["a", "b"]


def test_changes_by_kind() -> None:
    entry = Entry("file", "644", 1)
    changes = {path: Change(path, kind, entry, entry) for path, kind in (("a", "created"), ("b", "deleted"))}
    assert printed("", changes=changes).changed("created", "mode") == {"a"}


def test_calls_of_some_programs() -> None:
    run = printed("", calls=[["pip", "list"], ["docker", "ps", "-q"], ["pip3"]])
    assert run.called("pip", "pip3") == [["list"], []]


def test_sections_of_probes() -> None:
    probed = sections("early\n== refs\nrefs/heads/main one two\nrefs/tags/v1 three\n\n== none\n== refs\nmore x\n")
    assert probed == {"": ["early"], "none": [],
                      "refs": ["refs/heads/main one two", "refs/tags/v1 three", "", "more x"]}
    run = printed("", probed=probed, session={"here": ["1"]})
    assert run.table("refs")["refs/heads/main"] == "one two"
    assert run.told("absent") == run.shell("absent") == []
    assert run.shell("here") == ["1"]


@given(st.text(max_size=200), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5))
def test_no_output_makes_a_question_fail(stdout: str, name: str) -> None:
    run = printed(stdout)
    assert run.named([name]) <= {name}
    assert isinstance(run.counts(3), bool)
    assert isinstance(run.sizes(1000), bool)
    assert run.order([name]) in ([], [name])


@given(st.lists(st.integers(0, 10**9), max_size=8))
def test_numbers_in_a_list_are_found(values: list[int]) -> None:
    assert numbers("\n".join(map(str, values))) == values
