"""Completing the path that a text ends with; the case of names is theirs."""

from __future__ import annotations

import os
import re
from pathlib import Path

_WORD = re.compile(r"(?:[^\s\\]|\\.)*\\?\Z", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
MOST = 200


def last_word(text: str) -> str:
    r"""Return what a path would be completed from: after the last blank that no backslash stands before.

    >>> last_word(r"what is in My\ Notes/re")
    'My\\ Notes/re'
    """
    found = _WORD.search(text)
    return found[0] if found else ""


def completions(word: str) -> list[str]:
    """Return what a word may become: entries of its folder, folders with a slash at their end, blanks escaped.

    Names are compared as they are; only where none begins so, without regard to case.
    """
    folder, slash, begin = _ESCAPED.sub(r"\1", word).rpartition("/")
    shown = folder + slash
    try:
        with os.scandir(Path(shown or ".").expanduser()) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries
                           if begin.startswith(".") or not entry.name.startswith("."))
    except (OSError, ValueError, RuntimeError):
        return []
    near = [item for item in found if item[0].startswith(begin)] or \
        [item for item in found if item[0].casefold().startswith(begin.casefold())]
    return [_escaped(shown + name) + ("/" if is_folder else "") for name, is_folder in near[:MOST]
            if name.isprintable()]


def _escaped(path: str) -> str:
    return re.sub(r"([\s\\])", r"\\\1", path)
