"""Shell text is read as a shell reads it, and places stay those of the text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.terminal.shellsyntax import below, parse


def commands(text: str) -> list[str]:
    tree = parse(text)
    return [tree.source(node) for node in tree.nodes("command")]


@pytest.mark.parametrize(("text", "expected"), [
    ("ls | wc -l", ["ls", "wc -l"]),
    ("r\\\nm x", ["rm x"]),
    ("echo 'a\\\nb'", ["echo 'a\\\nb'"]),
    ('echo "a\\\nb"', ['echo "ab"']),
    ("ls # a comment\nrm x", ["ls", "rm x"]),
    ("echo a#b", ["echo a#b"]),
    ("time { rm x; }", ["rm x"]),
    ("time -p ls", ["ls"]),
    ("coproc N { rm x; }", ["rm x"]),
    ("echo $(>f echo x # x\n\\rm -r a)", ["echo $(>f echo x ;\\rm -r a)", ">f echo x", "\\rm -r a"]),
    ("echo `echo \\`rm x\\``", ["echo $(echo `rm x`)", "echo `rm x`", "rm x"]),
])
def test_commands_are_those_of_a_shell(text: str, expected: list[str]) -> None:
    assert commands(text) == expected
    assert not parse(text).error


@pytest.mark.parametrize(("text", "words", "document", "raw"), [
    ("cat <<E\na\nE\n", ["cat"], "a\n", False), ("cat <<'E'; ls\n$a\nE\nrm x", ["cat", "ls", "rm x"], "$a\n", True),
    ("cat <<-E | sh\n\ta\n\tE\n", ["cat", "sh"], "a\n", False), ("(cat <<E)\na\nE", ["cat"], "a\n", False),
    ("<<E cat\na\nE", ["< . cat"], "a\n", False), ("sh -s<<-E-1 && ls\n\ta\n\tE-1\n", ["sh -s", "ls"], "a\n", False),
    ("cat <<E && ls\na\\\nE\nb\nE\n", ["cat", "ls"], "aE\nb\n", False), ("cat <<\\E\na\nE", ["cat"], "a\n", True),
])
def test_here_documents_are_taken_out(text: str, words: list[str], document: str, raw: bool) -> None:
    tree = parse(text)
    assert not tree.error
    assert [tree.source(node) for node in tree.nodes("command")] == words
    (found,) = tree.documents.values()
    assert (found.text, found.raw) == (document, raw)
    start = text.index(document[0], text.index("\n"))
    assert found.places[0] == (start, start + 1)


def test_several_here_documents_follow_each_other() -> None:
    tree = parse("cat <<A <<B\na\nA\nb\nB\nls")
    assert [document.text for document in tree.documents.values()] == ["a\n", "b\n"]
    assert not tree.error


@pytest.mark.parametrize("text", [
    "echo 'x", 'echo "x', "ls )", "if true", "cat <<E\nx", "cat <<", "ls\0", "ls; ;", "for", "$(", "x() {", "`ls",
    "case x in",
])
def test_what_is_not_whole_is_an_error(text: str) -> None:
    assert parse(text).error


VALID = [
    "[[ $a =~ ^(x|y)$ ]] && ls", "diff <(ls a) <(ls b)", "echo {1..3} {a,b}", "a=(1 2); echo ${a[@]:0:1}",
    "((i++)); let x=1", "exec 3<>/tmp/x; cat <&3", "cmd 2>/dev/null <<< x", "ls |& cat", "ls &>> f", "f() ( ls ); f",
    "select i in a; do ls; done", "for ((;;)); do break; done", "echo ${x:-$(date)} ${x//a/b}", "time ls | wc", "! ls",
    "echo $'a\\nb' $\"c\"", "echo $[1+2]",
    "while read -r l; do echo $l; done < f", "case $x in a|b) ls;; *) pwd;; esac",
    "cat <<E; ls\nx\nE", "echo a \\\n b",
    "if ls; then pwd; elif :; then :; else id; fi > f 2>&1", "{ ls; pwd; } &", "export A=1 B=$(date)",
    "echo \"$(cat <<'E'\n'\nE\n)\"", "trap 'ls' EXIT", "set -euo pipefail", "echo \"${x:-\"a b\"}\"", "ls -- -a",
    "[ -n \"$x\" ] || exit 1", "a && b || c; d & e",
]


@pytest.mark.parametrize("text", VALID)
def test_what_bash_takes_is_no_error(text: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(text + "\n")
    assert subprocess.run(["bash", "-n", str(script)], check=False, capture_output=True).returncode == 0
    assert not parse(text).error


ALPHABET = st.sampled_from(list("ab '\"\\`$(){}[];&|<>#\n\t!=-é\u00a0\f\0\ud800"))


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.text(ALPHABET, max_size=40)))
def test_any_text_has_a_tree_and_every_node_a_place_in_it(text: str) -> None:
    tree = parse(text)
    assert tree.places is None or len(tree.places) == len(tree.text)
    for node in below(tree.root):
        start, end = tree.span(node.start_byte, node.end_byte)
        assert 0 <= start <= end <= len(text)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(min_codepoint=0x80), min_size=1, max_size=20))
def test_what_is_not_ascii_is_one_character_wide(word: str) -> None:
    text = f"echo {word} 'x' | cat"
    assert commands(text) == [f"echo {word} 'x'", "cat"]
