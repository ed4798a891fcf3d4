"""assay terminal box, as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandboxes import needs_namespaces

pytestmark = needs_namespaces


def test_json_has_every_field(assay: Any, tmp_path: Path) -> None:
    fixture = tmp_path / "fixture"
    fixture.write_text("mkdir d; echo 1 > d/f\n")
    document = assay("terminal", "box", "cat d/f; rm d/f; exit 2", "--fixture", str(fixture), "--json").json
    assert document.pop("seconds") > 0
    (change,) = document.pop("changes")
    assert (change["path"], change["change"], change["after"]) == ("d/f", "deleted", None)
    assert document == {"schema": 1, "status": "checked", "reason": "", "rc": 2, "stdout": "1\n", "stderr": "",
                        "timed_out": False, "limit": None, "calls": []}


def test_what_acts_beyond_the_box_is_a_stand_in(assay: Any) -> None:
    document = assay("terminal", "box", "docker ps -q; sudo pip install requests", "--json").json
    assert document["calls"] == [["docker", "ps", "-q"], ["sudo", "pip", "install", "requests"],
                                 ["pip", "install", "requests"]]
    assert document["rc"] == 0
    bare = assay("terminal", "box", "command -v apt-get", "--no-shims", "--json").json
    assert bare["calls"] == []
    assert bare["stdout"] != "/opt/box/bin/apt-get\n"


@pytest.mark.parametrize(("command", "limit"), [
    (":(){ :|:& };:; sleep 9", "processes"), ("head -c 300M /dev/zero > f", "disk"), ("yes", "output"),
    ("sleep 9", "time")])
def test_limits_are_named(assay: Any, command: str, limit: str) -> None:
    document = assay("terminal", "box", command, "--timeout", "1" if limit == "time" else "10", "--json").json
    assert (document["status"], document["limit"], document["timed_out"]) == ("checked", limit, limit == "time")


def test_a_reader_sees_what_happened(assay: Any) -> None:
    out = assay("terminal", "box", "echo hello > f; echo out; kill -9 $$").out
    assert out.startswith("echo hello > f; echo out; kill -9 $$\nexit code 137 (SIGKILL) after ")
    assert " +  f  created  6 B\n" in out
    assert "\nstdout\n  out\n" in out


def test_a_fixture_that_is_not_there_is_said(assay: Any) -> None:
    assert "--fixture nowhere: No such file or directory" in assay(
        "terminal", "box", "ls", "--fixture", "nowhere", code=2).err


def test_a_fixture_that_fails_is_not_checked(assay: Any, tmp_path: Path) -> None:
    (tmp_path / "fixture").write_text("echo broken >&2; exit 5\n")
    out = assay("terminal", "box", "ls", "--fixture", str(tmp_path / "fixture"), code=1).out
    assert out == "not checked: the fixture ended with exit code 5: broken\n"


def test_without_a_sandbox_nothing_is_run(assay: Any, tmp_path: Path) -> None:
    document = assay("terminal", "box", f"touch {tmp_path}/ran", "--json", env={"PATH": "/nonexistent"}, code=1).json
    assert (document["status"], document["rc"]) == ("not-checked", None)
    assert "bubblewrap" in document["reason"]
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh",
         sys.executable, "-m", "assay", "terminal", "box", f"touch {tmp_path}/ran", "--json"],
        capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (1, "not-checked")
    assert not (tmp_path / "ran").exists()
