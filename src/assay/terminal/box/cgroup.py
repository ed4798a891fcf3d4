"""A limit on processes where the kernel's other one does not hold: what root runs."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PREFIX = "assay-box-"
YOUNG = 60.0  # s
TOP = Path("/sys/fs/cgroup")
ENTER = 'echo $$ >"$0" && exec "$@"'
CHRT = ["/usr/bin/chrt", "--idle", "0"]


@contextlib.contextmanager
def group(processes: int) -> Iterator[list[str]]:
    """Make a group of at most so many processes; yields the command that enters it and becomes what follows.

    Where no group can be made, the command is empty: somebody has to watch (see `idle`).
    """
    made = _make(processes)
    try:
        yield ["/bin/sh", "-c", ENTER, str(made / "cgroup.procs")] if made else []
    finally:
        if made:
            with contextlib.suppress(OSError):
                made.rmdir()


def idle(entered: Sequence[str]) -> list[str]:
    """Return the command that becomes what follows with only the time that nobody else wants; empty if none is needed.

    It is for root's processes, which the kernel does not count, where they have not `entered` a group: a thousand of
    them would starve whoever watches, and the first process, which has to end them all.
    """
    return [] if entered or os.geteuid() != 0 or not os.access(CHRT[0], os.X_OK) else CHRT


def _make(processes: int) -> Path | None:
    for parent in _parents():
        _sweep(parent)
        made = parent / f"{PREFIX}{secrets.token_hex(6)}"
        with contextlib.suppress(OSError):
            made.mkdir()
            try:
                with (made / "pids.max").open("r+") as file:  # never made: what makes no such file is no group
                    file.write(str(processes))
                return made
            except OSError:
                made.rmdir()
    return None


def _sweep(parent: Path) -> None:
    """Remove what killed owners left: not a group that holds somebody, nor a young one, which is being entered."""
    for left in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > YOUNG:
                left.rmdir()


def _parents() -> Iterator[Path]:
    """Yield groups that may have one below them with a number of processes: our own first, then those around it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "pids"):
                own = TOP / controllers / path.lstrip("/")
                yield from (place for place in (own, *own.parents)
                            if place.is_relative_to(TOP / controllers) and os.access(place / "cgroup.procs", os.W_OK))
