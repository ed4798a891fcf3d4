"""A model's words while they come: rendered on a terminal, in whole lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from assay.terminal.keyboard import Quiet, simple_terminal
from assay.terminal.waiting import Waiting

Clean = Callable[[str], str]


def shown(pieces: Iterator[str], clean: Clean, waiting: str) -> bool:
    """Show pieces of Markdown on stdout as they come; returns whether there was anything.

    Parameters
    ----------
    pieces : iterator of str
    clean : callable
        Makes text fit to be shown: it gets the whole of what came so far.
    waiting : str
        What is said until the first piece is there.
    """
    with Waiting(waiting):
        first = next(pieces, "")
    if not sys.stdout.isatty() or simple_terminal():
        return in_lines(first, pieces, clean)
    from rich.console import Console

    from assay.terminal.markdown import Stream

    with Quiet(), Stream(Console(markup=False, highlight=False, emoji=False), clean) as stream:
        stream.feed(first)
        for piece in pieces:
            stream.feed(piece)
    return bool(clean(stream.raw).strip())


def in_lines(first: str, pieces: Iterator[str], clean: Clean) -> bool:
    """Write whole lines to stdout as they come; returns whether there was anything."""
    raw, written = first, 0
    try:
        for piece in pieces:
            raw += piece
            if "\n" in piece:
                written += _write(clean(raw[:raw.rindex("\n") + 1])[written:])
    finally:
        rest = clean(raw)[written:]
        _write(rest if rest.endswith("\n") or not (rest or written) else rest + "\n")
    return bool(raw.strip())


def _write(text: str) -> int:
    sys.stdout.write(text)
    sys.stdout.flush()
    return len(text)
