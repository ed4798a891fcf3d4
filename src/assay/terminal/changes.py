"""What is in a folder, and what has changed in it: types, modes, contents, link targets; times are not looked at."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
DEEPEST = 128  # folders inside each other; each holds a file descriptor while it is walked


class TooDeep(OSError):
    """Folders are nested too deeply to be walked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder, link or something else.

    Parameters
    ----------
    type : str
        ``file``, ``dir``, ``link`` or ``other`` (pipe, socket, device).
    mode : str
        Permissions in octal, as chmod takes them: ``644``.
    size : int, optional
        Bytes of a file.
    sha256 : str, optional
        Of a file's content; None if it may not be read.
    target : str, optional
        Of a link.
    content : bytes, optional
        Of a small file, where the snapshot was asked to keep it.
    """

    type: str
    mode: str
    size: int | None = None
    sha256: str | None = None
    target: str | None = None
    content: bytes | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return all but the content."""
        return {"type": self.type, "mode": self.mode, "size": self.size, "sha256": self.sha256, "target": self.target}


@dataclass(frozen=True, slots=True)
class Change:
    """A path that is not what it was: ``created``, ``modified``, ``deleted``, ``mode`` or ``type``."""

    path: str
    change: str
    before: Entry | None
    after: Entry | None

    def to_json(self) -> dict[str, Any]:
        """Return the change as plain data."""
        return {"path": self.path, "change": self.change,
                "before": self.before and self.before.to_json(), "after": self.after and self.after.to_json()}


def snapshot(folder: Path, keep: int = 0, unlock: bool = False) -> dict[str, Entry]:
    """Return every entry of a folder by its relative path, sorted; the folder itself is left out.

    Nothing is followed, and what was read when is not noted.

    Parameters
    ----------
    folder : Path
    keep : int
        Bytes up to which a file's content is kept.
    unlock : bool
        The folder is a copy of ours: give ourselves leave to read what may not be read, and take it back.

    Raises
    ------
    OSError
        The folder cannot be read; `TooDeep` if nobody could.
    """
    return dict(sorted(Walk(unlock, keep).inside(folder)))


def compare(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> list[Change]:
    """Return what has changed, by path; a rename is a deletion and a creation."""
    changes = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            changes.append(Change(path, kind(old, new), old, new))
    return changes


def own_mode(before: int, after: int) -> list[Change]:
    """Return the change of the folder itself, whose path is ``.``, between two modes."""
    old, new = (Entry("dir", f"{stat.S_IMODE(mode):03o}") for mode in (before, after))
    return [Change(".", "mode", old, new)] if old != new else []


def kind(before: Entry | None, after: Entry | None) -> str:
    """Return the word for a difference."""
    if before is None or after is None:
        return "created" if before is None else "deleted"
    if before.type != after.type:
        return "type"
    # A content that could not be read is taken for the same if its size is.
    read = None not in (before.sha256, after.sha256)
    same = before.size == after.size and before.target == after.target and (before.sha256 == after.sha256 or not read)
    return "mode" if same else "modified"


class Walk:
    """A way through a folder by descriptors: no link is followed, no path is too long.

    Parameters
    ----------
    unlock, keep : bool, int
        See `snapshot`.
    keep_all, hash_all : float
        Bytes of content that are kept, and read, in all.
    layer : bool
        The folder is the upper one of an overlay: what stands for a deleted entry has the type ``whiteout``, and
        ``name/.`` of type ``opaque`` says of a folder that it hides the lower one.
    """

    def __init__(self, unlock: bool = False, keep: int = 0, keep_all: float = 8 << 20, hash_all: float = inf,
                 layer: bool = False) -> None:
        self.unlock, self.keep, self.keep_all, self.hash_all, self.layer = unlock, keep, keep_all, hash_all, layer

    def inside(self, name: str | Path, parent: int | None = None, prefix: str = "", depth: int = 0,
               ) -> Iterator[tuple[str, Entry]]:
        """Yield path and entry as they are met, folders before what is in them."""
        if depth > DEEPEST:
            raise TooDeep(f"folders are nested more than {DEEPEST} deep")
        with contextlib.ExitStack() as stack:
            try:
                descriptor = stack.enter_context(self._opened(name, os.O_RDONLY | os.O_DIRECTORY, parent))
                found = _statuses(descriptor)
            except PermissionError:
                if not depth:
                    raise
                return  # what may not be read is not known to hold anything
            if self.layer and _opaque(descriptor):
                yield f"{prefix}.", Entry("opaque", "")
            for one, status in found:
                with contextlib.suppress(FileNotFoundError):
                    entry = self.entry(one, status, descriptor)
                    yield prefix + one, entry
                    if entry.type == "dir":
                        yield from self.inside(one, descriptor, f"{prefix}{one}/", depth + 1)

    def entry(self, name: str | Path, status: os.stat_result, parent: int | None = None) -> Entry:
        """Return the entry of a name, in the folder of an open descriptor."""
        mode = f"{stat.S_IMODE(status.st_mode):03o}"
        if stat.S_ISDIR(status.st_mode):
            return Entry("dir", mode)
        if stat.S_ISLNK(status.st_mode):
            return Entry("link", mode, target=os.readlink(name, dir_fd=parent))
        if self.layer and stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            return Entry("whiteout", "")
        if not stat.S_ISREG(status.st_mode):
            return Entry("other", mode)
        sha256, content = self._read(name, parent, status.st_size)
        return Entry("file", mode, status.st_size, sha256, None, content)

    def _read(self, name: str | Path, parent: int | None, size: int) -> tuple[str | None, bytes | None]:
        if size > self.hash_all:
            return None, None
        digest, kept = hashlib.sha256(), bytearray()
        keep = size <= min(self.keep, self.keep_all)
        try:
            with (self._opened(name, os.O_RDONLY | os.O_NONBLOCK, parent) as descriptor,
                  open(descriptor, "rb", buffering=0, closefd=False) as file):
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    if keep:
                        kept += chunk
        except PermissionError:
            return None, None
        self.hash_all -= size
        self.keep_all -= len(kept)
        return digest.hexdigest(), bytes(kept) if keep and self.keep else None

    @contextlib.contextmanager
    def _opened(self, name: str | Path, flags: int, parent: int | None) -> Iterator[int]:
        """Open without following a link, and without leaving a time of access where that is ours to decide."""
        descriptor, mode = _open(name, flags, parent), None  # of the entry; its mode, if it has to be given back
        needed = stat.S_IRUSR | (stat.S_IXUSR if flags & os.O_DIRECTORY else 0)
        held = descriptor if descriptor is not None else os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent)
        try:
            status = os.fstat(held)
            if self.unlock and os.geteuid() == status.st_uid and status.st_mode & needed != needed:
                mode = stat.S_IMODE(status.st_mode)
                os.chmod(f"/proc/self/fd/{held}", mode | needed)
            if descriptor is None:
                descriptor = os.open(f"/proc/self/fd/{held}", flags)
            yield descriptor
        finally:
            if mode is not None:
                os.chmod(f"/proc/self/fd/{held}", mode)
            os.close(held)
            if descriptor not in (None, held):
                os.close(descriptor)


def _open(name: str | Path, flags: int, parent: int | None) -> int | None:
    for more in (os.O_NOATIME, 0):
        with contextlib.suppress(PermissionError):
            return os.open(name, flags | os.O_NOFOLLOW | more, dir_fd=parent)
    return None


def _statuses(descriptor: int) -> list[tuple[str, os.stat_result]]:
    """Return the names in an open folder, with what they are; those that go away meanwhile are left out."""
    found = []
    with os.scandir(descriptor) as entries:
        for one in entries:
            with contextlib.suppress(FileNotFoundError):
                found.append((one.name, one.stat(follow_symlinks=False)))
    return sorted(found)


def _opaque(descriptor: int) -> bool:
    with contextlib.suppress(OSError):
        return os.getxattr(descriptor, "user.overlay.opaque") == b"y"
    return False
