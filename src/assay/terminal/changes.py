"""What is in a folder, and what has changed in it: types, modes, contents, link targets; times are not looked at."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
DEEPEST = 300  # folders inside each other; each holds a file descriptor while it is walked


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


def snapshot(folder: Path, keep: int = 0, keep_all: int = 8 << 20) -> dict[str, Entry]:
    """Return every entry of a folder by its relative path; the folder itself is left out.

    Nothing is followed, nothing is changed, and what was read when is not noted.

    Parameters
    ----------
    folder : Path
    keep : int
        Bytes up to which a file's content is kept.
    keep_all : int
        Bytes of content that are kept in all.

    Raises
    ------
    OSError
        The folder cannot be read.
    """
    found: dict[str, Entry] = {}
    for path, entry in _walk(os.fspath(folder), None, "", keep, 0):
        if entry.content is not None:
            keep_all -= len(entry.content)
            keep = keep if keep_all > 0 else 0
        found[path] = entry
    return dict(sorted(found.items()))


def compare(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> list[Change]:
    """Return what has changed, by path; a rename is a deletion and a creation."""
    changes = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            changes.append(Change(path, kind(old, new), old, new))
    return changes


def kind(before: Entry | None, after: Entry | None) -> str:
    """Return the word for a difference."""
    if before is None or after is None:
        return "created" if before is None else "deleted"
    if before.type != after.type:
        return "type"
    same = (before.size, before.sha256, before.target) == (after.size, after.sha256, after.target)
    return "mode" if same else "modified"


def _walk(name: str, parent: int | None, prefix: str, keep: int, depth: int) -> Iterator[tuple[str, Entry]]:
    if depth > DEEPEST:
        raise TooDeep(f"folders are nested more than {DEEPEST} deep")
    descriptor = _open(name, os.O_RDONLY | os.O_DIRECTORY, parent)
    try:
        with os.scandir(descriptor) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
        for one in inside:
            status = one.stat(follow_symlinks=False)
            yield prefix + one.name, look(one.name, status, descriptor, keep)
            if stat.S_ISDIR(status.st_mode):
                yield from _walk(one.name, descriptor, f"{prefix}{one.name}/", keep, depth + 1)
    finally:
        os.close(descriptor)


def look(name: str, status: os.stat_result, parent: int | None = None, keep: int = 0) -> Entry:
    """Return the entry of a name, in the folder of an open descriptor."""
    mode = f"{stat.S_IMODE(status.st_mode):03o}"
    if stat.S_ISDIR(status.st_mode):
        return Entry("dir", mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry("link", mode, target=os.readlink(name, dir_fd=parent))
    if not stat.S_ISREG(status.st_mode):
        return Entry("other", mode)
    sha256, content = _read(name, parent, keep if status.st_size <= keep else 0)
    return Entry("file", mode, status.st_size, sha256, None, content)


def _read(name: str, parent: int | None, keep: int) -> tuple[str | None, bytes | None]:
    try:
        descriptor = _open(name, os.O_RDONLY | os.O_NONBLOCK, parent)
    except OSError:
        return None, None
    digest, kept = hashlib.sha256(), bytearray()
    with open(descriptor, "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            if keep:
                kept += chunk
    return digest.hexdigest(), bytes(kept) if keep else None


def _open(name: str, flags: int, parent: int | None) -> int:
    """Open without following a link, and without leaving a time of access where that is ours to decide."""
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags | os.O_NOATIME, dir_fd=parent)
    except PermissionError:
        pass
    return os.open(name, flags, dir_fd=parent)
