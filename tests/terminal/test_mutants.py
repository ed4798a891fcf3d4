"""Mutants: small damage, always the same, never none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal import caselist
from assay.terminal.mutants import mutants, of_case

MANY = 200


@pytest.mark.parametrize(("command", "mutant"), [
    ("grep -c x a.txt", "grep  x a.txt"),  # a flag
    ("find logs -type f -size +1M", "find logs  -size +1M"),  # a flag with its word
    ("find logs -type f -size +1M", "find logs -type f "),
    ("tar -xzf a.tar", "tar -zf a.tar"),  # one letter of several
    ("tar -xzf a.tar", "tar -xzf a.tar2"),  # a neighbour
    ("git log --format=%H --all", "git log  --all"),
    ("head -n 5 a", "head -n 6 a"),
    ("head -n 5 a", "head -n 4 a"),
    ("git reset HEAD~1", "git reset HEAD~2"),
    ("find . -mtime -1", "find . -mtime +1"),
    ("[ 3 -ge 2 ]", "[ 3 -lt 2 ]"),
    ("cat docs/a/b.md", "cat docs/a"),
    ("cp 'a b' c", "cp a b c"),
    ('rm "$x"', "rm $x"),
    ("ls src | sort", "ls -a src | sort"),
])
def test_kinds_of_damage(command: str, mutant: str) -> None:
    assert mutant in mutants(command, MANY)


def test_a_flag_is_added_to_every_program() -> None:
    found = mutants("docker ps -q | xargs docker stop", MANY)
    assert "docker -a ps -q | xargs docker stop" in found
    assert "docker ps -q | xargs -a docker stop" in found


def test_kinds_take_turns() -> None:
    first = mutants("head -n 5 'a b.txt' docs/x.md", 4)
    assert first[0] == "head  5 'a b.txt' docs/x.md"
    assert first[1] == "head -n 6 'a b.txt' docs/x.md"
    assert first[2] == "head -n 5 'a b.txt2' docs/x.md"
    assert first[3] == "head -n 5 a b.txt docs/x.md"


def test_of_a_case_takes_from_each_good_command_and_no_good_one() -> None:
    case = caselist.find("archives/append-or-create")
    found = of_case(case.good, 12)
    assert len(found) == len(set(found)) == 12
    assert not {" ".join(text.split()) for text in found} & {" ".join(text.split()) for text in case.good}
    assert any("--append" in text or "--create" in text for text in found)
    assert any(text.startswith("if") for text in found)


def test_every_valid_case_has_mutants() -> None:
    assert [case.id for case in caselist.load() if not case.refused and not of_case(case.good, 3)] == []


@given(st.text(st.sampled_from("ab -+12'\"$/.|;~\n"), max_size=40), st.integers(0, 9))
def test_any_text_gives_other_texts_and_always_the_same(command: str, most: int) -> None:
    found = mutants(command, most)
    assert found == mutants(command, most)
    assert len(found) <= most
    assert all(text.split() != command.split() for text in found)
