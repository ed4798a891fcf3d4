"""A sign of life while something is waited for: who is asked and for how long; gone when the answer is there."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import IO

from assay.terminal.keyboard import Quiet, simple_terminal

FRAMES, PAUSE = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", 0.1
PLAIN = "|/-\\"
BACK, CLEAR = "\r", "\x1b[K"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
COUNTED = 1.0  # s after which the seconds are shown


class Waiting:
    """A line on stderr that moves; use it as a context. Nothing is shown where stderr is no terminal.

    Parameters
    ----------
    text : str
        As "asking gpt-4o".
    stream : text stream, optional
        Default: stderr.
    """

    def __init__(self, text: str, stream: IO[str] | None = None) -> None:
        self.text, self.stream = text, sys.stderr if stream is None else stream
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._quiet = Quiet()

    def __enter__(self) -> Waiting:
        if not self.stream.isatty():
            return self
        if simple_terminal():
            self._write(f"{self.text} ...\n")
            return self
        self._quiet.__enter__()
        self._thread = threading.Thread(target=self._turn, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the line away; may be called twice."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._write(BACK + CLEAR + SHOW)
            self._quiet.__exit__()

    def _turn(self) -> None:
        frames = FRAMES if (self.stream.encoding or "").lower().startswith("utf") else PLAIN
        started, number = time.monotonic(), 0
        self._write(HIDE)
        while not self._done.wait(PAUSE):
            passed = time.monotonic() - started
            seconds = f"  {passed:.0f} s" if passed >= COUNTED else ""
            self._write(f"{BACK}{frames[number % len(frames)]} {self.text}{seconds}{CLEAR}")
            number += 1

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):
            self._done.set()
