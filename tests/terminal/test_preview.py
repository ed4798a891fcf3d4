"""Dry runs: what is shown is what would happen, and nothing happens."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.terminal.changes import snapshot
from assay.terminal.preview import Preview, dry_run
from sandboxes import WHO, folder_of, give, needs_namespaces, run_as, running, wait_until

pytestmark = needs_namespaces
ROOT = os.geteuid() == 0
OWN = ("/proc/sys/fs/mqueue/", "/proc/sys/kernel/", "/proc/sys/user/", "/proc/sys/net/", "/proc/pressure/")


@pytest.fixture(params=WHO)
def who(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(who: str) -> Iterator[Path]:
    """A folder with some of everything, of the user who is to try commands on it."""
    with folder_of(who) as place:
        subprocess.run(["bash", "-c", TREE], cwd=place, check=True)
        give(who, place)
        yield place


TREE = r"""
printf 'one\ntwo\nthree\n' > a.txt; printf x > 'sp ace'; printf y > $'new\nline'; printf z > $'\xff'
mkdir -p d/e empty; echo 1 > d/f; echo 2 > d/e/g; ln -s a.txt l; mkfifo p; echo '#!/bin/sh' > run; chmod 755 run
"""


def tried(who: str, folder: Path, command: str, backend: str = "overlay", **more: Any) -> Preview:
    before = snapshot(folder)
    preview = run_as(who, try_in_shell, command, folder, {"copy": backend == "copy", **more})
    assert snapshot(folder) == before, "the folder itself was changed"
    return preview


def try_in_shell(command: str, folder: Path, more: dict[str, Any]) -> Preview:
    os.environ["SHELL"] = "/bin/bash"
    return dry_run(command, folder, **more)


def seen(who: str, folder: Path, command: str, backend: str = "overlay") -> dict[str, str]:
    preview = tried(who, folder, command, backend)
    assert (preview.status, preview.backend) == ("checked", backend), preview.reason
    return {change.path: change.change for change in preview.changes}


BACKENDS = pytest.mark.parametrize("backend", ["overlay", "copy"])


@BACKENDS
@pytest.mark.parametrize(("command", "changes"), [
    ("true", {}),
    ("cat a.txt d/f > /dev/null; ls -R; find . -type f | xargs -d '\\n' grep x", {}),
    ("echo 1 > new", {"new": "created"}),
    ("echo more >> a.txt", {"a.txt": "modified"}),
    ("touch a.txt; chmod 600 a.txt; chmod 644 a.txt; cp a.txt b; mv b a.txt", {}),
    ("chmod 600 a.txt d", {"a.txt": "mode", "d": "mode"}),
    ("sed -i s/one/1/ a.txt", {"a.txt": "modified"}),
    ("rm a.txt 'sp ace' $'new\\nline' $'\\xff'",
     {"a.txt": "deleted", "sp ace": "deleted", "new\nline": "deleted", "\udcff": "deleted"}),
    ("rm -r d", {"d": "deleted", "d/e": "deleted", "d/e/g": "deleted", "d/f": "deleted"}),
    ("mv a.txt b.txt", {"a.txt": "deleted", "b.txt": "created"}),
    ("mv d D", {"d": "deleted", "d/e": "deleted", "d/e/g": "deleted", "d/f": "deleted",
                "D": "created", "D/e": "created", "D/e/g": "created", "D/f": "created"}),
    ("rm -r d; mkdir d; echo new > d/h", {"d/e": "deleted", "d/e/g": "deleted", "d/f": "deleted", "d/h": "created"}),
    ("rm -r d; mkdir d; echo 1 > d/f", {"d/e": "deleted", "d/e/g": "deleted"}),
    ("rm -r d; echo now a file > d", {"d": "type", "d/e": "deleted", "d/e/g": "deleted", "d/f": "deleted"}),
    ("rm -r d; ln -s empty d", {"d": "type", "d/e": "deleted", "d/e/g": "deleted", "d/f": "deleted"}),
    ("rm l; mkdir l; echo x > l/x", {"l": "type", "l/x": "created"}),
    ("ln -sfn nowhere l", {"l": "modified"}),
    ("rmdir empty; rm p; mkfifo q", {"empty": "deleted", "p": "deleted", "q": "created"}),
    ("rm -rf ./* ; ls -A", {"a.txt": "deleted", "sp ace": "deleted", "new\nline": "deleted", "\udcff": "deleted",
                            "d": "deleted", "d/e": "deleted", "d/e/g": "deleted", "d/f": "deleted", "empty": "deleted",
                            "l": "deleted", "p": "deleted", "run": "deleted"}),
    ("mkdir n; echo 1 > n/f; chmod 0 n/f n", {"n": "created", "n/f": "created"}),
    ("chmod 700 .", {".": "mode"}),
    ("find . -name g -delete; cd d/e; echo 3 > h", {"d/e/g": "deleted", "d/e/h": "created"}),
    ("echo 1 > n; ln n b.txt; echo x >> b.txt", {"n": "created", "b.txt": "created"}),
])
def test_changes(who: str, folder: Path, backend: str, command: str, changes: dict[str, str]) -> None:
    assert seen(who, folder, command, backend) == changes


@BACKENDS
def test_before_and_after_are_told_in_full(who: str, folder: Path, backend: str) -> None:
    preview = tried(who, folder, "echo 2 >> d/f; chmod 640 d/f; ln -sfn d l; mkdir k; rm p", backend)
    documents = {one["path"]: one for one in preview.to_json()["changes"]}
    assert documents["d/f"] == {
        "path": "d/f", "change": "modified",
        "before": {"type": "file", "mode": "644", "size": 2, "target": None,
                   "sha256": "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"},
        "after": {"type": "file", "mode": "640", "size": 4, "target": None,
                  "sha256": hashlib.sha256(b"1\n2\n").hexdigest()}}
    assert documents["l"]["before"]["target"] == "a.txt"
    assert documents["l"]["after"] == {"type": "link", "mode": "777", "size": None, "sha256": None, "target": "d"}
    assert documents["k"]["before"] is None
    assert documents["k"]["after"] == {"type": "dir", "mode": "755", "size": None, "sha256": None, "target": None}
    assert documents["p"]["before"]["type"] == "other"
    assert documents["p"]["after"] is None


@BACKENDS
def test_output_and_exit_code_are_the_commands(who: str, folder: Path, backend: str) -> None:
    preview = tried(who, folder, "pwd; echo err >&2; cat; exit 7", backend)
    assert (preview.rc, preview.stdout, preview.stderr) == (7, f"{folder}\n", "err\n")
    assert preview.status == "checked"
    assert preview.unseen == ("network", "processes", "outside the folder")


def test_diffs_of_text_files(who: str, folder: Path) -> None:
    command = "sed -i s/two/2/ a.txt; echo hi > n; printf 'a\\0b' > binary; rm run; printf end > 'sp ace'"
    preview = tried(who, folder, command)
    assert preview.diffs == {"a.txt": "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three", "n": "@@ -0,0 +1 @@\n+hi",
                             "sp ace": "@@ -1,2 +1,2 @@\n-x\n+end\n \\ no newline at the end"}


# What cannot happen

@BACKENDS
def test_all_else_is_read_only(who: str, folder: Path, backend: str) -> None:
    with folder_of(who) as other:
        command = f"touch ../x {other}/x /usr/x /var/x /dev/x; echo $?; echo x > $TMPDIR/x && echo fine"
        preview = tried(who, folder, command, backend)
        assert list(other.iterdir()) == []
    assert preview.stdout == "1\nfine\n"
    assert preview.stderr.count("Read-only file system") == 5
    assert "outside" in preview.reason
    assert not (folder.parent / "x").exists()


@BACKENDS
def test_the_network_is_off(who: str, folder: Path, backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        preview = tried(who, folder, f"echo x > /dev/tcp/127.0.0.1/{server.getsockname()[1]}", backend)
    assert "refused" in preview.stderr


@BACKENDS
def test_sockets_in_the_file_system_lead_nowhere(who: str, folder: Path, backend: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "sock"))
        server.listen()
        (folder / "sock").chmod(0o777)
        connect = "import socket; socket.socket(socket.AF_UNIX).connect('sock')"
        preview = tried(who, folder, f'python3 -c "{connect}"', backend)
    assert "PermissionError" in preview.stderr
    pairs = "import socket; socket.socketpair(); socket.socket(); print('fine'); " \
            "socket.socketpair(type=socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)"
    preview = tried(who, folder, f'python3 -c "{pairs}"', backend)
    assert preview.stdout == "fine\n"
    assert "PermissionError" in preview.stderr


def test_other_processes_are_out_of_reach(who: str, folder: Path) -> None:
    preview = tried(who, folder, f"kill -0 {os.getpid()}; ls /proc | grep -c '^[0-9]'; kill -9 -1; echo on")
    assert "No such process" in preview.stderr
    assert int(preview.stdout.splitlines()[0]) < 8


def test_the_kernel_cannot_be_told_anything(who: str, folder: Path) -> None:
    settings = "find /proc /sys -maxdepth 4 -not -path '/proc/[0-9]*' -type f -perm /222 2>/dev/null"
    preview = tried(who, folder, f'{settings} | while read -r f; do (: >> "$f") 2>/dev/null && echo "$f"; done')
    # Users may set what is their own name space's, and watch for pressure.
    assert [path for path in preview.stdout.split() if not path.startswith(OWN)] == []
    assert not (who == "me" and ROOT and preview.stdout)
    preview = tried(who, folder, "mount -t tmpfs x . 2>/dev/null && echo mounted; ls /dev")
    assert not {"mounted", "sda", "vda", "kmsg", "mem"} & set(preview.stdout.split())


def test_secrets_of_the_environment_stay_outside(who: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "marmalade")
    monkeypatch.setenv("PLAIN", "toast")
    preview = tried(who, folder, "env; cat /proc/*/environ; cat /proc/*/cmdline | tr '\\0' ' '")
    assert "marmalade" not in preview.stdout
    assert "PLAIN=toast" in preview.stdout


def test_a_fork_bomb_is_contained(who: str, folder: Path) -> None:
    preview = tried(who, folder, ":(){ :|:& };:; sleep 8")
    assert (preview.status, preview.limit, preview.rc) == ("checked", "processes", None)
    assert "256 processes" in preview.reason


def test_a_flood_is_stopped(who: str, folder: Path) -> None:
    assert tried(who, folder, "yes").limit == "output"
    preview = tried(who, folder, "head -c 300M /dev/zero > f")
    assert preview.limit == "disk" or preview.rc == 153


def test_a_time_out_shows_what_had_changed(who: str, folder: Path) -> None:
    preview = tried(who, folder, "rm a.txt; setsid sleep 1618.03 & sleep 1618.03", timeout=1)
    assert (preview.status, preview.timed_out, preview.rc) == ("checked", True, None)
    assert [change.path for change in preview.changes] == ["a.txt"]
    assert preview.reason == "stopped after 1 s: shown is what had changed by then"
    assert running("1618.03") == []


DRIVER = "import sys; from assay.terminal.preview import dry_run; dry_run('sleep 577.2', sys.argv[1])"


def test_the_command_dies_with_its_driver(tmp_path: Path) -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, tmp_path])
    try:
        wait_until(lambda: len(running("577.2")) > 2)
    finally:
        driver.kill()
        driver.wait()
    wait_until(lambda: not running("577.2"))


def test_nothing_is_left_on_disk(who: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with folder_of(who) as place:
        monkeypatch.setenv("TMPDIR", str(place))
        for backend in ("overlay", "copy"):
            tried(who, folder, "mkdir n; echo > n/x; chmod 0 n; rm -r d", backend)
        assert list(place.iterdir()) == []


# Where a layer is not enough

def test_hard_links_are_asked_of_a_copy(who: str, folder: Path) -> None:
    os.link(folder / "a.txt", folder / "b.txt")
    preview = tried(who, folder, "echo more >> a.txt; cat b.txt")
    assert {change.path for change in preview.changes} == {"a.txt", "b.txt"}
    assert "more" in preview.stdout
    assert preview.backend == "copy"
    assert "hard links" in preview.reason


@pytest.mark.parametrize(("command", "changes"), [
    ("ln a.txt b.txt; echo x >> b.txt", {"a.txt": "modified", "b.txt": "created"}),
    ("ln a.txt b.txt; cp a.txt b.txt", {"b.txt": "created"}),
    ("ln -f a.txt d/f; cp a.txt d/f", {"d/f": "modified"}),
])
def test_a_new_name_of_a_file_is_not_looked_at_in_a_layer(who: str, folder: Path, command: str,
                                                        changes: dict[str, str]) -> None:
    preview = tried(who, folder, command)
    assert (preview.status, preview.backend) == ("checked", "copy")
    assert "hard link" in preview.reason
    assert {change.path: change.change for change in preview.changes} == changes


def test_a_renamed_folder_is_asked_of_a_copy(who: str, folder: Path) -> None:
    preview = tried(who, folder, "python3 -c 'import os; os.rename(\"d\", \"D\")'")
    assert (preview.status, preview.backend, preview.rc) == ("checked", "copy", 0)
    assert {change.path for change in preview.changes} == {"d", "d/e", "d/e/g", "d/f", "D", "D/e", "D/e/g", "D/f"}
    assert "EXDEV" in preview.reason


if ROOT:  # only root can give files away

    def test_entries_of_other_owners_are_asked_of_a_copy(who: str, folder: Path) -> None:
        (folder / "a.txt").chmod(0o666)
        os.chown(folder / "a.txt", 1234, 1234)
        preview = tried(who, folder, "echo more >> a.txt")
        assert [change.path for change in preview.changes] == ["a.txt"]
        assert (preview.status, preview.backend) == ("checked", "copy")
        assert "EOVERFLOW" in preview.reason

    def test_a_folder_of_somebody_elses_is_tried_by_root_on_a_copy() -> None:
        with folder_of("user") as place:
            (place / "f").write_text("x")
            give("user", place)
            preview = tried("me", place, "echo y > f; rm f; id -u")
            assert (preview.status, preview.backend, preview.stdout) == ("checked", "copy", "0\n")
            assert [change.path for change in preview.changes] == ["f"]

    @BACKENDS
    def test_what_a_user_may_not_do_fails_here_too(backend: str) -> None:
        with folder_of("me") as place:
            (place / "d").mkdir()
            (place / "d" / "f").write_text("x")
            (place / "f").write_text("x")
            preview = tried("user", place, "rm f; rm -r d; echo y >> f; touch g; mkdir h", backend)
            assert (preview.status, preview.backend) == ("checked", backend)
            assert preview.changes == []
            assert preview.stderr.count("ermission denied") == 5


def test_what_may_not_be_read_cannot_be_copied() -> None:
    who = WHO[-1]  # root may read everything
    with folder_of(who) as place:
        (place / "a.txt").touch(0)
        give(who, place)
        preview = tried(who, place, "true", "copy")
        assert (preview.status, preview.backend) == ("not-checked", None)
        assert "a.txt" in preview.reason
        assert seen(who, place, "rm -f a.txt") == {"a.txt": "deleted"}


def without_a_group(program: str) -> str:
    """Return what a program prints that runs as a root who can make no control group, nor become somebody else."""
    program = f"import sys; from assay.terminal.preview import dry_run; {program}"
    enter = ["unshare", "-Urm", "sh", "-ec", 'mount -t tmpfs x /sys/fs/cgroup; exec "$@"', "sh"]
    return subprocess.run([*enter, sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True).stdout


def test_a_root_without_a_group_is_watched() -> None:
    assert without_a_group("print(dry_run(':(){ :|:& };:; sleep 9').limit)") == "processes\n"


def test_what_is_watched_cannot_starve_who_watches() -> None:
    policy = without_a_group("print(dry_run('cut -d\" \" -f41 /proc/self/stat').stdout)")
    assert int(policy) == os.SCHED_IDLE


def test_a_folder_that_is_too_large_is_not_copied(who: str, folder: Path) -> None:
    subprocess.run(["truncate", "-s", "201M", folder / "large"], check=True)
    preview = tried(who, folder, "touch ran", "copy")
    assert (preview.status, preview.backend, preview.changes) == ("not-checked", None, [])
    assert "200 MB" in preview.reason
    os.link(folder / "a.txt", folder / "b.txt")
    doubtful = tried(who, folder, "echo more >> a.txt")
    assert (doubtful.status, doubtful.backend) == ("not-checked", "overlay")
    assert "hard links" in doubtful.reason


def test_a_large_folder_is_no_trouble_for_a_layer() -> None:
    with folder_of("me") as place:
        for number in range(20_500):
            (place / str(number)).touch()
        expected = {str(number): "deleted" for number in range(20_500) if str(number).startswith("77")}
        assert seen("me", place, "rm 77*; echo 1 > n") == {**expected, "n": "created"}
        assert "20,000" in tried("me", place, "true", "copy").reason


def in_mounts(script: str, folder: Path, command: str) -> Preview:
    """Try a command where a script has mounted what only this process sees."""
    program = "import pickle, sys; from pathlib import Path; from assay.terminal.preview import dry_run; " \
              "sys.stdout.buffer.write(pickle.dumps(dry_run(sys.argv[1], Path(sys.argv[2]))))"
    enter = ["unshare", "-Urm", "sh", "-ec", f'{script}; exec "$@"', "sh"]
    done = subprocess.run([*enter, sys.executable, "-c", program, command, folder], cwd=folder,
                          env={**os.environ, "SHELL": "/bin/bash"}, stdout=subprocess.PIPE, check=True)
    return pickle.loads(done.stdout)


def test_a_read_only_file_system_stays_so(tmp_path: Path) -> None:
    mount = "mount -t tmpfs x .; cd $PWD; echo 1 > f; mount -o remount,ro ."
    preview = in_mounts(mount, tmp_path, "cat f; rm f; touch g")
    assert (preview.status, preview.rc, preview.changes, preview.stdout) == ("checked", 1, [], "1\n")
    assert preview.stderr.count("Read-only file system") == 2
    assert "read-only" in preview.reason


def test_a_file_system_inside_the_folder_can_be_read_only(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "f").touch()
    preview = in_mounts("mount -t tmpfs x sub; echo 1 > sub/g", tmp_path, "cat sub/g; rm f; rm sub/g")
    assert (preview.status, preview.backend, preview.stdout) == ("checked", "copy", "1\n")
    assert [change.path for change in preview.changes] == ["f"]
    assert "another file system" in preview.reason


def test_a_folder_on_an_overlay(tmp_path: Path) -> None:
    for name in ("lower/d", "upper", "scratch", "merged"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lower/d/f").write_text("1")
    mount = "cd ..; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=scratch,userxattr x merged"
    preview = in_mounts(f"{mount}; echo 2 > merged/d/g", tmp_path / "merged", "ls d; rm -r d; mkdir d; echo 3 > d/h")
    assert (preview.status, preview.stdout) == ("checked", "f\ng\n")
    assert {change.path: change.change for change in preview.changes} == {
        "d/f": "deleted", "d/g": "deleted", "d/h": "created"}


def test_the_folder_may_hold_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with folder_of("me") as place:
        (place / "tmp").mkdir()
        (place / "f").touch()
        monkeypatch.setenv("TMPDIR", str(place / "tmp"))
        tempfile.tempdir = None
        try:
            assert seen("me", place, "rm f") == {"f": "deleted"}
        finally:
            tempfile.tempdir = None


@pytest.mark.parametrize("name", ["a,b:c", "with space", "back\\slash", "new\nline", "-dash", "quote'\"$HOME", "ü"])
def test_the_folders_name_may_be_any(name: str) -> None:
    with folder_of("me") as place:
        folder = place / name
        folder.mkdir()
        (folder / "f").touch()
        assert seen("me", folder, "rm f; touch g") == {"f": "deleted", "g": "created"}


def test_other_shells(monkeypatch: pytest.MonkeyPatch) -> None:
    with folder_of("me") as place:
        for shell in ("bash", "zsh", "fish", "dash"):
            monkeypatch.setenv("SHELL", shutil.which(shell) or shell)
            preview = dry_run("echo hi > f; cat /proc/self/comm; read -l x; exit 3", place)
            assert [change.path for change in preview.changes] == ["f"], preview
            assert preview.rc == 3
        monkeypatch.setenv("SHELL", "nowhere")
        assert dry_run("exit 5", place).rc == 5


def test_without_a_layer_a_copy_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with folder_of("me") as programs:
        for program in ("bwrap", "cp", "bash"):
            (programs / program).symlink_to(shutil.which(program) or program)
        monkeypatch.setenv("PATH", str(programs))
        preview = dry_run("echo 1 > f", tmp_path / "work")
    assert (preview.status, preview.backend) == ("checked", "copy")
    assert preview.reason == "no overlay: unshare is not on PATH: install the package util-linux"


def test_without_bwrap_nothing_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for copy in (False, True):
        preview = dry_run("/bin/touch ran", tmp_path, copy=copy)
        assert (preview.status, preview.backend, preview.rc, preview.changes) == ("not-checked", None, None, [])
        assert "install the package bubblewrap" in preview.reason
    assert not (tmp_path / "ran").exists()


def test_a_preview_knows_when_the_folder_has_moved_on(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    preview = dry_run("rm f", tmp_path)
    assert not preview.outdated()
    (tmp_path / "f").write_text("y")
    assert preview.outdated()
    preview = dry_run("rm f", tmp_path)
    (tmp_path / "work" / "new").touch()
    assert preview.outdated()


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="no such folder"):
        dry_run("true", tmp_path / "none")
    with pytest.raises(AssayError, match="kernel"):
        dry_run("true", "/proc/self")
    with pytest.raises(AssayError, match="NUL"):
        dry_run("echo \0", tmp_path)
    with pytest.raises(AssayError, match="longer"):
        dry_run("echo " + "x" * (128 << 10), tmp_path)
