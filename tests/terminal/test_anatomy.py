"""A command taken apart, in order, for a person."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.terminal.anatomy import explain_tree
from terminal.risk_commands import cases


def test_each_command_option_word_redirect_and_pipe_is_named_in_order() -> None:
    assert explain_tree("sudo grep -rn 'a b' /etc 2>/dev/null | sort -u > out && ls &") == [
        ("sudo", "command: runs a command with the rights of root"),
        ("grep", "command: searches text for a pattern"),
        ("-rn", "option of grep"),
        ("'a b'", "word given to grep"),
        ("/etc", "word given to grep"),
        ("2>/dev/null", "writes its errors to a file, over what is there"),
        ("|", "pipe: what the left prints, the right reads"),
        ("sort", "command: sorts lines"),
        ("-u", "option of sort"),
        ("> out", "writes what it prints to a file, over what is there"),
        ("&&", "and: the next runs only if this worked"),
        ("ls", "command: lists files"),
        ("&", "in the background: the next does not wait for it"),
    ]


@pytest.mark.parametrize(("command", "part"), [
    ("git reset --hard HEAD~1", ("--hard", "option of git: throws away all changes that are not committed")),
    ("git reset --hard", ("reset", "what git is to do: moves the branch, or takes changes out of the next commit; the "
                                   "files stay")),
    ("head -n 5 f", ("5", "value of -n")),
    ("frobnicate x", ("frobnicate", "command that is not known here")),
    ("sh -c 'rm x'", ("'rm x'", "code that sh runs")),
    ("sh -c 'rm x'", ("rm", "command: removes files for good")),
    ("find . -exec rm {} \\;", ("rm", "command: removes files for good")),
    ("timeout 5 ls", ("ls", "command: lists files")),
    ("X=1 ls", ("X=1", "sets a variable for this command")),
    ("echo $(date)", ("date", "command: prints the date")),
    ("cat <<EOF\na\nEOF", ("<<EOF", "reads the lines that follow")),
    ("for f in *.txt; do cat $f; done", ("*.txt", "word")),
    ("[ -f x ] || exit", ("[ -f x ]", "a test: works if it is true")),
    ("ls )", ("ls )", "not complete shell syntax: the parts above are what could be made out")),
    ("cat < f", ("< f", "reads this file")),
    ("echo é | cat", ("|", "pipe: what the left prints, the right reads")),
])
def test_a_part_is_named(command: str, part: tuple[str, str]) -> None:
    assert part in explain_tree(command)


def test_every_part_stands_in_the_command() -> None:
    for case in cases():
        for text, what in explain_tree(case.command):
            assert text in case.command
            assert what


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from([case.command for case in cases()]))
def test_no_text_breaks_it(text: str, command: str) -> None:
    for whole in (text, command + text, text + command):
        assert all(part in whole for part, _ in explain_tree(whole))


def test_deep_text_is_taken_apart_too() -> None:
    assert explain_tree("( " * 300 + "ls" + " )" * 300)[-1] == ("ls", "command: lists files")
    assert explain_tree("echo " + "$(echo " * 200 + ")" * 200)
