"""assay try, as a user meets it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandboxes import needs_namespaces

pytestmark = needs_namespaces


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a few files; the shell is bash."""
    monkeypatch.setenv("SHELL", "/bin/bash")
    folder = tmp_path / "project"
    (folder / "old").mkdir(parents=True)
    (folder / "notes.txt").write_text("one\ntwo\nthree\n")
    (folder / "old" / "x").write_text("x\n")
    monkeypatch.chdir(folder)
    return folder


COMMAND = "sed -i s/two/2/ notes.txt; rm -r old; echo hi > new; chmod 700 .; echo out; echo err >&2; exit 3"


def test_json_has_every_field(assay: Any, project: Path) -> None:
    document = assay("try", COMMAND, "--json").json
    assert [(one["path"], one["change"]) for one in document.pop("changes")] == [
        (".", "mode"), ("new", "created"), ("notes.txt", "modified"), ("old", "deleted"), ("old/x", "deleted")]
    assert document == {"schema": 1, "status": "checked", "backend": "overlay", "rc": 3, "stdout": "out\n",
                        "stderr": "err\n", "timed_out": False, "limit": None, "reason": "",
                        "unseen": ["network", "processes", "outside the folder"]}
    assert sorted(path.name for path in project.iterdir()) == ["notes.txt", "old"]


def test_a_reader_sees_changes_and_diffs(assay: Any, project: Path) -> None:
    out = assay("try", COMMAND).out
    assert out.startswith(f"{COMMAND}\nexit code 3 after ")
    assert f"on a layer over {project}; nothing was changed there\n" in out
    assert re.search(r"^ ~ +notes.txt +modified +14 B -> 12 B$", out, re.MULTILINE)
    assert re.search(r"^ - +old/ +deleted +folder$", out, re.MULTILINE)
    assert "\nnotes.txt\n  @@ -1,3 +1,3 @@\n   one\n  -two\n  +2\n   three\n" in out
    assert "\nstdout\n  out\n\nstderr\n  err\n" in out
    assert "1 created, 2 deleted, 1 modified, 1 with another mode\n" in out
    assert "Not seen: network, processes, outside the folder." in out
    assert "\x1b" not in out


def test_a_folder_can_be_named(assay: Any, project: Path, tmp_path: Path) -> None:
    document = assay("try", "--dir", str(project / "old"), "--copy", "--json", "rm x").json
    assert (document["backend"], document["changes"][0]["path"]) == ("copy", "x")
    assert "no such folder" in assay("try", "ls", "--dir", "nowhere", code=2).err


def test_names_that_are_no_text_survive_json(assay: Any, project: Path) -> None:
    out = assay("try", "touch $'\\xff\\xfe' $'new\\nline'", "--json").out
    assert [os.fsencode(one["path"]) for one in json.loads(out)["changes"]] == [b"new\nline", b"\xff\xfe"]
    assert "\\u{dcff}" in assay("try", "touch $'\\xff'").out


def test_what_a_command_prints_moves_no_cursor(assay: Any, project: Path) -> None:
    out = assay("try", "printf 'a\\033[2Jb\\rc\\n'; ls --color=always; touch $'\\e[31mred' $'two\\nlines'").out
    assert "  old\n" in out
    assert "\\u{1b}[31mred" in out
    assert "two⏎lines" in out
    assert "\x1b" not in out
    assert "\r" not in out


def test_a_time_out_is_told(assay: Any, project: Path) -> None:
    out = assay("try", "rm notes.txt; sleep 60", "--timeout", "1").out
    assert "stopped: it took too long" in out
    assert "shown is what had changed by then" in out


def test_long_lists_and_diffs_are_cut(assay: Any, project: Path) -> None:
    many = "for n in {1..300}; do echo $n; done; for n in {1..300}; do > f$n; done"
    out = assay("try", f"seq 100 > numbers; seq 100 >> notes.txt; {many}").out
    assert "... and 102 more; --json lists every entry\n" in out
    assert "  ... 260 more lines\n" in out  # of output
    assert "  ... 81 more lines\n" in out  # of a new file
    assert "  ... 44 more lines\n" in out  # of a changed one


def test_a_folder_that_comes_or_goes_whole_takes_one_line(assay: Any, project: Path) -> None:
    for number in range(25):
        (project / "old" / f"y{number}").write_text("x" * 100)
    out = assay("try", "rm -r old; mkdir -p new/a; touch new/a/b; git init -q .").out
    assert re.search(r"^ - +old/ +deleted +folder with 26 entries, 2.5 kB$", out, re.MULTILINE)
    assert re.search(r"^ [+] +.git/ +created +folder with \d\d entries", out, re.MULTILINE)
    assert "old/y" not in out
    assert "new/a/b" in out
    assert "27 deleted" in out
    assert ".git/HEAD" not in out
    assert "--json lists every entry" in out


def test_nothing_changed_is_said(assay: Any, project: Path) -> None:
    assert "\nNothing changed.\n" in assay("try", "ls").out


def test_without_a_sandbox_it_is_not_checked(assay: Any, project: Path) -> None:
    missing = {"PATH": "/nonexistent"}
    out = assay("try", "touch ran", env=missing, code=1).out
    assert out == "not checked: bwrap is not on PATH: install the package bubblewrap\n"
    document = assay("try", "touch ran", "--json", env=missing, code=1).json
    assert (document["status"], document["backend"], document["rc"]) == ("not-checked", None, None)
    assert document["changes"] == []
    assert "bubblewrap" in document["reason"]
    assert not (project / "ran").exists()


def test_with_user_namespaces_off_it_is_not_checked(project: Path) -> None:
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh",
         sys.executable, "-m", "assay", "try", "touch ran", "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "not-checked"
    assert not (project / "ran").exists()


@pytest.mark.parametrize(
    "args", [(), ("ls", "-la"), ("ls", "--timeout", "0"), ("ls", "--timeout", "x"), ("ls", "--yes")])
def test_wrong_usage(assay: Any, args: tuple[str, ...]) -> None:
    assert "error: " in assay("try", *args, code=2).err


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_on_a_terminal_it_is_coloured_unless_asked_not_to_be(
        project: Path, variables: dict[str, str], coloured: bool) -> None:
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "assay", "try", "rm -r old"], stdin=slave, stdout=slave, stderr=slave,
        env={**os.environ, **variables, "TERM": "xterm-256color", "COLUMNS": "100"})
    os.close(slave)
    text = b"".join(iter(lambda: read(master), b"")).decode()
    assert child.wait() == 0
    assert "old/x" in text
    assert ("\x1b[31m" in text) is coloured


def read(descriptor: int) -> bytes:
    """Read from a terminal; the end of its last user is an error there."""
    try:
        return os.read(descriptor, 1024)
    except OSError:
        return b""
