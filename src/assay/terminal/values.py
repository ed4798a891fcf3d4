"""What a request names: quoted texts, paths, numbers, sizes, spans of time, addresses."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assay.terminal.vocabulary import named, these

NUMBERS = {"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
           "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12"}
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5"}
_FILES = re.compile(r"\s+(?:files?|extensions?|endings?)\b")
_EACH = frozenset(("all", "every", "each", "any"))
_INTO = frozenset(("to", "into", "by", "with"))
_COUNTED = frozenset(("column", "columns", "field", "line", "row"))  # "the second column" is a number
_UNITS = {"b": "c", "k": "k", "m": "M", "g": "G", "t": "T"}
_TIMES = "second|minute|hour|day|week|month|year"

# The first kind that sees a place in the text has it.
_SEEN: tuple[tuple[str, re.Pattern[str]], ...] = tuple((kind, re.compile(pattern)) for kind, pattern in (
    ("quoted", r'"([^"\n]+)"|(?<!\w)\'([^\'\n]+)\'(?!\w)|`([^`\n]+)`|“([^”\n]+)”|‘([^’\n]+)’'),
    ("url", r"\b(?:https?|ftp|ssh|git)://[^\s,;]+[^\s,;.?!)]|\bgit@[\w.-]+:[\w./-]*[\w/]"),
    ("mail", r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"),
    ("zone", r"(?<![\w/~.])[A-Z][a-z]+/[A-Z][A-Za-z_]+\b(?![/.])"),
    ("date", r"\b\d{4}-\d\d-\d\d\b"),
    ("host", r"\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b"),
    ("sum", r"(?<![\w.])\(*\d[\d. ]*(?:[-+*/%^][ (]*\d[\d. ]*\)*)+(?![\w.])"),
    ("mode", r"(?<![\w-])(?:[ugoa]+[-+=][rwxXst]+"
             r"|(?:(?<=chmod )|(?<=mode )|(?<=to )|(?<=permissions ))0?[0-7]{3})(?![\w.])"),
    ("size", r"(?i)\b(\d+)\s?(bytes?|kilobytes?|megabytes?|gigabytes?|terabytes?|[kmgt]i?b|[kmgt])\b"),
    ("span", rf"(?i)\b(\d+|an?|one|two|three|four|five|six|ten|twelve)\s+({_TIMES})s?\b"
             rf"|\b(?:last|past|this|previous)\s+({_TIMES})\b|\b(?:yesterday|today)\b"),
    ("commit", r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b|\bHEAD(?:~\d+|\^+)?(?!\w)"),
    ("pattern", r"(?<![\w/])[\w./-]*\*[\w.*-]*"),
    ("extension", r"(?<![\w/~.])\.([A-Za-z][A-Za-z0-9]{0,5})\b(?![./])"),
    ("path", r"(?<!\w)(?:~|\.{1,2})?/[^\s,;:?!\"']*[\w/*]|(?<![\w/.])/(?=\s|$)|(?<!\S)(?:\.{1,2}|~)(?=\s|$)"
             r"|(?<![\w.])\w[\w.+-]*/[\w./+-]*\w/?|(?<![\w.])\w[\w.+-]*/(?=\s|$)"),
    ("file", r"(?<![\w./])[\w+-]+(?:\.[\w+-]+)*\.(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{1,10}\b|(?<!\S)\.[a-z][\w.-]+\b"),
    ("variable", r"\$\{?(\w+)\}?|\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b"),
    ("version", r"(?<![\w.])v?\d+(?:\.\d+)+(?![\w.])|\bv\d+\b"),
    ("number", r"(?<![\w.-])(\d+)(?:st|nd|rd|th)?\b(?![.\d])"),
))
ENDING = re.compile(r"\*\.\w+")  # a pattern that says nothing but how names end
WORD = re.compile(r"[A-Za-z0-9_](?:[\w.+-]*[\w+])?")


@dataclass(frozen=True)
class Value:
    """Something a request names: its kind, what it says, and where."""

    kind: str
    text: str
    start: int
    end: int

    def holds(self, start: int) -> bool:
        """Whether the place is inside."""
        return self.start <= start < self.end


@functools.lru_cache(maxsize=16)
def values(request: str) -> tuple[Value, ...]:
    """Return what the request names, in the order of the text.

    Kinds are quoted, url, mail, zone, date, host, sum, mode, size ("20M"), span ("2 week"), commit, pattern,
    extension ("pdf"), path, file, variable, version, number.

    >>> [(value.kind, value.text) for value in values("the first 5 lines of notes.txt and of 'my list'")]
    [('number', '5'), ('file', 'notes.txt'), ('quoted', 'my list')]
    """
    found: list[Value] = []
    for kind, pattern in _SEEN:
        for match in pattern.finditer(request):
            if not any(match.start() < value.end and value.start < match.end() for value in found):
                found.append(_value(kind, match))
    found += list(_spelt_out(request, found))
    return tuple(sorted(found, key=lambda value: value.start))


def _value(kind: str, match: re.Match[str]) -> Value:
    text = next((group for group in match.groups() if group), match[0])
    if kind == "size":
        text = match[1] + _UNITS[match[2][0].lower()]
    elif kind == "span":
        text = f"{match[1] or 1} {match[2] or match[3] or 'day'}".lower()
    elif kind == "sum":
        text = text.strip()
    elif kind == "file" and text.rpartition(".")[2].lower() in these("domains"):
        kind = "host"
    elif kind == "extension" and not (text.lower() in these("extensions") or _FILES.match(match.string, match.end())):
        kind, text = "file", match[0]
    return Value(kind, text, match.start(), match.end())


def _spelt_out(request: str, found: Sequence[Value]) -> Iterator[Value]:
    """Yield numbers and kinds of files that are written as plain words: "five", "pdf files"."""
    matches = [match for match in WORD.finditer(request) if not any(value.holds(match.start()) for value in found)]
    words = [match[0].lower() for match in matches]
    several = any(value.kind == "extension" for value in found)
    for match, before, word, after in zip(matches, ["", *words], words, [*words[1:], ""], strict=False):
        number = NUMBERS.get(word) or (_ORDINALS.get(word) if after in _COUNTED else None)
        ending = _ending(word)
        if number:
            yield Value("number", number, match.start(), match.end())
        elif ending and (after in these("things") or before in _EACH or (several and before in _INTO)):
            several = True
            yield Value("extension", ending, match.start(), match.end())


def _ending(word: str) -> str:
    """Return the ending that files of a kind have: "pdfs" and "pdf" are pdf, "python" is py."""
    endings = these("extensions")
    return named("languages").get(word, word if word in endings else word[:-1] if word[:-1] in endings else "")
