"""A command about to run, as the functions that judge it see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.terminal.risk import marks, options
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.options import Options
from assay.terminal.risk.scope import Scope
from assay.terminal.risk.table import Program
from assay.terminal.risk.traced import Traced, traced
from assay.terminal.risk.words import Arg

if TYPE_CHECKING:
    from assay.terminal.risk.walk import Walk


@dataclass(slots=True)
class Call:
    """A program and its words.

    Attributes
    ----------
    walk : Walk
        Who reads the text the command stands in.
    program : Program
        What the table knows of it.
    name : str
        How it is called, without its folder.
    words : sequence of Arg
        The command line; the first is the program.
    scope : Scope
        What is known when it runs.
    many : bool
        Whether it runs on whatever a search or a list yields, so that it goes into folders by itself.
    """

    walk: Walk
    program: Program
    name: str
    words: Sequence[Arg]
    scope: Scope
    many: bool = False

    @property
    def args(self) -> Sequence[Arg]:
        """The words after the program."""
        return self.words[1:]

    @property
    def span(self) -> tuple[int, int]:
        """Where the command stands in the whole text."""
        tree = self.walk.tree
        start, end = self.words[0].start, max(word.end for word in self.words)
        return tree.span(min(start, end), end)

    @property
    def stdin(self) -> str | None:
        """What it reads; None is the terminal."""
        return self.scope.stdin

    def place(self, arg: Arg) -> tuple[int, int]:
        """Return where a word stands in the whole text."""
        return self.walk.tree.span(arg.start, arg.end)

    def options(self, values: Collection[str] | None = None, stop: bool = False) -> Options:
        """Read the command line; by default with the options of the table."""
        taken = self.program.values if values is None else values
        return options.read(self.args, taken, stop, self.program.words)

    def report(self, rule: str, level: str, why: str, arg: Arg | None = None) -> None:
        """Note a finding at the whole command, or at one word."""
        self.walk.report.add(rule, level, self.place(arg) if arg else self.span, why)

    def run(self, words: Sequence[Arg], scope: Scope | None = None, many: bool = False, external: bool = True) -> str:
        """Follow a command this one runs; `external` where functions and builtins are out of its reach."""
        from assay.terminal.risk import commands

        if not words:
            return MAYBE
        return commands.run(self.walk, words, scope or self.scope, many or self.many, external)

    def code(self, args: Sequence[Arg] | str, scope: Scope | None = None, why: str = "") -> str:
        """Follow shell code this command runs: words to be joined, or a text."""
        text = args if isinstance(args, str) else traced(self.walk.tree, args)
        inner = scope or self.scope
        return self.walk.code(text, inner, self.span, why) if why else self.walk.code(text, inner, self.span)

    def traced(self, arg: Arg) -> Traced:
        """Return a word that knows its place."""
        return traced(self.walk.tree, [arg])

    def contents(self, arg: Arg) -> str:
        """Return what a file holds, as far as the text wrote it."""
        from assay.terminal.risk import targets

        return targets.content(arg.value, self.scope)

    def passed(self, files: Sequence[Arg] = ()) -> str:
        """Return what a program prints that only works on text: unknown, but where it came from stays known."""
        texts = [self.stdin or "", *(self.contents(file) for file in files)]
        return next((mark for text in texts if (mark := marks.tainted(text))), MAYBE)
