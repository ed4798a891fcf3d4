"""One sandbox for commands nobody has read yet: a machine of its own for a moment, with an empty home."""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.core.errors import AssayError
from assay.terminal.box import cgroup, mounts, shims
from assay.terminal.box.folder import Folder
from assay.terminal.box.limits import Limits
from assay.terminal.box.process import STARTING, Box
from assay.terminal.changes import Change, Entry, TooDeep, compare, own_mode, snapshot

VERSION = 1  # of what a command sees and what is reported: raise it when a verdict may come out another way
KEEP = 64 << 10  # bytes of a file whose content a snapshot keeps
MOST = 1 << 20  # bytes of what a probe prints that are read
PREPARE, ASK = 60.0, 30.0  # s for the fixture and for the questions afterwards
PLAIN = 'eval "$(</opt/box/command)"'
SAME_SHELL = """\
eval "$(</opt/box/setup)"
eval "$(</opt/box/command)"
_box_status=$?
{ eval "$(</opt/box/probe)"; } >/opt/box/probed 2>&1
exit $_box_status"""


@dataclass(frozen=True)
class Job:
    """A command and the world it meets.

    Parameters
    ----------
    command : str
        Given to bash. Its text is in no process's arguments: ``pgrep -f`` finds what the request is about.
    fixture : str
        bash, run first in the empty home (``/home/user``) with ``-e``; its own folders, repositories, files.
    shims : mapping of str to str
        Program -> body of a stub in sh; see `assay.terminal.box.shims.write`.
    background : str
        bash, run after the fixture with ``-e``, to its end: what it leaves running with ``&`` is there for the command.
    cwd : str
        Where the command starts, relative to the home.
    environment : mapping of str to str
        Variables besides the box's own, in all scripts.
    after : str
        bash, run in the home when the command has ended; what it prints is `Result.after`.
    timeout : float
        Seconds for the command.
    same_shell_setup, same_shell_probe : str
        bash, run in the command's own shell before and after it; what the probe prints is `Result.probe`.
    hosts : mapping of str to str
        Name -> address, besides localhost.
    home : Path, optional
        A folder the home starts as a copy of, times and hard links included, before the fixture: one that was kept.
    keep : Path, optional
        Where a copy of the home is left in the end; must not be there yet.
    """

    command: str
    fixture: str = ""
    shims: Mapping[str, str] = field(default_factory=dict)
    background: str = ""
    cwd: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    timeout: float = 10.0
    same_shell_setup: str = ""
    same_shell_probe: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    home: Path | None = None
    keep: Path | None = None

    def scripts(self) -> dict[str, str]:
        """Return the scripts by the names they have inside; those that are empty are left out."""
        found = {"command": self.command, "fixture": self.fixture, "background": self.background,
                 "setup": self.same_shell_setup, "probe": self.same_shell_probe, "after": self.after}
        always = ("command", "setup", "probe") if self.same_shell else ("command",)
        return {name: text for name, text in found.items() if text or name in always}

    def written(self) -> list[str]:
        """Return the files that scripts write into, besides the home."""
        wanted = {"log": True, "calls": bool(self.shims), "answer": bool(self.after), "probed": self.same_shell}
        return [name for name, needed in wanted.items() if needed]

    @property
    def same_shell(self) -> bool:
        """Whether something is run in the command's shell besides it."""
        return bool(self.same_shell_setup or self.same_shell_probe)


@dataclass
class Result:
    """What a command did.

    Parameters
    ----------
    status : str
        ``checked``, or ``not-checked`` with the `reason`: nothing was run, or not in the world it was to meet.
    rc : int, optional
        Exit code; 128 + N if signal N ended it; None if it was stopped.
    limit : str, optional
        ``processes``, ``disk``, ``output`` or ``time``: what it was stopped for.
    calls : list of list of str
        Program and arguments of every call of a shim.
    after, probe : str
        What the probes printed; empty if the command was stopped.
    home_before, home_after : dict of str to Entry
        Snapshots of the home by relative path; small files with their contents.
    seconds : float
        Of the command.
    """

    status: str
    reason: str = ""
    rc: int | None = None
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False
    limit: str | None = None
    changes: list[Change] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    after: str = ""
    probe: str = ""
    seconds: float = 0.0
    home_before: dict[str, Entry] = field(default_factory=dict, repr=False)
    home_after: dict[str, Entry] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return what ``assay terminal box --json`` shows."""
        return {"status": self.status, "reason": self.reason, "rc": self.rc, "stdout": self.stdout,
                "stderr": self.stderr, "timed_out": self.timed_out, "limit": self.limit,
                "changes": [change.to_json() for change in self.changes], "calls": self.calls,
                "seconds": round(self.seconds, 4)}


def available() -> str | None:
    """Return why there is no sandbox on this machine, None if there is one."""
    return _probed(shutil.which("bwrap"), os.geteuid())


def run(job: Job, limits: Limits = Limits()) -> Result:  # noqa: B008  (frozen)
    """Run a command in a box of its own; what it does to its home is looked at from outside.

    Raises
    ------
    AssayError
        A text that no shell can be given (a NUL), or a folder outside the home.
    """
    _check(job)
    if reason := available():
        return Result("not-checked", reason)
    with Folder(unprivileged()) as folder, _group(folder.owner, limits) as enter:
        command = [*enter, *_prepare(job, folder, limits, enter)]
        with STARTING:
            shims.write(folder.path / "opt" / "bin", job.shims)
            box = Box(command, limits, [folder.path / "home"], folder.owner)
        with box:
            try:
                result = _Run(job, box, folder.path).result()
            except TooDeep as error:
                return Result("not-checked", f"the home cannot be looked at: {error}")
        if job.keep is not None:
            _copy(folder.path / "home", job.keep)
        return result


class _Run:
    """One run, step by step."""

    def __init__(self, job: Job, box: Box, folder: Path) -> None:
        self.job, self.box, self.folder = job, box, folder

    def result(self) -> Result:
        """Follow the first process from step to step."""
        heard = self.box.begin(PREPARE)
        if heard != ["ready"]:
            return Result("not-checked", self._unprepared(heard))
        if self.job.background:
            self.box.settle()
        mode = self._mode()
        before, processes = self._home(), self.box.processes()
        began = time.monotonic()
        self.box.answer()
        heard = self.box.hear(self.job.timeout)
        seconds = time.monotonic() - began
        if self.job.background or self.box.processes() > processes:
            self.box.settle()
        self.box.drain(more=self.box.processes() > processes)
        result = Result("checked", rc=int(heard[1]) if heard else None, seconds=seconds, home_before=before,
                        timed_out=self.box.timed_out, limit="time" if self.box.timed_out else self.box.limit)
        result.stdout, result.stderr = self.box.text("stdout"), self.box.text("stderr")
        result.home_after = self._home()
        result.limit = result.limit or self._filled(result)
        result.changes = [*own_mode(mode, self._mode()), *compare(before, result.home_after)]
        result.calls = shims.read(self._text("calls").encode("utf-8", "surrogateescape"))
        result.probe = self._text("probed")
        if heard and self.job.after:
            self._ask(result)
        return result

    def _filled(self, result: Result) -> str | None:
        """Return ``disk`` if the kernel refused to write more, which it tells only the command."""
        largest = max((entry.size or 0 for entry in result.home_after.values()), default=0)
        return "disk" if largest >= self.box.limits.file or self.box.filled() else None

    def _ask(self, result: Result) -> None:
        self.box.answer()
        heard = self.box.hear(ASK)
        result.after = self._text("answer")
        result.limit = result.limit or self.box.limit
        if not heard and not self.box.limit:
            result.status, result.reason = "not-checked", f"the questions afterwards did not end in {ASK:g} s"

    def _unprepared(self, heard: list[str]) -> str:
        log = " ".join(self._text("log").split())[-500:] or self.box.text("stderr").strip()
        if self.box.timed_out or self.box.limit:
            return f"the fixture was stopped ({self.box.limit or f'it took more than {PREPARE:g} s'}): {log}"
        if not heard:
            return f"the sandbox did not start: {log}"
        return f"the {heard[1]} ended with exit code {heard[2]}: {log}"

    def _home(self) -> dict[str, Entry]:
        return snapshot(self.folder / "home", keep=KEEP, unlock=True)

    def _mode(self) -> int:
        return (self.folder / "home").stat().st_mode

    def _text(self, name: str) -> str:
        try:
            with (self.folder / name).open("rb") as file:
                return file.read(MOST).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return ""


def _check(job: Job) -> None:
    if any("\0" in text for text in (*job.scripts().values(), job.cwd, *job.environment.values())):
        raise AssayError("the command holds a NUL character, which no shell takes", "leave it out")


def _prepare(job: Job, folder: Folder, limits: Limits, group: list[str]) -> list[str]:
    """Write what the box reads, and return the command that starts it, in a group or not."""
    home = folder.folder("home")
    if job.home is not None:
        _copy(job.home, home)
    opt, etc = folder.folder("opt"), folder.folder("etc")
    (opt / "bin").mkdir()
    for name in job.written():
        folder.file(name)
        folder.file(f"opt/{name}")  # to be bound over
    folder.file("opt/init", _init())
    for name, text in job.scripts().items():
        folder.file(f"opt/{name}", text)
    for name, text in mounts.ETC.items():
        (etc / name).write_text(text)
    with (etc / "hosts").open("a") as file:
        file.writelines(f"{address} {name}\n" for name, address in job.hosts.items())
    shell = SAME_SHELL if job.same_shell else PLAIN
    root = folder.owner is None and os.geteuid() == 0
    idle = " ".join(cgroup.idle(group) if root else [])
    return [shutil.which("bwrap") or "", *mounts.home(folder.path, job.written(), limits, root),
            *mounts.environment({**mounts.ENVIRONMENT, **job.environment}), "--",
            *limits.command(), "/bin/sh", "/opt/box/init", job.cwd, shell, idle]


def _copy(source: Path, target: Path) -> None:
    """Copy a folder's content with all that can be kept of it; the target may be there, and empty."""
    subprocess.run(["cp", "-a", "--", f"{source}/.", target], check=True)


@functools.cache
def _init() -> str:
    return (Path(__file__).parent / "box" / "init.sh").read_text()


def unprivileged() -> tuple[int, int] | None:
    """Return the (uid, gid) that a box is started as where we are root, None where we are not or cannot change."""
    return _nobody(os.geteuid())


@functools.cache
def _nobody(user: int) -> tuple[int, int] | None:
    if user != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
        found = nobody.pw_uid, nobody.pw_gid
        subprocess.run(["true"], user=found[0], group=found[1], extra_groups=[], check=True)
    except (KeyError, OSError, subprocess.SubprocessError):
        return None
    return found


def _group(owner: tuple[int, int] | None, limits: Limits) -> AbstractContextManager[list[str]]:
    """Return what limits processes where the kernel counts none: root's, who could not become somebody else."""
    counted = owner is not None or os.geteuid() != 0
    return nullcontext([]) if counted else cgroup.group(limits.processes)


@functools.cache
def _probed(bwrap: str | None, user: int) -> str | None:
    if sys.platform != "linux":
        return "the sandbox needs Linux"
    if bwrap is None:
        return "bwrap is not on PATH: install the package bubblewrap"
    for program in ("/bin/bash", "/usr/bin/prlimit"):
        if not os.access(program, os.X_OK):
            return f"{program} is missing: install bash and util-linux"
    owner = _nobody(user)
    become: dict[str, Any] = {"user": owner[0], "group": owner[1], "extra_groups": []} if owner else {}
    done = subprocess.run([bwrap, "--unshare-all", "--unshare-user", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr",
                           *mounts.system(), "--proc", "/proc", "--", "/usr/bin/prlimit", "--version"],
                          env={}, cwd="/", capture_output=True, text=True, check=False, **become)
    return f"no sandbox: {' '.join(done.stderr.split()) or 'bwrap failed'}" if done.returncode else None
