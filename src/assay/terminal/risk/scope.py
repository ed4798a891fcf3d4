"""What a part of a command knows when it runs: variables, functions, the folder, files written before."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.terminal.risk.marks import HOME, MAYBE, SOME
from assay.terminal.risk.table import lists

if TYPE_CHECKING:
    from tree_sitter import Node

    from assay.terminal.risk.walk import Walk

MOST = 300  # values kept of one variable

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the text: its body, and the walk that can read it."""

    walk: Walk
    body: Node


@dataclass(slots=True)
class Scope:
    """The shell's state, as far as the text tells it.

    Attributes
    ----------
    cwd : tuple of str
        Where commands may run: absolute paths; the first is where a `cd` that worked leads to.
    files : dict of str to str
        What files hold that the text wrote, by path.
    taken : set of str
        Paths that hold something moved or linked there: writing over them loses it, though nothing is there now.
    links : dict of str to str
        Other names of folders: links that the text makes, folders of this machine seen from a container.
    aliases : dict of str to str
        Names that some shells replace by other text.
    arguments : tuple of str, optional
        Positional parameters, None where the text does not tell them.
    stdin : str, optional
        What standard input holds; None is the terminal.
    here : bool
        Whether it runs on this machine, so that its files can be looked at.
    loose : bool
        Whether the text changed how words are split.
    ended : bool
        Whether nothing after this is reached: after `exit`, `return`.
    active : tuple of str
        Functions that are running.
    parallel : bool
        Whether this runs beside what comes after it: in the background or a pipeline.
    """

    cwd: Values
    variables: dict[str, Values] = field(default_factory=dict)
    functions: dict[str, tuple[Function, ...]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    arguments: Values | None = None
    stdin: str | None = None
    here: bool = True
    loose: bool = False
    ended: bool = False
    active: tuple[str, ...] = ()
    parallel: bool = False

    def copy(self, **changes: object) -> Scope:
        """Return an independent copy, as a subshell has one."""
        new = copy.copy(self)
        new.variables, new.functions, new.files = dict(self.variables), dict(self.functions), dict(self.files)
        new.taken, new.links, new.aliases = set(self.taken), dict(self.links), dict(self.aliases)
        for name, value in changes.items():
            setattr(new, name, value)
        return new

    def become(self, other: Scope) -> None:
        """Take over everything another scope knows."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    def join(self, other: Scope) -> None:
        """Know what both know: this scope or the other is how it went on."""
        if other.ended or self.ended:
            if self.ended and not other.ended:
                self.become(other)
            return
        for name in self.variables.keys() | other.variables.keys():
            self.variables[name] = few(self.get(name) + other.get(name))
        for name, bodies in other.functions.items():
            self.functions[name] = tuple(dict.fromkeys(self.functions.get(name, ()) + bodies))
        self.cwd = few(self.cwd + other.cwd)
        for path, content in other.files.items():
            self.files[path] = content if self.files.get(path, content) == content else MAYBE
        self.taken |= other.taken
        self.links |= other.links
        self.aliases |= other.aliases
        self.loose = self.loose or other.loose

    def keep(self, inner: Scope) -> None:
        """Know of files what a subshell did to them."""
        self.files |= inner.files
        self.taken |= inner.taken
        self.links |= inner.links

    def same(self, other: Scope) -> bool:
        """Whether another scope knows the same of what a loop may change."""
        return (self.variables, self.cwd, self.functions, self.files) == (
            other.variables, other.cwd, other.functions, other.files)

    def get(self, name: str) -> Values:
        """Return the values a variable may have; of the environment only the names are known."""
        found = self.variables.get(name)
        if found is not None:
            return found
        if name == "HOME":
            return (HOME,)
        if name == "PWD":
            return self.cwd
        return (SOME,) if name in lists("variables")["set"] else (MAYBE,)

    def set(self, name: str, values: Iterable[str]) -> None:
        """Give a variable its values."""
        self.variables[name] = few(values)
        if name == "IFS":
            self.loose = True


def few(values: Iterable[str]) -> Values:
    """Return different values, in order; of too many, some and that others are possible."""
    different = tuple(dict.fromkeys(values))
    return different if len(different) <= MOST else (*different[:MOST], MAYBE)
