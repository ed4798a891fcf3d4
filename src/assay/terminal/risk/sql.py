"""What statements of SQL do, by their words outside strings and comments."""

from __future__ import annotations

import re

from assay.terminal.risk.levels import CHANGES, DESTROYS, READ, UNSURE, worst
from assay.terminal.risk.table import lists

STRING = r"'(?:[^']|'')*'"
STRING_WITH_ESCAPES = r"'(?:[^'\\]|''|\\.)*'"
QUOTED = r'"(?:[^"]|"")*"|`[^`]*`'
COMMENT = r"--[ \t][^\n]*|--(?=\n|$)|/\*(?!!).*?\*/"
WORD = re.compile(r"[a-z_]+", re.IGNORECASE)


def assess(text: str) -> tuple[str, str]:
    """Return the level of SQL text, and the word that makes it.

    Strings are read as both the standard and MySQL have them, and the worse is taken: a backslash ends a string in one.

    >>> assess("select 'drop table x'")
    ('read-only', '')
    >>> assess("DROP TABLE x")
    ('destroys', 'DROP')
    """
    found = [_plain(re.sub(f"{string}|{QUOTED}|{COMMENT}", " '' ", text, flags=re.DOTALL))
             for string in (STRING, STRING_WITH_ESCAPES)]
    level = worst(level for level, _ in found)
    return next(pair for pair in found if pair[0] == level)


def _plain(text: str) -> tuple[str, str]:
    found = [_statement(statement) for statement in text.split(";") if statement.strip()]
    level = worst(level for level, _ in found)
    return next((pair for pair in found if pair[0] == level), (READ, ""))


def _statement(text: str) -> tuple[str, str]:
    words = [word.upper() for word in WORD.findall(text)]
    if not words:
        return READ, ""
    known = lists("sql")
    for word in words:
        if word in known["destroys"] and not _part_of_other(word, words):
            return DESTROYS, word
    if "UPDATE" in words and not _asks_only(words):
        return DESTROYS, "UPDATE"
    if words[0] == "REPLACE" or "OUTFILE" in words or "DUMPFILE" in words:
        return (DESTROYS, "REPLACE") if words[0] == "REPLACE" else (CHANGES, "OUTFILE")
    if words[0] in known["changes"] or "INSERT" in words or ("INTO" in words and words[0] == "SELECT"):
        return CHANGES, words[0]
    if words[0] == "COPY":
        return (READ, "") if "TO" in words and "STDOUT" in words else (CHANGES, "COPY")
    return (READ, "") if words[0] in known["reads"] else (UNSURE, words[0])


def _part_of_other(word: str, words: list[str]) -> bool:
    """Whether a word is part of a clause: ``ON DELETE CASCADE``, ``GRANT DELETE ON``, ``IF EXISTS``."""
    at = words.index(word)
    before = words[at - 1] if at else ""
    return (word == "DELETE" and before == "ON") or (
        words[0] in ("GRANT", "REVOKE", "EXPLAIN") and "ANALYZE" not in words)


def _asks_only(words: list[str]) -> bool:
    at = words.index("UPDATE")
    before = words[at - 1] if at else ""
    return before in ("FOR", "ON", "KEY", "NO", "DO") or words[0] in ("GRANT", "REVOKE") or (
        words[0] == "EXPLAIN" and "ANALYZE" not in words)
