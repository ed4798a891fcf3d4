"""The levels of risk, and what an assessment says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

READ, CHANGES, UNSURE, DESTROYS, UNBOUNDED = "read-only", "changes", "cannot-tell", "destroys", "unbounded"
LEVELS = {READ: 0, CHANGES: 1, UNSURE: 2, DESTROYS: 2, UNBOUNDED: 3}
ORDER = tuple(LEVELS)  # of two levels of one rank, the later says more


def worst(levels: Iterable[str]) -> str:
    """Return the highest level, read-only if there is none.

    >>> worst(["changes", "destroys", "cannot-tell"])
    'destroys'
    """
    return max(levels, key=ORDER.index, default=READ)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a command.

    Attributes
    ----------
    rule : str
        What was found, in one word: removes, overwrites, privilege, unknown-program ...
    level : str
        One of `LEVELS`.
    text : str
        The part of the command, which is ``command[start:end]``.
    start, end : int
        Where it stands, in characters.
    why : str
        One sentence for a person.
    """

    rule: str
    level: str
    text: str
    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Risk:
    """What a command can do at worst.

    Attributes
    ----------
    level : str
        The highest of its parts.
    rank : int
        0 reads, 1 changes, 2 asks for a look, 3 has no bound.
    findings : tuple of Finding
        In the order of the text; what only reads is not among them.
    parse : str
        ``ok``, or ``error`` where the text is not shell syntax.
    command : str
        The text.
    """

    level: str
    rank: int
    findings: tuple[Finding, ...]
    parse: str
    command: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the form of ``assay cmd --risk --json``."""
        return {"schema": 1, "command": self.command, "level": self.level, "rank": self.rank, "parse": self.parse,
                "findings": [asdict(finding) for finding in self.findings]}
