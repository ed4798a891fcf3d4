"""A home folder as it was when a command had ended: a snapshot taken from outside, so that nothing inside can lie."""

from __future__ import annotations

import io
import posixpath
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.terminal.changes import Entry

ROOT = "/home/user"
LARGEST = 16 << 20  # bytes of a file in an archive


class Home:
    """Answers questions about files by their path in the home; a path with nothing there is no error.

    Parameters
    ----------
    entries : mapping of str to Entry
        Snapshot. It holds the contents of small files only; `size` and `sha256` are there for all.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries

    def exists(self, path: str) -> bool:
        """Whether there is anything of this name, a dangling link too."""
        return path in self.entries

    def is_folder(self, path: str) -> bool:
        """Whether it is a folder, no link to one."""
        return self._type(path) == "dir"

    def is_file(self, path: str) -> bool:
        """Whether it is a regular file, no link to one."""
        return self._type(path) == "file"

    def _type(self, path: str) -> str:
        return self.entries[path].type if path in self.entries else ""

    def mode(self, path: str) -> int:
        """Return the permission bits, 0 if there is nothing."""
        return int(self.entries[path].mode, 8) if path in self.entries else 0

    def size(self, path: str) -> int:
        """Return the size of a file in bytes, -1 if there is none."""
        size = self.entries[path].size if path in self.entries else None
        return -1 if size is None else size

    def sha256(self, path: str) -> str:
        """Return the hash of a file's content; empty if there is none."""
        return (self.entries[path].sha256 or "") if path in self.entries else ""

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points, as written; None if it is none."""
        return self.entries[path].target if path in self.entries else None

    def leads(self, path: str, target: str) -> bool:
        """Whether a symbolic link leads to this path of the home, however that is written."""
        written = self.link(path)
        if written is None:
            return False
        there = posixpath.normpath(posixpath.join(ROOT, posixpath.dirname(path), written))
        return there == posixpath.normpath(posixpath.join(ROOT, target))

    def bytes(self, path: str) -> bytes:
        """Return what a small file holds; nothing if there is none or it is large."""
        return (self.entries[path].content or b"") if path in self.entries else b""

    def text(self, path: str) -> str:
        """Return what a small file holds as text; what is not UTF-8 is replaced."""
        return self.bytes(path).decode(errors="replace")

    def lines(self, path: str) -> list[str]:
        """Return the lines of a small file."""
        return self.text(path).splitlines()

    def files(self, folder: str = "") -> set[str]:
        """Return every file and link below a folder, relative to it."""
        prefix = f"{folder}/" if folder else ""
        return {path.removeprefix(prefix) for path, entry in self.entries.items()
                if path.startswith(prefix) and entry.type != "dir"}

    def folders(self, folder: str = "") -> set[str]:
        """Return every folder below a folder, relative to it."""
        prefix = f"{folder}/" if folder else ""
        return {path.removeprefix(prefix) for path, entry in self.entries.items()
                if path.startswith(prefix) and entry.type == "dir"}

    def archive(self, path: str) -> dict[str, bytes]:
        """Return the regular files of a small tar or zip archive by name, without ``./``; empty if it is none."""
        data = self.bytes(path)
        try:
            if zipfile.is_zipfile(io.BytesIO(data)):
                return dict(_zipped(data))
            return dict(_tarred(data)) if data else {}
        except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError):
            return {}


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for item in archive.infolist():
            if not item.is_dir() and item.file_size <= LARGEST:
                yield posixpath.normpath(item.filename), archive.read(item)


def _tarred(data: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for item in archive:
            file = archive.extractfile(item) if item.isreg() and item.size <= LARGEST else None
            if file is not None:
                yield posixpath.normpath(item.name), file.read()
