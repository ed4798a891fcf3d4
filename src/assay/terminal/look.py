"""How things look on a terminal: colour where it is wanted, never colour alone; text fits the width."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

RESET = "\x1b[0m"
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36",
          "alarm": "97;41"}
# How a level of risk is shown: its words, its colour.
LEVELS = {"read-only": ("read-only", "green"), "changes": ("changes", "yellow"), "destroys": ("destroys", "red"),
          "cannot-tell": ("cannot tell", "magenta"), "unbounded": ("unbounded", "alarm")}
WIDEST, NARROWEST = 100, 30  # columns of running text
INDENT = "  "


@dataclass(frozen=True)
class Look:
    """A terminal's look.

    Parameters
    ----------
    colour : bool
    width : int
        Columns.
    """

    colour: bool = False
    width: int = 80

    @classmethod
    def of(cls, stream: IO[str] | None = None, environ: Mapping[str, str] = os.environ) -> Look:
        """Return the look of a stream: no colour where it is no terminal, a simple one, or NO_COLOR is set."""
        stream = sys.stdout if stream is None else stream
        if not stream.isatty():
            return cls()
        simple = environ.get("TERM", "dumb") in ("dumb", "unknown", "")
        return cls(not simple and not environ.get("NO_COLOR"), shutil.get_terminal_size().columns)

    def __call__(self, text: str, *styles: str) -> str:
        """Return the text in these `STYLES`."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(STYLES[style] for style in styles)}m{text}{RESET}"

    def level(self, level: str) -> str:
        """Return the words for a level of risk."""
        style = LEVELS[level][1]
        return self(f" {plain_level(level)} " if style == "alarm" and self.colour else plain_level(level),
                    *dict.fromkeys(("bold", style)))

    def lines(self, text: str, indent: str = INDENT, first: str | None = None) -> list[str]:
        """Return running text as lines that fit; `first` begins the first one instead of `indent`."""
        width = max(min(self.width, WIDEST), NARROWEST)
        lines: list[str] = []
        for paragraph in text.splitlines():
            begin = indent if lines or first is None else first
            lines += textwrap.wrap(paragraph, width, initial_indent=begin, subsequent_indent=indent,
                                   break_on_hyphens=False, break_long_words=False) or [""]
        return lines

    def code(self, text: str, indent: str = INDENT, first: str | None = None) -> list[str]:
        """Return a command as lines, as it is: the terminal breaks it, so that it can be copied."""
        lines = text.split("\n")
        return [(indent if number or first is None else first) + self(line, "bold") for number, line in
                enumerate(lines)]

    def facts(self, facts: Iterable[str]) -> str:
        """Return short facts side by side, in the background."""
        return self(" · ".join(fact for fact in facts if fact), "dim")


def plain_level(level: str) -> str:
    """Return the words for a level of risk; the highest in capitals, so that it stands out without colour."""
    words, style = LEVELS[level]
    return words.upper() if style == "alarm" else words


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number of things in words.

    >>> counted(1, "secret"), counted(2, "secret"), counted(0, "entry", "entries")
    ('1 secret', '2 secrets', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def money(dollars: float | None) -> str:
    """Return a price with two digits that say something; nothing where there is none.

    >>> money(0.000123), money(1.5), money(0.0), money(None)
    ('$0.00012', '$1.50', '$0.00', '')
    """
    if dollars is None:
        return ""
    digits = 2
    while dollars and digits < 8 and round(dollars, digits) < 10 * 10 ** -digits:
        digits += 1
    return f"${dollars:.{digits}f}"
