"""The commands of `risk_cases.txt`, and the folder they are assessed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("risk_cases.txt")
HEAD = re.compile(r"\[(.+)\] ([a-z-]+)")


class Case(NamedTuple):
    """A command and the level it must get."""

    group: str
    level: str
    command: str


def cases() -> list[Case]:
    """Return all cases in order."""
    return list(_cases(FILE.read_text("utf-8").split("\n")))


def _cases(lines: list[str]) -> Iterator[Case]:
    group = level = ""
    open_case: Case | None = None
    for line in lines:
        if open_case is not None and line.startswith("  | "):
            open_case = open_case._replace(command=f"{open_case.command}\n{line[4:]}")
            continue
        if open_case is not None:
            yield open_case
            open_case = None
        if head := HEAD.fullmatch(line):
            group, level = head.groups()
        elif line and level:
            open_case = Case(group, level, line)


def furnish(folder: Path) -> Path:
    """Fill a folder as the cases expect it."""
    for name in ("there.txt", "notes.md", "full/there.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("text\n")
    (folder / "empty").mkdir()
    return folder
