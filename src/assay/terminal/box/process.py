"""A box as its driver sees it: start it, hear it, stop it, and nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from assay.terminal.box.limits import Limits, Watch
from assay.terminal.box.mounts import TEMPORARY

CHUNK = 1 << 16
GRACE = 0.05  # s for the last words of what the command left running
SETTLED = 0.2  # s; what works without end is not waited for any longer
# A script must not be open for writing in a child of another thread's that has not become its program yet.
STARTING = threading.Lock()


class Box:
    """A running box: the first process inside speaks in lines over a socket, and waits for an answer to each.

    Parameters
    ----------
    command : sequence of str
        bwrap with its arguments, but for the one that tells the first process's number: put in at `{info}`.
    limits : Limits
    watched : sequence of Path
        Folders whose size is limited together.
    user : tuple of int, optional
        (uid, gid) to run as; only root can.
    temporary : sequence of str
        File systems of a fixed size inside.
    files : sequence of int
        Open files that bwrap reads.
    """

    def __init__(self, command: Sequence[str], limits: Limits, watched: Sequence[Path],
                 user: tuple[int, int] | None = None, temporary: Sequence[str] = tuple(TEMPORARY),
                 files: Sequence[int] = ()) -> None:
        self.limits, self.watched, self.temporary = limits, watched, temporary
        self.limit: str | None = None
        self.timed_out = self.gone = False
        self.output: dict[str, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
        self._heard = bytearray()
        self._streams: dict[str, Any] = {}
        self._selector = selectors.DefaultSelector()
        self._start(command, user, files)

    def _start(self, command: Sequence[str], user: tuple[int, int] | None, files: Sequence[int]) -> None:
        self._socket, theirs = socket.socketpair()
        reading, writing = os.pipe()
        told = [part.replace("{info}", str(writing)) for part in command]
        become: dict[str, Any] = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
        with theirs, open(reading, "rb") as info:
            try:
                self._process = subprocess.Popen(
                    told, stdin=theirs.fileno(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}, cwd="/",
                    pass_fds=(writing, *files), **become)
            finally:
                os.close(writing)
            self.pid = json.loads(info.read() or b"{}").get("child-pid")
        self._streams = {"stdout": self._process.stdout, "stderr": self._process.stderr, "socket": self._socket}
        for name, stream in self._streams.items():
            self._selector.register(stream, selectors.EVENT_READ, name)
        # Held from now on: the number may be another's by the time something has to be killed.
        self._first = os.pidfd_open(self.pid) if self.pid else None
        self._watch = Watch(self.limits, self.pid, self.watched, self.temporary) if self.pid else None

    def hear(self, seconds: float) -> list[str]:
        """Wait for the next line of the first process; returns its words, none if the box is gone or stopped.

        A time-out or a limit stops the box: see `timed_out` and `limit`.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._heard:
            if self.gone:
                return []
            left = deadline - time.monotonic()
            self._receive(max(0.0, min(left, self._watch.wait if self._watch else left)))
            self.limit = self.limit or (self._watch.look() if self._watch else None)
            self.timed_out = left <= 0 and b"\n" not in self._heard
            if self.timed_out or self.limit:
                self.stop()
                return []
        line, _, rest = bytes(self._heard).partition(b"\n")
        self._heard[:] = rest
        return line.decode("ascii", "replace").split()

    def begin(self, seconds: float) -> list[str]:
        """Let the first process begin, which waits to be sure that its driver lives; returns what `hear` does then."""
        if self.hear(seconds) != ["here"]:
            return []
        self.answer()
        return self.hear(seconds)

    def filled(self) -> bool:
        """Whether the disk space allowed is used up."""
        return self._watch is not None and self._watch.filled()

    def answer(self) -> None:
        """Let the first process go on."""
        with contextlib.suppress(OSError):
            self._socket.sendall(b"\n")

    def drain(self, more: bool = False) -> None:
        """Read what is left of the command's output; if `more` may come, wait a moment for it.

        There is no end to wait for: what the command left running, and bwrap itself, hold the streams open.
        """
        last = time.monotonic() + GRACE
        wait = GRACE if more else 0.0
        while (left := last - time.monotonic()) > 0 and (self._receive(min(wait, left), "socket") or more):
            pass

    def settle(self) -> None:
        """Wait a moment until what is left running waits itself: it has become its program, or is gone if killed."""
        last = time.monotonic() + SETTLED
        while self._watch and self._watch.busy() and time.monotonic() < last:
            time.sleep(0.002)

    def text(self, name: str) -> str:
        """Return what was written to ``stdout`` or ``stderr``."""
        return self.output[name].decode("utf-8", "replace")

    def processes(self) -> int:
        """Return how many processes are in the box, the first one included."""
        return self._watch.processes() if self._watch else 0

    def stop(self) -> None:
        """Kill everything inside, and wait until it is gone."""
        if self._first is not None:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def _receive(self, seconds: float, *deaf: str) -> bool:
        """Read what comes within the time, but for what it is deaf to; returns whether anything came."""
        ready = [key for key, _ in self._selector.select(seconds) if key.data not in deaf]
        for key in ready:
            data = os.read(key.fd, CHUNK)
            if not data:
                self._selector.unregister(key.fileobj)
                self.gone |= key.data == "socket"
            elif key.data == "socket":
                self._heard += data
            else:
                self._keep(key.data, data)
        return bool(ready)

    def _keep(self, name: str, data: bytes) -> None:
        kept = self.output[name]
        room = self.limits.output - len(kept)
        kept += data[:room]
        if len(data) > room:
            self.limit = "output"

    def __enter__(self) -> Box:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()
        self._selector.close()
        for stream in self._streams.values():
            stream.close()
        if self._first is not None:
            os.close(self._first)
