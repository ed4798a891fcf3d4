"""What has changed inside text files, as unified diffs."""

from __future__ import annotations

import difflib
from pathlib import Path

from assay.terminal.changes import Change

LARGEST = 256 << 10  # bytes of a file that is compared line by line
LINES = 20_000  # in all


def differences(changes: list[Change], before: Path, after: Path) -> dict[str, str]:
    """Return path -> unified diff, for text files that were created or modified.

    Parameters
    ----------
    changes : list of Change
    before, after : Path
        Folders with the files as they were and as they are.
    """
    found, lines = {}, 0
    for change in changes:
        if change.change not in ("created", "modified") or not change.after or change.after.type != "file":
            continue
        old = _text(before / change.path) if change.before else []
        new = _text(after / change.path)
        if old is None or new is None or lines > LINES:
            continue
        lines += len(old) + len(new)
        found[change.path] = "\n".join(_unified(old, new))
    return found


def _unified(old: list[str], new: list[str]) -> list[str]:
    hunks = list(difflib.unified_diff(old, new, lineterm="", n=3))
    return hunks[2:]  # without the two lines of names


def _text(path: Path) -> list[str] | None:
    """Return the lines, None for what is no text or too large."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        content = path.read_bytes()
        if b"\0" in content:
            return None
        text = content.decode()
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.split("\n")
    if lines[-1]:
        return [*lines, "\\ no newline at the end"]
    return lines[:-1]
