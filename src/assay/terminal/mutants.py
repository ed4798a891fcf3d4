"""Small damage to good commands: how much of it a checker notices says how much its verdicts are worth."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

# A flag as a word of its own: as find has them, with the word that belongs to it; and letters of several in one.
FLAG = re.compile(r"""(?<=\s)(?:-(?:type|name|iname|size|mtime|mindepth|maxdepth|perm|newer|not)\s[^\s-]\S*
                  |--?[A-Za-z][\w-]*(?:=(?:'[^']*'|"[^"]*"|\S+))?)(?=\s|$|[;|)])""", re.VERBOSE)
CLUSTER = re.compile(r"(?<=\s)-[A-Za-z]{2,5}(?=\s|$)")
NUMBER = re.compile(r"(?<![\w.$])\d+(?!\.\d)|(?<=[~+\-])\d+")
SIGN = re.compile(r"(?<=[\s'\"])[+-](?=\d)|(?<=\s)-(?:lt|gt|le|ge|eq|ne)(?=\s)")
OTHER_SIGN = {"+": "-", "-": "+", "-lt": "-gt", "-gt": "-lt", "-le": "-gt", "-ge": "-lt", "-eq": "-ne", "-ne": "-eq"}
PATH = re.compile(r"(?<=[\s'\"=:>])(?:~|\.{1,2})?/?[\w.-]*\w(?:/[\w.-]+)+"
                  r"|(?<=[\s'\"=>])[\w-]+\.[A-Za-z]\w*(?=[\s'\"]|$)")
QUOTES = re.compile(r"'([^'\n]*[\s*?$;|][^'\n]*)'|\"([^\"\n]*[\s*?$;|][^\"\n]*)\"")
PROGRAM = re.compile(r"(?:^|(?<=[|;&(] )|(?<=&& ))[a-z][\w-]*(?=\s)(?! in )")


def mutants(command: str, most: int) -> list[str]:
    """Return up to `most` damaged versions of a command, of as many kinds as there are; always the same ones.

    Parameters
    ----------
    command : str
        One that is right.
    most : int
    """
    kinds = [list(kind(command)) for kind in (_flags, _numbers, _signs, _paths, _quotes, _added)]
    mixed = (text for row in itertools.zip_longest(*kinds) for text in row if text is not None)
    return list(dict.fromkeys(text for text in mixed if text.split() != command.split()))[:most]


def of_case(good: Sequence[str], most: int) -> list[str]:
    """Return up to `most` mutants of a case's good commands, taken from each in turn, none of them good itself."""
    rows = itertools.zip_longest(*(mutants(command, most) for command in good))
    known = {" ".join(command.split()) for command in good}
    mixed = (text for row in rows for text in row if text is not None and " ".join(text.split()) not in known)
    return list(dict.fromkeys(mixed))[:most]


def _with(command: str, match: re.Match[str], text: str) -> str:
    return command[:match.start()] + text + command[match.end():]


def _flags(command: str) -> Iterator[str]:
    """Drop a flag, or one letter of several."""
    for match in FLAG.finditer(command):
        yield _with(command, match, "")
    for match in CLUSTER.finditer(command):
        for index in range(1, len(match[0])):
            yield _with(command, match, match[0][:index] + match[0][index + 1:])


def _numbers(command: str) -> Iterator[str]:
    """Count one more, or one less."""
    for match in NUMBER.finditer(command):
        for step in (1, -1):
            if int(match[0]) + step >= 0:
                yield _with(command, match, str(int(match[0]) + step))


def _signs(command: str) -> Iterator[str]:
    """Turn older into newer, more into less."""
    for match in SIGN.finditer(command):
        yield _with(command, match, OTHER_SIGN[match[0]])


def _paths(command: str) -> Iterator[str]:
    """Name a neighbour of a path, or the folder above."""
    for match in PATH.finditer(command):
        yield _with(command, match, match[0] + "2")
        if "/" in match[0].strip("/~."):
            yield _with(command, match, match[0].rpartition("/")[0])


def _quotes(command: str) -> Iterator[str]:
    """Drop quotes that hold something the shell would take apart."""
    for match in QUOTES.finditer(command):
        yield _with(command, match, match[1] if match[1] is not None else match[2])


def _added(command: str) -> Iterator[str]:
    """Add -a to a program."""
    for match in PROGRAM.finditer(command):
        yield _with(command, match, f"{match[0]} -a")
