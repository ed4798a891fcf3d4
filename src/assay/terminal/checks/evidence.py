"""What one run of a command left behind, as a checker reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.terminal.changes import Change
    from assay.terminal.checks.home import Home

UNITS = {"": 1, "b": 1, "bytes": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
# A number that stands alone: not a part of a name, a version, a date or a path.
NUMBER = re.compile(r"(?<![\w.\-/:])[-+]?\d+(?:\.\d+)?(?![\w/:]|\.\w|-\w)")
SIZE = re.compile(r"(?<![\w.\-/])(\d+(?:\.\d+)?)\s?(bytes|[kKMGT]?i?[bB]?)(?![\w/.])")
SECTION = "== "


@dataclass(frozen=True)
class Evidence:
    """One run: what was printed, what changed, which stand-ins were called, what the probes said.

    Attributes
    ----------
    calls : sequence of list of str
        Programs that stand-ins replaced, as called: name, then arguments.
    home, before : Home
        After the command, and before it.
    probed, session : dict
        Sections of the case's probes, by name: lines.
    """

    rc: int | None
    stdout: str
    stderr: str
    changes: Mapping[str, Change]
    calls: Sequence[Sequence[str]]
    home: Home
    before: Home
    probed: Mapping[str, list[str]] = field(default_factory=dict)
    session: Mapping[str, list[str]] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of stdout, without blank ones and without space at the ends."""
        return [line.strip() for line in self.stdout.splitlines() if line.strip()]

    def changed(self, *kinds: str) -> set[str]:
        """Return the paths with a change of these kinds: created, modified, deleted, mode, type."""
        return {path for path, change in self.changes.items() if change.change in kinds}

    def named(self, names: Iterable[str], text: str | None = None) -> set[str]:
        """Return which of these names stdout has, each standing for itself.

        ``notes.txt`` is not found in ``old-notes.txt``, nor, where that is among the names, in ``my notes.txt``.
        """
        left, found = self.stdout if text is None else text, set()
        for name in sorted(names, key=len, reverse=True):
            left, n = _alone(name).subn("\0", left)
            if n:
                found.add(name)
        return found

    def order(self, names: Iterable[str]) -> list[str]:
        """Return the names that stdout has, in the order they come first; see `named`."""
        left, at = self.stdout, {}
        for name in sorted(names, key=len, reverse=True):
            if match := _alone(name).search(left):
                at[name] = match.start()
                left = _alone(name).sub(lambda found: "\0" * len(found[0]), left)
        return sorted(at, key=at.__getitem__)

    def numbers(self, without: Iterable[str] = ()) -> list[float]:
        """Return the numbers of stdout that stand alone; these names are not searched for them."""
        left = self.stdout
        for name in sorted(without, key=len, reverse=True):
            left = _alone(name).sub(" ", left)
        return numbers(left)

    def counts(self, number: float, without: Iterable[str] = ()) -> bool:
        """Whether this number is the one that stdout says."""
        return set(self.numbers(without)) == {float(number)}

    def sizes(self, number: float, tolerance: float = 0.06, without: Iterable[str] = ()) -> bool:
        """Whether stdout says a size of so many bytes, in bytes, blocks of 1 KiB or any larger unit."""
        left = self.stdout
        for name in without:
            left = _alone(name).sub(" ", left)
        return any(_near(float(value), unit, number, tolerance) for value, unit in SIZE.findall(left))

    def called(self, *programs: str) -> list[list[str]]:
        """Return the arguments of every call of these programs, in order."""
        return [list(call[1:]) for call in self.calls if call[0] in programs]

    def told(self, section: str) -> list[str]:
        """Return the lines of a section of the probe."""
        return list(self.probed.get(section, ()))

    def table(self, section: str) -> dict[str, str]:
        """Return a section of the probe as key and rest of each line."""
        return {key: value.strip() for key, _, value in (line.partition(" ") for line in self.told(section))}

    def shell(self, section: str) -> list[str]:
        """Return the lines of a section of the probe in the command's shell."""
        return list(self.session.get(section, ()))


def numbers(text: str) -> list[float]:
    """Return the numbers that stand alone: no part of a name, a version, a date or a path.

    >>> numbers("3 lines of v2.1, 4.5 on average")
    [3.0, 4.5]
    """
    return [float(number) for number in NUMBER.findall(text)]


def _alone(name: str) -> re.Pattern[str]:
    escaped = "(?:" + re.escape(name) + "|" + re.escape(name.replace(" ", "\\ ")) + ")"
    return re.compile(rf"(?<![\w.\-+@]){escaped}(?![\w\-+@]|\.\w)")


def _near(value: float, unit: str, number: float, tolerance: float) -> bool:
    letter = unit.lower().rstrip("b").rstrip("i") if unit.lower() not in ("b", "bytes") else ""
    factors = [UNITS[letter]] if unit else [1, 1 << 10]
    if unit and "i" not in unit and letter:
        factors.append(1000 ** ("kmgt".index(letter) + 1))
    # A unit rounds: 1.2M stands for anything from 1.15 to 1.25, and du rounds up.
    return any(abs(value * factor - number) <= max(tolerance * number, 0.0) for factor in factors)


def sections(text: str) -> dict[str, list[str]]:
    r"""Return what a probe printed by section; what comes before the first has the name ``""``.

    >>> sections("== head\nmain\n== tags\n")
    {'head': ['main'], 'tags': []}
    """
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith(SECTION):
            name = line[len(SECTION):]
            found.setdefault(name, [])
        else:
            found.setdefault(name, []).append(line)
    return found
