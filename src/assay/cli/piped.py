"""What is piped in."""

from __future__ import annotations

import select
import sys

from assay.cli.errors import note

MOST = 4 << 20  # bytes: far more than any model reads
PATIENCE = 2.0  # s until it is said what is waited for


def read() -> str:
    """Return what comes on standard input, nothing where that is a terminal; what is no UTF-8 is replaced."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    stream = sys.stdin.buffer
    if not select.select([stream], [], [], PATIENCE)[0]:
        note("reading standard input until it ends; </dev/null if nothing is meant to come")
    data = stream.read(MOST + 1)
    if len(data) > MOST:
        note(f"only the first {MOST >> 20} MB of standard input are read")
    return data[:MOST].decode("utf-8", "replace")
