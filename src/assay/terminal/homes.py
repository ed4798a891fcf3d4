"""Homes that fixtures have filled, kept for a moment: a case's controls start from copies of one."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

from assay.terminal import sandbox
from assay.terminal.sandbox import Job

FRESH = 120.0  # s; fixtures set times of files against now
# Fewer files to copy and to look at.
PACK = """
for folder in */.git *.git */*.git; do
    [ ! -d "$folder/objects" ] || git --git-dir="$folder" repack -adq
done
"""
# A copied repository's index does not know its files any more: plumbing commands would call them all changed.
REFRESH = """\
for folder in */.git; do
    [ ! -d "$folder" ] || git -C "${folder%/.git}" update-index -q --refresh > /dev/null || true
done
"""


class Homes:
    """Makes a home of each fixture once, and hands out the folder it is kept in.

    Close it at the end, or use it with ``with``: the folders are temporary.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._made: dict[str, tuple[float, Path | None]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, fixture: str, pack: bool = False) -> Path | None:
        """Return the folder of a fixture's home; None if it could not be made, which running it will explain.

        Parameters
        ----------
        fixture : str
        pack : bool
            Whether its repositories are packed.
        """
        with self._lock:
            lock = self._locks.setdefault(fixture, threading.Lock())
        with lock:
            made, folder = self._made.get(fixture, (0.0, None))
            if time.monotonic() - made > FRESH:
                self._made[fixture] = time.monotonic(), self._make(fixture, folder, pack)
            return self._made[fixture][1]

    def _make(self, fixture: str, stale: Path | None, pack: bool) -> Path | None:
        if stale is not None:
            shutil.rmtree(stale, ignore_errors=True)
        with self._lock:
            self._folder = self._folder or Path(tempfile.mkdtemp(prefix="assay-homes-"))
            target = self._folder / str(time.monotonic_ns())
        done = sandbox.run(Job(PACK if pack else "true", fixture=fixture, keep=target))
        return target if done.status == "checked" and done.rc == 0 else None

    def close(self) -> None:
        """Remove all folders."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
            self._made.clear()

    def __enter__(self) -> Homes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
