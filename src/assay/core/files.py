"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a stream whose bytes become `path` when the block ends well; otherwise nothing is left behind.

    The temporary file lies beside `path` and its name starts with a dot. Unlike those of ``tempfile`` it follows
    the umask: a folder that is shared can be read by those it is shared with.

    Raises
    ------
    OSError
        If the folder cannot be made or the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        with partial.open("xb") as stream:
            yield stream
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
