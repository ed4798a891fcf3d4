"""What an overlay's upper folder says against the lower one: entries, whiteouts, opaque folders."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from assay.terminal.changes import Change, Entry, Walk, compare

MOST = 4 << 30  # bytes of deleted files that are read for their sums


def changes(upper: Path, lower: Path) -> list[Change]:
    """Return what differs in the merged folder from the lower one.

    Parameters
    ----------
    upper, lower : Path
        As mounted, with the option ``userxattr``. The lower folder is only read, and only where the upper one differs.
    """
    layer = dict(sorted(Walk(unlock=True, layer=True).inside(upper)))
    below = _Lower(lower)
    before: dict[str, Entry] = {}
    for path, entry in layer.items():
        if entry.type == "opaque":
            before.update(below.under(path[:-2]))
        elif (old := below.entry(path)) is not None:
            before[path] = old
            if old.type == "dir" and entry.type != "dir":
                before.update(below.under(path))
    after = {path: entry for path, entry in layer.items() if entry.type not in ("opaque", "whiteout")}
    return compare(before, after)


def linked(found: list[Change], lower: Path) -> list[str]:
    """Return changed files that have further names: an overlay changes one name only, where all would change."""
    return [change.path for change in found
            if change.change in ("modified", "mode") and change.before is not None and change.before.type == "file"
            and (lower / change.path).lstat().st_nlink > 1]


def joined(found: list[Change], upper: Path) -> list[str]:
    """Return further names (hard links) that files which were there got: an overlay shows two names as two files."""
    names: dict[int, list[Change]] = {}
    links: dict[int, int] = {}
    for change in found:
        if change.after is not None and change.after.type == "file":
            with contextlib.suppress(PermissionError):  # the command has locked its folder
                status = (upper / change.path).lstat()
                names.setdefault(status.st_ino, []).append(change)
                links[status.st_ino] = status.st_nlink
    # A file all of whose names are new was not there.
    return [changes[-1].path for number, changes in names.items()
            if links[number] > max(1, sum(change.before is None for change in changes))]


class _Lower:
    """The lower folder; a path through something that is no folder there leads nowhere."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.walk = folder, Walk(hash_all=MOST)
        self._folders: dict[str, bool] = {"": True}

    def entry(self, path: str) -> Entry | None:
        """Return what is there, None if nothing is."""
        if not self._is_folder(os.path.dirname(path)):
            return None
        whole = self.folder / path
        try:
            return self.walk.entry(whole, whole.lstat())
        except (FileNotFoundError, PermissionError):
            return None

    def under(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Yield all that is in a folder there, by the path from the top."""
        if self._is_folder(path):
            yield from self.walk.inside(self.folder / path, prefix=f"{path}/", depth=1)

    def _is_folder(self, path: str) -> bool:
        if path not in self._folders:
            whole = self.folder / path
            self._folders[path] = (self._is_folder(os.path.dirname(path)) and whole.is_dir()
                                   and not whole.is_symlink())
        return self._folders[path]
