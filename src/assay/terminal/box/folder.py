"""A temporary folder for one run: found again and removed when its owner was killed."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

PREFIX = "assay-box-"
MEMORY = Path("/dev/shm")  # a box writes and removes some twenty small files: a disk takes ten times as long
PLENTY = 4 << 30  # bytes
YOUNG = 60.0  # s; a folder this young may not have its lock yet


class Folder:
    """A new folder under the system's temporary folder, gone at the end whatever the modes inside.

    Its owner holds a lock on it as long as it lives: the kernel gives the lock up when the owner is killed, and the
    next owner removes what was left.

    Parameters
    ----------
    owner : tuple of int, optional
        (uid, gid) the folder is given to; only root can.
    parent : Path, optional
        Where to make it.
    """

    def __init__(self, owner: tuple[int, int] | None = None, parent: Path | None = None) -> None:
        place = parent or temporary(shared=owner is not None)
        _sweep(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self.owner = owner
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.give(self.path)

    def give(self, path: Path) -> None:
        """Hand a file or folder to the owner."""
        if self.owner is not None:
            os.chown(path, *self.owner)

    def folder(self, name: str) -> Path:
        """Return a new folder of the owner's."""
        path = self.path / name
        path.mkdir()
        self.give(path)
        return path

    def file(self, name: str, content: str | bytes = b"", mode: int = 0o644) -> Path:
        """Return a new file of the owner's."""
        path = self.path / name
        path.write_bytes(content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content)
        path.chmod(mode)
        self.give(path)
        return path

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        remove(self.path)
        os.close(self._lock)


def temporary(shared: bool = False) -> Path:
    """Return a temporary folder: TMPDIR, or memory where there is plenty, or the system's.

    Parameters
    ----------
    shared : bool
        Every user has to reach it.
    """
    if not os.environ.get("TMPDIR") and _roomy(MEMORY):
        return MEMORY
    place = Path(tempfile.gettempdir()).resolve()
    open_to_all = all(folder.stat().st_mode & stat.S_IXOTH for folder in (place, *place.parents))
    return place if open_to_all or not shared else Path("/tmp")


def _roomy(place: Path) -> bool:
    """Whether there is room for several boxes, and programs in them can be run."""
    try:
        state = os.statvfs(place)
    except OSError:
        return False
    return (os.access(place, os.W_OK | os.X_OK) and state.f_bavail * state.f_frsize > PLENTY
            and not state.f_flag & os.ST_NOEXEC)


def remove(path: Path) -> None:
    """Remove a folder with all it holds, also where nothing inside may be read or it is deeper than a path can say."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(path)
        return
    subprocess.run(["chmod", "-R", "u+rwX", path], stderr=subprocess.DEVNULL, check=False)
    subprocess.run(["rm", "-rf", "--one-file-system", "--", path], stderr=subprocess.DEVNULL, check=False)


@functools.cache
def _sweep(place: Path) -> None:
    """Remove, once a process, the folders whose owners are gone."""
    for path in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if not stat.S_ISDIR(status.st_mode) or time.time() - status.st_ctime < YOUNG or not _ours(status.st_uid):
                continue
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
            finally:
                os.close(lock)


def _ours(uid: int) -> bool:
    return os.geteuid() in (0, uid)
