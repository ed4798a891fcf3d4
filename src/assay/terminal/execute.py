"""Running commands for real: all of a list in one shell, which stops at the first that fails."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POSIX = frozenset(("sh", "bash", "dash", "zsh", "ksh", "ksh93", "mksh", "lksh", "pdksh", "ash", "yash"))
FALLBACK = "/bin/sh"
INTERRUPTS = (-signal.SIGINT, 128 + signal.SIGINT)


@dataclass(frozen=True)
class Ran:
    """How a list of commands ended.

    Parameters
    ----------
    rc : int
        The exit status of the last one that was run; minus a signal's number where one ended the shell.
    at : int
        Its place in the list, from 1.
    count : int
        How many there were.
    """

    rc: int
    at: int
    count: int

    @property
    def ok(self) -> bool:
        """Whether all were run and none failed."""
        return self.rc == 0 and self.at == self.count

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return self.rc in INTERRUPTS

    def told(self) -> str:
        """Return one line that says where it stopped and why; nothing where all is well.

        >>> Ran(1, 2, 3).told()
        'stopped: command 2 of 3 failed with exit status 1; command 3 was not run'
        """
        if self.ok:
            return ""
        what = "the command" if self.count == 1 else f"command {self.at} of {self.count}"
        left = [str(number) for number in range(self.at + 1, self.count + 1)]
        verb = "command {} was" if len(left) == 1 else "commands {} were"
        rest = f"; {verb.format(', '.join(left))} not run" if left else ""
        if self.interrupted:
            return f"stopped: {what} was interrupted{rest}"
        if self.rc < 0:
            return f"stopped: {what} was ended by signal {-self.rc}{rest}"
        how = f"failed with exit status {self.rc}" if self.rc else "ended the shell"
        return f"stopped: {what} {how}{rest}"


def shell_of(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return the shell that runs commands, and a remark where it is not the user's own.

    That is ``SHELL``; where there is none, or it speaks a language that a list of commands cannot be written in
    (csh, nu, PowerShell ...), /bin/sh.
    """
    shell = environ.get("SHELL", "")
    name = Path(shell).name
    if not shell:
        return FALLBACK, ""
    if name not in POSIX | {"fish"}:
        return FALLBACK, f"run by {FALLBACK}: commands are not written for {name}"
    if not os.access(shell, os.X_OK):
        return FALLBACK, f"run by {FALLBACK}: SHELL is {shell}, which cannot be run"
    return shell, ""


def script(commands: Sequence[str], shell: str = FALLBACK, progress: Path | None = None) -> str:
    """Return one script for a list of commands: it ends at the first one that fails, with its exit status.

    Each is handed to ``eval``: text that is not valid in the shell fails as a command would, where it stands.

    Parameters
    ----------
    commands : sequence of str
    shell : str
        Whose language it is written in.
    progress : Path, optional
        File in which the script notes the number of the command it has come to.

    >>> print(script(["cd sub", "ls"]))
    eval 'cd sub'
    case $? in 0) ;; *) exit ;; esac
    eval ls
    case $? in 0) ;; *) exit ;; esac
    """
    name = Path(shell).name
    lines = []
    for number, command in enumerate(commands, start=1):
        if progress is not None:
            lines.append(f"echo {number} > {_quoted(str(progress), name)}")
        lines.append(_guarded(_quoted(command, name), name))
    return "\n".join(lines)


def _guarded(quoted: str, name: str) -> str:
    if name == "fish":
        return f"eval {quoted}; or exit $status"
    # Not "||": inside it `set -e` of a command would mean nothing.
    return f"eval {quoted}\ncase $? in 0) ;; *) exit ;; esac"


def _quoted(text: str, name: str) -> str:
    if name == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return shlex.quote(text)


def run(commands: Sequence[str], environ: Mapping[str, str] | None = None) -> Ran:
    """Run commands on the terminal, as if they were typed there; Ctrl-C is theirs.

    Parameters
    ----------
    commands : sequence of str
    environ : mapping, optional
        Default: the environment of this process.

    Raises
    ------
    OSError
        If the shell cannot be started, as for a command that is too long.
    ValueError
        If a command holds a NUL.
    """
    environ = os.environ if environ is None else environ
    shell, _ = shell_of(environ)
    with tempfile.TemporaryDirectory(prefix="assay-run-") as folder:
        progress = Path(folder) / "at"
        with _left_to_the_shell():
            done = subprocess.run([shell, "-c", script(commands, shell, progress)], env=dict(environ), check=False)
        return Ran(done.returncode, _noted(progress), len(commands))


def _noted(progress: Path) -> int:
    try:
        return int(progress.read_text())
    except (OSError, ValueError):
        return 1


@contextmanager
def _left_to_the_shell() -> Iterator[None]:
    """Let what the keyboard sends be the shell's: we go on when it has ended.

    A handler, not "ignore": that one the shell would inherit.
    """
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
