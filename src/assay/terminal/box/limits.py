"""What a command may use, and who watches."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MB = 1 << 20
INTERVAL = 0.05  # s between two looks
SPARE = 6  # processes


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes; None: not limited."""

    processes: int = 256
    file: int = 256 * MB
    home: int = 512 * MB
    temporary: int = 256 * MB
    address_space: int | None = 4096 * MB
    output: int = MB

    def told(self, reached: str) -> str:
        """Return a reached limit in words."""
        return {"processes": f"{self.processes} processes", "output": f"{self.output // MB} MB of output",
                "disk": f"{self.file // MB} MB in a file, {self.home // MB} MB in all"}.get(reached, reached)

    def command(self) -> list[str]:
        """Return the command that sets them for what follows.

        It has to run inside the box: the kernel then counts the processes of the box alone, not the user's.
        """
        space = [f"--as={self.address_space}"] if self.address_space else []
        return ["/usr/bin/prlimit", f"--nproc={self.processes}", f"--fsize={self.file}", *space, "--core=0"]


class Watch:
    """Looks at a box from outside, for what the kernel limits nowhere or tells nobody.

    Parameters
    ----------
    limits : Limits
    pid : int
        First process of the box, as seen from here.
    folders : sequence of Path
        Together at most ``limits.home`` bytes of disk.
    temporary : sequence of str
        File systems of a fixed size inside the box.
    """

    def __init__(self, limits: Limits, pid: int, folders: Sequence[Path], temporary: Sequence[str]) -> None:
        self.limits, self.folders, self.temporary = limits, folders, temporary
        self.inside = Path(f"/proc/{pid}/root")
        self._next = time.monotonic() + INTERVAL

    @property
    def wait(self) -> float:
        """Seconds until the next look is due."""
        return max(0.0, self._next - time.monotonic())

    def look(self) -> str | None:
        """Return the limit that has been reached: ``processes``, ``disk``, or None."""
        if self.wait:
            return None
        began = time.monotonic()
        reached = "processes" if self._too_many() else "disk" if self.filled() else None
        # A large home takes long to add up: looking at it must not take the machine from the command.
        self._next = time.monotonic() + max(INTERVAL, 4 * (time.monotonic() - began))
        return reached

    def processes(self) -> int:
        """Return how many processes are in the box."""
        return len(self._pids())

    def busy(self) -> bool:
        """Whether a process is at work or dying: a shell, perhaps, that has yet to become a program."""
        return any(self._state(pid) in (b"R", b"D", b"Z") for pid in self._pids() if pid != "1")

    def _state(self, pid: str) -> bytes:
        with contextlib.suppress(OSError):
            return (self.inside / "proc" / pid / "stat").read_bytes().rpartition(b")")[2].split()[0]
        return b""

    def _pids(self) -> list[str]:
        """/proc of the box lists its own processes only."""
        with contextlib.suppress(OSError):
            return [name for name in os.listdir(self.inside / "proc") if name.isdigit()]
        return []

    def _too_many(self) -> bool:
        """Whether there are as many threads as allowed, but for a few that the first process may need."""
        most, found = self.limits.processes - SPARE, self._pids()
        return len(found) >= most or sum(map(self._threads, found)) >= most

    def _threads(self, pid: str) -> int:
        with contextlib.suppress(OSError):
            return os.stat(self.inside / "proc" / pid / "task").st_nlink - 2
        return 0

    def filled(self) -> bool:
        """Whether the watched folders hold too much, or a temporary folder is full."""
        return sum(map(usage, self.folders)) > self.limits.home or any(map(self._full, self.temporary))

    def _full(self, name: str) -> bool:
        with contextlib.suppress(OSError):
            return os.statvfs(f"{self.inside}{name}").f_bavail == 0
        return False


def usage(folder: Path) -> int:
    """Return the bytes of disk that a folder takes; what may not be read is left out."""
    total, waiting = 0, [os.fspath(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return total
