"""A program on a real pseudo-terminal: what it shows, what is typed, how it ends. Standard library only."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence

PATIENCE = 90.0  # s: machines that run tests are busy
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>()][0-9A-B]?|\x1b[78M]")
ENTER, CTRL_C, CTRL_D, CTRL_U, TAB, ALT_E = "\r", "\x03", "\x04", "\x15", "\t", "\x1be"


class Terminal:
    """A program that believes somebody sits before it; use it as a context.

    Parameters
    ----------
    command : sequence of str
    environ : mapping
        Changes to this process's environment; None takes a variable out.
    columns, rows : int
    """

    def __init__(self, *command: str, environ: Mapping[str, str | None] | None = None, columns: int = 80,
                 rows: int = 30) -> None:
        variables = {**os.environ, "TERM": "xterm-256color", "SHELL": "/bin/bash", **(environ or {})}
        self.raw = b""
        self._read = 0  # bytes that `expect` went past
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # No message of a size that changes: it is set before the program looks.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(command[0], list(command), {key: value for key, value in variables.items() if value is not None})

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    @property
    def shown(self) -> str:
        """All that was shown, without what moves the cursor and colours."""
        return _plain(self.raw)

    def type(self, *keys: str) -> None:
        """Type."""
        os.write(self.fd, "".join(keys).encode())

    def expect(self, text: str, patience: float = PATIENCE) -> str:
        """Wait until a text is shown that was not expected before; return what was shown up to its end."""
        until = time.monotonic() + patience
        while text not in (plain := _plain(self.raw[self._read:])):
            left = until - time.monotonic()
            if left <= 0 or not self._more(left):
                raise AssertionError(f"{text!r} was not shown; shown was:\n{plain}")
        # The end of the text in the bytes: the shortest beginning that shows it.
        end = self._read + next(size for size in range(len(text), len(self.raw) - self._read + 1)
                                if text in _plain(self.raw[self._read:self._read + size]))
        seen, self._read = _plain(self.raw[self._read:end]), end
        return seen

    def rest(self, patience: float = PATIENCE) -> str:
        """Wait for the end; return what was shown since the last text that was expected."""
        until = time.monotonic() + patience
        while self._more(max(until - time.monotonic(), 0)):
            pass
        seen, self._read = _plain(self.raw[self._read:]), len(self.raw)
        return seen

    def end(self, patience: float = PATIENCE) -> int:
        """Wait for the end; return the exit code."""
        until = time.monotonic() + patience
        seen = self.rest(patience)
        ended, status = os.waitpid(self.pid, os.WNOHANG)
        while not ended and time.monotonic() < until:
            time.sleep(0.01)
            ended, status = os.waitpid(self.pid, os.WNOHANG)
        if not ended:
            raise AssertionError(f"the program did not end; shown was:\n{seen}")
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def _more(self, patience: float) -> bool:
        """Read what comes next; False at the end, or if nothing comes."""
        if not select.select([self.fd], [], [], patience)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            return False
        self.raw += data
        return bool(data)


def _plain(raw: bytes) -> str:
    return ESCAPES.sub(b"", raw).decode("utf-8", "replace").replace("\r\n", "\n")


def assay(*args: str, **options: object) -> Terminal:
    """Run ``assay ARGS`` on a terminal."""
    return Terminal(sys.executable, "-m", "assay", *args, **options)  # type: ignore[arg-type]


def words(text: str) -> Sequence[str]:
    """The words of what was shown, however lines were broken."""
    return text.split()
