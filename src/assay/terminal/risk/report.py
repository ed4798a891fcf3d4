"""What an assessment has found so far, and how much it may still look at."""

from __future__ import annotations

from collections.abc import Callable

from assay.terminal.risk.levels import LEVELS, ORDER, UNSURE, Finding, Risk, worst
from assay.terminal.risk.marks import MAYBE

COMMANDS = 20_000  # run in all; text that makes more is not looked at to its end
DEPTH = 60  # of constructs in constructs


class Enough(Exception):
    """Raised inside an assessment when it has looked at as much as it may."""


class Report:
    """Findings of one command, each once, and the limits of looking.

    Attributes
    ----------
    depth : int
        How deep in the text the walk is.
    events : list of str
        What ran that only means something beside another: a shell that reads its input, a program on the network.
    sinks : dict of str to callable
        Commands in ``>(...)``, by the path that stands for them; each is run once, with what is written there.
    """

    def __init__(self, command: str) -> None:
        self.command = command
        self.error = False
        self.depth = 0
        self.events: list[str] = []
        self.sinks: dict[str, Callable[[str], None]] = {}
        self._found: dict[tuple[str, int, int], Finding] = {}
        self._left = COMMANDS
        self._paths = 0

    def add(self, rule: str, level: str, span: tuple[int, int], why: str) -> None:
        """Note a finding; of one rule at one place the worst."""
        start, end = span
        key = rule, start, end
        before = self._found.get(key)
        if before is None or ORDER.index(before.level) < ORDER.index(level):
            self._found[key] = Finding(rule, level, self.command[start:end], start, end, why)

    def new_path(self) -> str:
        """Return the path of a further ``<(...)`` or ``>(...)``."""
        self._paths += 1
        return f"/dev/fd/{1000 + self._paths}"

    def feed(self, waiting: set[str]) -> None:
        """Run the commands in ``>(...)`` that nothing known was written to, but for those that still wait."""
        for path in [path for path in self.sinks if path not in waiting]:
            if run := self.sinks.pop(path, None):
                run(MAYBE)

    def spend(self) -> None:
        """Count a command that is looked at."""
        self._left -= 1
        if self._left < 0:
            raise Enough

    def risk(self) -> Risk:
        """Return the assessment: the maximum over all that was found."""
        findings = sorted(self._found.values(), key=lambda found: (found.start, -found.end, ORDER.index(found.level)))
        level = worst(found.level for found in findings)
        return Risk(level, LEVELS[level], tuple(findings), "error" if self.error else "ok", self.command)

    def broken(self) -> None:
        """Note that the text is not shell syntax."""
        self.error = True
        self.add("parse-error", UNSURE, (0, len(self.command)),
                 "the text is not complete shell syntax, so what runs is not certain")


