"""The level of every command of the list, and what an assessment says of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from assay.terminal.risk import LEVELS, assess
from terminal.risk_commands import Case, cases, furnish

CASES = cases()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(furnish(tmp_path_factory.mktemp("risk")))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home outside of what the commands remove: removing what holds it is worse than removing other things."""
    monkeypatch.setenv("HOME", "/home/somebody")


@pytest.mark.parametrize("group", sorted({case.group for case in CASES}))
def test_every_command_of_the_list_gets_its_level(group: str, folder: str) -> None:
    wrong = [(case.command, case.level, risk.level, [found.rule for found in risk.findings])
             for case in CASES if case.group == group
             if (risk := assess(case.command, folder)).level != case.level]
    assert wrong == []


def test_the_list_is_long_and_has_each_level_and_no_command_twice() -> None:
    levels = Counter(case.level for case in CASES)
    assert set(levels) == set(LEVELS)
    assert min(levels.values()) >= 80
    assert len(CASES) > 1000
    assert [command for command, count in Counter(case.command for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: case.command)
def test_findings_say_where_they_are_and_why(case: Case, folder: str) -> None:
    risk = assess(case.command, folder)
    assert risk.rank == LEVELS[risk.level] == max((LEVELS[found.level] for found in risk.findings), default=0)
    for found in risk.findings:
        assert case.command[found.start:found.end] == found.text != ""
        assert len(found.why.split()) > 2
        assert not found.why.endswith(".")
        assert found.rule != "not-assessed"


def places(command: str, cwd: str | None = None) -> list[tuple[str, str, str]]:
    return [(found.rule, found.level, found.text) for found in assess(command, cwd).findings]


@pytest.mark.parametrize(("command", "expected"), [
    ("ls && rm -rf /tmp/x; ls", [("removes", "destroys", "rm -rf /tmp/x")]),
    ("sudo -u bob rm x", [("privilege", "read-only", "sudo"), ("removes", "destroys", "rm x")]),
    ("sh -c 'ls; rm \"$1\"' _ x", [("removes", "destroys", 'rm "$1"')]),
    ('bash -c "rm \\"a b\\" && ls"', [("removes", "destroys", 'rm \\"a b\\"')]),
    ("bash <<'EOF'\nls\nrm x\nEOF\nls", [("removes", "destroys", "rm x")]),
    ("cat <<EOF | sh\nrm x\nEOF", [("removes", "destroys", "rm x")]),
    ("echo 'rm x' | sh", [("removes", "destroys", "rm x")]),
    ("sh <<< 'rm x'", [("removes", "destroys", "rm x")]),
    ("eval rm x", [("removes", "destroys", "rm x")]),
    ("ls \\\n | xargs rm", [("removes", "destroys", "rm")]),
    ("r\\\nm x", [("removes", "destroys", "r\\\nm x")]),
    ("awk 'BEGIN { system(\"rm x\") }'", [("removes", "destroys", "rm x")]),
    ("sed '1e rm x' f", [("removes", "destroys", "rm x")]),
    ("échø « x » | rm 'é'", [("unknown-program", "cannot-tell", "échø « x »"), ("removes", "destroys", "rm 'é'")]),
    ("echo `echo \\`rm x\\``", [("removes", "destroys", "rm x")]),
    ("find . -name '*.py' -exec rm {} \\; -print", [("removes", "destroys", "rm {}")]),
    ("ssh host 'cd /x && rm y'", [("removes", "destroys", "rm y")]),
    ("ls > new 2>&1", [("writes", "changes", "> new")]),
])
def test_a_finding_is_shown_where_it_stands(command: str, expected: list[tuple[str, str, str]], tmp_path: Path) -> None:
    assert places(command, str(tmp_path)) == expected


def test_json_has_the_agreed_form() -> None:
    assert assess("rm x").to_json() == {
        "schema": 1, "command": "rm x", "level": "destroys", "rank": 2, "parse": "ok",
        "findings": [{"rule": "removes", "level": "destroys", "text": "rm x", "start": 0, "end": 4,
                      "why": "rm removes files for good"}]}
    json.dumps(assess("echo '\ud800' \0").to_json())


def test_of_destroys_and_cannot_tell_the_one_that_says_more_is_the_level() -> None:
    assert assess("rm x; ./script").level == assess("./script; rm x").level == "destroys"


def test_what_stands_in_the_folder_decides(tmp_path: Path) -> None:
    assert assess("echo x > f", str(tmp_path)).level == "changes"
    (tmp_path / "f").write_text("x")
    assert assess("echo x > f", str(tmp_path)).level == "destroys"
    assert assess(f"echo x > {tmp_path}/f", "/").level == "destroys"
    assert assess("cd sub && echo x > f", str(tmp_path)).level == "changes"
    (tmp_path / "sub").mkdir()
    assert assess("cp f sub", str(tmp_path)).level == "changes"
    (tmp_path / "sub/f").write_text("x")
    assert assess("cp f sub", str(tmp_path)).level == "destroys"
    assert assess("cd sub && echo x > f", str(tmp_path)).level == "destroys"
    assert assess("git checkout f", str(tmp_path)).level == "destroys"
    assert assess("git checkout g", str(tmp_path)).level == "changes"


def test_the_folder_is_the_one_of_the_process_unless_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_text("x")
    monkeypatch.chdir(tmp_path)
    assert assess("echo x > f").level == "destroys"


def test_all_of_a_folder_is_without_bound_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert assess("rm -rf *", str(tmp_path)).level == "destroys"
    assert assess("rm -rf *", "/usr").level == "unbounded"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert assess("rm -rf *", str(tmp_path)).level == "unbounded"
    assert assess(f"rm -rf {tmp_path}").level == "unbounded"
    assert assess(f"rm -rf {tmp_path.parent}").level == "unbounded"
    assert assess(f"rm -rf {tmp_path}/build").level == "destroys"
    assert assess("rm -rf ../..", str(tmp_path / "a/b")).level == "unbounded"


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "root").symlink_to("/")
    assert assess("rm -rf root/*", str(tmp_path)).level == "unbounded"
    assert assess("rm -rf root", str(tmp_path)).level == "destroys"


def test_a_script_that_the_text_wrote_is_read_and_another_is_not(tmp_path: Path) -> None:
    (tmp_path / "there.sh").write_text("rm -rf /")
    assert assess("sh there.sh", str(tmp_path)).level == "cannot-tell"
    assert assess("echo ls > a.sh; sh a.sh", str(tmp_path)).level == "changes"
    assert assess("echo 'rm x' > a.sh; sh a.sh", str(tmp_path)).level == "destroys"
    assert assess("echo ls > a.sh; echo 'rm -rf /' >> a.sh; sh a.sh", str(tmp_path)).level == "unbounded"


def test_a_broken_text_is_cannot_tell_and_still_looked_at() -> None:
    risk = assess("ls; rm -rf / )")
    assert (risk.parse, risk.level) == ("error", "unbounded")
    assert assess("ls )").level == "cannot-tell"
    assert assess("cat <<EOF\nx").parse == "error"
    assert assess("ls\0").parse == "error"


def test_characters_that_do_not_show_are_told() -> None:
    for letter in ("\x1b", "\u202e", "\u200b", "\r", "\x08", "\ufeff"):
        found = assess(f"echo a{letter}b").findings
        assert [(one.rule, one.text) for one in found] == [("hidden-characters", letter)]


@pytest.mark.parametrize("letter", ["\f", "\v", "\r", "\u00a0", "\u2028", "\u3000"])
def test_what_is_no_blank_to_a_shell_begins_no_comment(letter: str) -> None:
    assert assess(f"echo a{letter}#; rm x").level == "destroys"


def test_very_long_and_very_deep_text_is_told_and_not_followed_to_its_end() -> None:
    assert assess("echo " + "(" * 3000).level == "cannot-tell"
    assert assess("echo " + "$(echo " * 300 + ")" * 300).level == "cannot-tell"
    assert assess("(" * 200 + "rm x" + ")" * 200).rank == 2
    assert assess("ls;" * 34_000).level == "cannot-tell"
    assert assess("if true; then " * 100 + "ls; " + "fi;" * 100).level == "cannot-tell"
    assert assess(" && ".join(["ls"] * 500) + " && rm x").level == "destroys"
    assert assess("f() { f; }; f").rank < 3
    assert assess("x=a; while true; do x=$x$x; done").rank < 3
    assert assess("echo " + "{a,b}" * 40).level == "read-only"
    assert assess("a() { b; b; }; b() { c; c; }; c() { a; a; }; a").rank < 3


def test_the_grammar_is_imported_at_the_first_assessment() -> None:
    code = ("import sys, assay.terminal.risk as risk; assert 'tree_sitter' not in sys.modules; "
            "risk.assess('ls'); assert 'tree_sitter' in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True)
