"""Standard input and output of verbs that are used in pipes and at terminals alike."""

from __future__ import annotations

import io
import select
import sys

from assay.cli.errors import note

MOST = 4 << 20  # bytes: far more than any model reads
PATIENCE = 2.0  # s until it is said what is waited for


def at_terminal() -> bool:
    """Whether somebody sits there: standard input and output are both terminals."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty())


def tolerant() -> None:
    """Write what the terminal's encoding has no letter for as an escape, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def piped() -> str:
    """Return what comes on standard input, nothing where that is a terminal or closed.

    Raises
    ------
    AssayError
        If it cannot be read.
    """
    return "" if sys.stdin is None or sys.stdin.isatty() else everything(MOST)


def everything(most: int = -1) -> str:
    """Return standard input up to its end, or `most` bytes of it; what is no UTF-8 is replaced.

    Raises
    ------
    AssayError
        If it cannot be read.
    """
    from assay.core.errors import AssayError

    if sys.stdin is None:
        return ""
    stream = sys.stdin.buffer
    if not sys.stdin.isatty() and not select.select([stream], [], [], PATIENCE)[0]:
        note("reading standard input until it ends; </dev/null if nothing is meant to come")
    try:
        data = stream.read(most + 1 if most >= 0 else -1)
    except OSError as error:
        raise AssayError(f"standard input cannot be read: {error.strerror}", "</dev/null if none is meant") from error
    if 0 <= most < len(data):
        note(f"only the first {most >> 20} MB of standard input are read")
        data = data[:most]
    return data.decode("utf-8", "replace")
