"""Text of which a part is not known: ordinary characters, and marks that stand for what only the shell will see.

A value of the shell is a string in which a mark stands for the home folder, a wildcard, text that may be empty, text
that came over the network. Strings join, split and compare as they are, so a value is known as far as it is.
"""

from __future__ import annotations

import re

MAYBE = "\ue000"  # not known, may be empty
SOME = "\ue001"  # not known, not empty
STAR = "\ue002"  # a wildcard for any run of characters
ONE = "\ue003"  # a wildcard for one character
HOME = "\ue004"  # the home folder
SPLIT = "\ue005"  # a word ends here
OPEN, COMMA, CLOSE = "\ue006", "\ue007", "\ue008"  # braces that the shell expands
FETCHED = "\ue009"  # not known, came over the network
DECODED = "\ue00a"  # not known, was decoded or put together out of the reader's sight
PROCESSES = "\ue00b"  # the numbers of all processes

FIRST, LAST = "\ue000", "\ue00f"
UNKNOWN = frozenset({MAYBE, SOME, FETCHED, DECODED, PROCESSES})
EMPTYABLE = frozenset({MAYBE, FETCHED, DECODED})
TAINTS = (FETCHED, DECODED)
_MARK = re.compile(f"[{FIRST}-{LAST}]")
_SHOWN = str.maketrans({MAYBE: "…", SOME: "…", STAR: "*", ONE: "?", HOME: "~", SPLIT: " ", OPEN: "{", COMMA: ",",
                        CLOSE: "}", FETCHED: "…", DECODED: "…", PROCESSES: "…"})
_FOREIGN = dict.fromkeys(range(ord(FIRST), ord(LAST) + 1), "\ufffd")


def foreign(text: str) -> str:
    """Return a text from outside, in which our marks cannot occur."""
    return text.translate(_FOREIGN) if _MARK.search(text) else text


def known(value: str) -> bool:
    """Whether a value holds no mark at all."""
    return _MARK.search(value) is None


def unknown(value: str) -> bool:
    """Whether some part of a value is not known; wildcards and the home folder are."""
    return not UNKNOWN.isdisjoint(value)


def tainted(value: str) -> str:
    """Return FETCHED or DECODED if a value holds it, else nothing."""
    return next((mark for mark in TAINTS if mark in value), "")


def emptied(value: str) -> str:
    """Return a value as it is if all that may be empty is."""
    return "".join(letter for letter in value if letter not in EMPTYABLE)


def shown(value: str, most: int = 60) -> str:
    """Return a value for a sentence."""
    text = " ".join(value.translate(_SHOWN).split())
    return text if len(text) <= most else text[:most - 1] + "…"
