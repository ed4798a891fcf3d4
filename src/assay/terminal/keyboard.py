"""One key at a time from a terminal, or one line at a time where the terminal can do no better."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
from types import FrameType, TracebackType

ENTER, ESCAPE, END = "enter", "escape", "end"
SEQUENCE = 0.05  # s within which the rest of an arrow key's sequence comes


def simple_terminal() -> bool:
    """Whether the terminal has no cursor that can be moved."""
    return os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")


class Keys:
    """The keyboard while a menu is up: no echo, no Enter needed; what was typed before is thrown away.

    Use it as a context; `key` waits. On a simple terminal it reads lines, of which the first character counts.
    """

    def __init__(self, fd: int | None = None) -> None:
        self.fd = sys.stdin.fileno() if fd is None else fd
        self.lines = simple_terminal()
        self._before: list[object] | None = None
        self._resumed: object = None

    def __enter__(self) -> Keys:
        termios.tcflush(self.fd, termios.TCIFLUSH)
        if not self.lines:
            self._before = termios.tcgetattr(self.fd)
            self._resumed = signal.signal(signal.SIGCONT, self._again)
            self._again()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._before is not None:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self._before)
            signal.signal(signal.SIGCONT, self._resumed)  # type: ignore[arg-type]
            self._before = None

    def _again(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Set the terminal up; again after a stop (Ctrl-Z), when the shell has set it up for itself."""
        mode = termios.tcgetattr(self.fd)
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSADRAIN, mode)

    def key(self) -> str:
        """Return the next key: a character in lower case, ``enter``, ``escape`` (arrow keys too) or ``end``."""
        try:
            return self._line() if self.lines else self._key()
        except OSError:  # the terminal is gone
            return END

    def _line(self) -> str:
        try:
            line = input().strip().lower()
        except EOFError:
            return END
        return line[:1] or ENTER

    def _key(self) -> str:
        first = os.read(self.fd, 1)
        if first in (b"", b"\x04"):
            return END
        if first in (b"\r", b"\n"):
            return ENTER
        if first == b"\x1b":
            while select.select([self.fd], [], [], SEQUENCE)[0] and os.read(self.fd, 16):
                pass
            return ESCAPE
        # The other bytes of a character that has several.
        wanted = 3 if first[0] >= 0xF0 else 2 if first[0] >= 0xE0 else 1 if first[0] >= 0xC0 else 0
        return (first + b"".join(os.read(self.fd, 1) for _ in range(wanted))).decode("utf-8", "replace").lower()


class Quiet:
    """No echo of what is typed while something is written; it is there for whoever reads next. Use it as a context."""

    def __init__(self) -> None:
        self._before: list[object] | None = None

    def __enter__(self) -> Quiet:
        if sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin.fileno())
            mode = termios.tcgetattr(sys.stdin.fileno())
            mode[3] &= ~termios.ECHO
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, mode)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)
            self._before = None
