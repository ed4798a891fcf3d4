"""What is known of programs: `risk.toml`, read once. A program, a subcommand, a flag is an entry there."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assay.terminal.risk.levels import CHANGES, DESTROYS, LEVELS, READ, UNSURE

FILE = Path(__file__).parents[1] / "risk.toml"
LISTS = {"reads": READ, "changes": CHANGES, "unsure": UNSURE, "destroys": DESTROYS}
WORDS = ("values", "harmless", "recursive", "outputs", "code", "skips")
VERSION = re.compile(r"(.+?)[-.]?v?\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Program:
    """An entry of the table: a program, or a subcommand of one.

    Attributes
    ----------
    name : str
        As it is called: ``git``, ``git stash drop``.
    level : str
        What it does where no flag says otherwise.
    rule : str
        Name of the finding.
    does : str
        What it does, for a sentence: "removes files".
    handler : str
        Function that knows more of it than the table can say.
    values : frozenset of str
        Options that take the next word.
    flags : dict of str to str
        Options that raise the level, `lowers` those that set it, `harmless` those that make all of it read-only.
    reasons : dict of str to str
        What a flag does, for a sentence.
    targets : bool
        Whether operands are what it acts on, so that one without bound matters; with `recursive` options, or always
        where there are none.
    outputs : frozenset of str
        Options that name a file to be written; `output` says which operand does: last, second, all.
    code : frozenset of str
        Options whose value is shell code.
    bare : str
        The level without operands.
    subs : dict of str to Program
        Subcommands; `default` is the level of one that is not known.
    prints : str
        What it prints: fetched, decoded, same (as it reads), lines (some of what it reads), some (never nothing).
    skips : frozenset of str
        Of a wrapper: how it gets to the command it runs, see `wrappers`.
    """

    name: str
    level: str = READ
    rule: str = ""
    does: str = ""
    handler: str = ""
    values: frozenset[str] = frozenset()
    flags: Mapping[str, str] = field(default_factory=dict)
    lowers: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    harmless: frozenset[str] = frozenset()
    targets: bool = False
    recursive: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    output: str = ""
    code: frozenset[str] = frozenset()
    bare: str = ""
    subs: Mapping[str, Program] = field(default_factory=dict)
    default: str = ""
    prints: str = ""
    skips: frozenset[str] = frozenset()
    operands: int = 0
    words: bool = False


@functools.cache
def _data() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


@functools.cache
def programs() -> dict[str, Program]:
    """Return all programs of the table by name."""
    data = _data()
    found: dict[str, Program] = {}
    for level, names in data["only"].items():
        found |= {name: Program(name, level) for name in names.split()}
    for name, entry in data["program"].items():
        for also in (name, *entry.get("also", "").split()):
            found[also] = _program(also, entry)
    for name, does in data["does"].items():
        if name in found and not found[name].does:
            found[name] = replace(found[name], does=does)
    return found


def _program(name: str, entry: dict[str, Any]) -> Program:
    entry = {key: value for key, value in entry.items() if key != "also"}
    subs = {sub: _program(f"{name} {sub}", inner) for sub, inner in entry.pop("sub", {}).items()}
    for key, level in LISTS.items():
        for sub in entry.pop(key, "").split():
            subs.setdefault(sub, Program(f"{name} {sub}", level))
    for sub, inner in list(subs.items()):
        for also in entry.get("same", {}).get(sub, "").split():
            subs[also] = inner
    entry.pop("same", None)
    for key in WORDS:
        if key in entry:
            entry[key] = frozenset(entry[key].split())
    program = Program(name, subs=subs, **entry)
    for level in (program.level, program.default, program.bare, *program.flags.values(), *program.lowers.values()):
        if level and level not in LEVELS:
            raise ValueError(f"{FILE.name}: {name}: {level!r} is no level, expected one of {', '.join(LEVELS)}")
    return program


def find(name: str) -> Program | None:
    """Return what is known of a program, also under a name with its version, or in capitals where case is nothing."""
    table = programs()
    found = table.get(name) or table.get(name.lower().removesuffix(".exe"))
    if found is None and (match := VERSION.fullmatch(name)):
        found = table.get(match[1])
    if found is None and "." in name:
        found = table.get(name.split(".")[0] + ".*")
    return found


@functools.cache
def variables() -> dict[str, str]:
    """Return the variables whose value some program runs: ``code``, ``prompt`` or ``loads``, by name."""
    return {name: kind for kind, names in _data()["variables"].items() for name in names.split()}


@functools.cache
def lists(section: str) -> dict[str, frozenset[str]]:
    """Return the lists of words of a section of the table."""
    return {name: frozenset(words.split()) for name, words in _data()["words"][section].items()}
