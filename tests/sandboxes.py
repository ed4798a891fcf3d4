"""What tests of the sandbox share: ordinary users where we are root, folders of theirs, and who is still running."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def _namespaces_off() -> str:
    unshare = shutil.which("unshare")
    assert unshare, "util-linux is missing: scripts/system-packages installs it on Debian"
    done = subprocess.run([unshare, "-Ur", "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


OFF = _namespaces_off()
needs_namespaces = pytest.mark.skipif(bool(OFF), reason=f"user namespaces are off: {OFF}")
WHO = ["me", "user"] if os.geteuid() == 0 else ["me"]  # where we are root, everything has to work for users too


def run_as(who: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function here, or as an ordinary user in a process of its own (its arguments and result are pickled)."""
    if who == "me":
        return function(*args)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer: tuple[bool, Any]
        try:
            become_user()
            answer = True, function(*args)
        except BaseException:
            answer = False, traceback.format_exc()
        with open(writing, "wb") as file:
            pickle.dump(answer, file)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        content = file.read()
    os.waitpid(child, 0)
    fine, result = pickle.loads(content)
    assert fine, result
    return result


def become_user() -> None:
    """Give up being root, for good."""
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    os.environ["HOME"] = "/nonexistent"


@contextmanager
def folder_of(who: str) -> Iterator[Path]:
    """A new folder that belongs to who is to work in it."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as name:
        if who == "user":
            nobody = pwd.getpwnam("nobody")
            os.chown(name, nobody.pw_uid, nobody.pw_gid)
        os.chmod(name, 0o755)
        yield Path(name).resolve()


def give(who: str, folder: Path) -> None:
    """Hand all that is in a folder to who is to work in it."""
    if who == "user":
        subprocess.run(["chown", "-hR", "nobody:", folder], check=True)


def running(marker: str) -> list[int]:
    """Return the processes of this machine with a word in their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if marker.encode() in words and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


def wait_until(holds: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
