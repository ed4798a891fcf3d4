"""Requests as people write them: a hash that survives quotes, spaces and full stops, and lists in files."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

from assay.core.errors import DATA, AssayError

DIGITS = 16  # of sha256, in hex: enough for every list of requests there will ever be
_STRAIGHT = str.maketrans(dict.fromkeys("“”„‟", '"') | dict.fromkeys("‘’‚‛", "'"))


def normalised(text: str) -> str:
    """Return the text that is hashed: NFKC, straight quotes, single spaces, no case, no full stop at the end.

    >>> normalised("Show the “size” of   notes.md. ")
    'show the "size" of notes.md'
    """
    return " ".join(unicodedata.normalize("NFKC", text).translate(_STRAIGHT).split()).casefold().rstrip(". ")


def request_hash(text: str) -> str:
    """Return the first 16 hex digits of the sha256 of the normalised request.

    >>> request_hash("Show the “size” of   notes.md. ")
    'c3fe60bed90233b6'
    """
    return hashlib.sha256(normalised(text).encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def read(path: Path) -> list[str]:
    """Return the requests of a file, one a line; blank lines are left out.

    Raises
    ------
    AssayError
        Exit code 3 if the file cannot be read as text.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AssayError(f"{path}: no list of requests: {error}", "a text file in UTF-8, one request a line",
                         DATA) from error
    return [line.strip() for line in lines if line.strip()]
