"""Options and operands of a command line, as getopt reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from assay.terminal.risk.words import Arg

OFF = frozenset({"none", "false", "no", "off", "0"})


class Option(NamedTuple):
    """An option, with its value if it takes one."""

    name: str
    value: Arg | None
    arg: Arg


class Options(NamedTuple):
    """A command line, read.

    Attributes
    ----------
    given : list of Option
        Options in order; of ``-rf`` both.
    operands : list of Arg
        What is no option and no value of one.
    ended : int
        How many operands stand before ``--``; all if there is none.
    """

    given: list[Option]
    operands: list[Arg]
    ended: int

    def has(self, *names: str) -> bool:
        """Whether one of these options is given, perhaps shortened."""
        return any(meant(option.name, name) for option in self.given for name in names)

    def dry(self, names: Collection[str]) -> bool:
        """Whether one of these options makes the program only say what it would do, and none takes that back."""
        back = any(option.name.startswith(("--no-d", "--no-n")) for option in self.given)
        return not back and any(
            meant(option.name, name) and (option.value is None or option.value.value.lower() not in OFF)
            for option in self.given for name in names)

    def value(self, *names: str) -> Arg | None:
        """Return the value of the last of these options."""
        found = [option.value for option in self.given if any(meant(option.name, name) for name in names)]
        return found[-1] if found else None

    def values(self, names: Collection[str]) -> list[Arg]:
        """Return all values of these options."""
        return [option.value for option in self.given
                if option.value is not None and any(meant(option.name, name) for name in names)]


def meant(given: str, name: str) -> bool:
    """Whether an option as given is this one: long ones may be shortened.

    >>> meant("--recurs", "--recursive"), meant("-r", "-R"), meant("--", "--force")
    (True, False, False)
    """
    return given == name or (len(given) > 3 and given.startswith("--") and name.startswith(given))


def read(args: Sequence[Arg], values: Collection[str] = (), stop: bool = False, words: bool = False) -> Options:
    """Read a command line without the program's name.

    Parameters
    ----------
    args : sequence of Arg
        The words.
    values : collection of str
        Options that take the next word, or the rest of a cluster.
    stop : bool
        Whether the first operand ends the options, as before a subcommand or a command to run.
    words : bool
        Whether ``-name`` is one option and not several letters.
    """
    given: list[Option] = []
    operands: list[Arg] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        text = arg.value
        if text == "--":
            return Options(given, operands + rest, len(operands))
        if not text.startswith("-") or text == "-":
            operands.append(arg)
            if stop:
                return Options(given, operands + rest, len(operands) + len(rest))
        elif text.startswith("--") or words:
            given.append(_long(arg, rest, values))
        else:
            given += _cluster(arg, rest, values)
    return Options(given, operands, len(operands))


def _long(arg: Arg, rest: list[Arg], values: Collection[str]) -> Option:
    name, sign, _ = arg.value.partition("=")
    if sign:
        return Option(name, arg.after(len(name) + 1), arg)
    takes = name in values or (len(name) > 3 and any(meant(name, value) for value in values))
    return Option(name, rest.pop(0) if takes and rest else None, arg)


def _cluster(arg: Arg, rest: list[Arg], values: Collection[str]) -> Iterable[Option]:
    found: list[Option] = []
    for index, letter in enumerate(arg.value[1:], 1):
        name = f"-{letter}"
        if name not in values:
            found.append(Option(name, None, arg))
            continue
        attached = arg.value[index + 1:]
        found.append(Option(name, arg.after(index + 1) if attached else rest.pop(0) if rest else None, arg))
        break
    return found
