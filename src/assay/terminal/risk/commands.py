"""From the words of a command to what knows it: a function of the text, a file it wrote, the table, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assay.terminal.risk import documents, handlers, marks, table, targets
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import UNBOUNDED, UNSURE
from assay.terminal.risk.marks import HOME, MAYBE, ONE, STAR
from assay.terminal.risk.scope import Scope, Values
from assay.terminal.risk.table import Program
from assay.terminal.risk.traced import pinned
from assay.terminal.risk.words import Arg

if TYPE_CHECKING:
    from assay.terminal.risk.walk import Walk

INSTALLED = re.compile(  # folders whose programs are what their names say
    rf"(?:/usr(?:/local)?|/opt(?:/[^/]+)*|/snap|/run/current-system/sw|)/s?bin/|(?:/usr)?/lib\d*(?:/[\w-]+)?/|{HOME}/(?:\.local|\.cargo|go|bin)?/?bin/"
    r"|(?:.*/)?(?:\.?venv|env|virtualenv)/bin/|(?:\./)?node_modules/\.bin/")
HISTORY = re.compile(r"!(?:[!$*^]|-?\d+|[A-Za-z?])")
HELP = ("--help", "--version")
LITERAL = ("streams.echo", "streams.printf")  # to these it is text
# Some of these go on after an option they do not know: macOS's awk says so, and runs its program.
ALONE = ("awk", "sed", "python", "interpreters", "shells", "wrappers", "searches", "editors", "databases", "remote")
ARITHMETIC = frozenset({"let", "test", "[", "printf", "read", "unset", "declare", "typeset", "local", "mapfile"})
CALLS = 3  # of a function by itself that are followed


def run(walk: Walk, words: Sequence[Arg], scope: Scope, many: bool = False, external: bool = False) -> str:
    """Follow a command; returns what it prints.

    Parameters
    ----------
    walk : Walk
        Who reads the text the words stand in.
    words : sequence of Arg
        The program and its arguments.
    scope : Scope
        What is known; a command may change it.
    many : bool
        Whether it runs on what a search yields.
    external : bool
        Whether functions of the text are out of reach: a program runs it, not the shell.
    """
    walk.report.spend()
    first = words[0].value
    call = Call(walk, Program(first), first, words, scope, many)
    if not marks.known(first) and not first.startswith(HOME + "/"):
        return _unknown_word(call)
    if HISTORY.match(first):
        call.report("code-not-in-text", UNSURE, "it repeats a command of the history, which is not in this text")
        return MAYBE
    _history(call)
    _subscripts(call)
    name = first.rpartition("/")[2]
    program = table.find(name)
    printed = None
    if "/" in first:
        if not INSTALLED.fullmatch(first[:len(first) - len(name)]) or program is None:
            printed = _file(call)
    elif not external and name in scope.functions:
        printed = _function(call)
    elif not external and name in scope.aliases and name not in scope.active:
        active, scope.active = scope.active, (*scope.active, name)
        call.code(" ".join([scope.aliases[name], *(arg.value for arg in call.args)]))
        scope.active = active
    if program is None:
        if printed is None:
            call.report("unknown-program", UNSURE, f"what {marks.shown(first)} does is not known here")
        return MAYBE if printed is None else printed
    answer = _known(replace(call, program=program, name=program.name if program.name.endswith(".*") else name))
    return answer if printed is None else printed


def _known(call: Call) -> str:
    if _asks_for_help(call):
        return MAYBE
    return handlers.find(call.program.handler or "generic")(call)


def _asks_for_help(call: Call) -> bool:
    """Whether ``--help`` comes first, or right after subcommands; after operands some programs take it for one."""
    handler = call.program.handler
    if handler in LITERAL or not call.args:
        return False
    if call.args[0].value in HELP:
        return len(call.args) == 1 or handler.partition(".")[0] not in ALONE
    program: Program | None = call.program
    for index, arg in enumerate(call.args):
        if arg.value == "--help" or (arg.value == "-h" and index and index == len(call.args) - 1):
            return True
        program = program.subs.get(arg.value) if program else None
        if program is None:
            return False
    return False


def _unknown_word(call: Call) -> str:
    first = call.words[0].value
    if mark := marks.tainted(first):
        origin = "came over the network" if mark == marks.FETCHED else "was decoded out of sight"
        call.report("fetched-code", UNBOUNDED, f"it runs text that {origin}")
    elif marks.unknown(first):
        call.report("code-not-in-text", UNSURE, "which program runs is not in this text")
    elif STAR in first or ONE in first:
        call.report("code-not-in-text", UNSURE, "which program runs depends on the files that match its name")
    else:
        call.report("unknown-program", UNSURE, f"what {marks.shown(first)} does is not known here")
    return MAYBE


def _history(call: Call) -> None:
    """Note words that an interactive shell replaces by parts of its history."""
    for arg in call.args:
        flat = len(arg.parts) == 1 and arg.parts[0][2] and arg.parts[0][1] == arg.start
        if flat and re.fullmatch(r"!(?:[!$*^]|-?\d+)\S*", arg.value):
            call.report("code-not-in-text", UNSURE, f"{arg.value} stands for a part of the history", arg)


def _subscripts(call: Call) -> None:
    """Follow substitutions in subscripts: where a number or a variable is meant, the shell runs them in any quotes."""
    if call.name in ARITHMETIC:
        for arg in call.args:
            subscript(call.walk, arg.value, call.place(arg), call.scope)


def subscript(walk: Walk, value: str, span: tuple[int, int], scope: Scope) -> None:
    """Follow ``a[$(...)]`` in a value that may be taken for a number."""
    if "[$(" in value or "[`" in value:
        documents.expanded(walk, pinned(value, span), scope.copy())


def _file(call: Call) -> str:
    """Follow a file that is run by its path: one the text wrote, else nobody knows what it does."""
    path = call.words[0].value
    content = targets.content(path, call.scope)
    arguments = tuple(arg.value for arg in call.args)
    if content == MAYBE:
        call.report("script", UNSURE, f"what {marks.shown(path)} does stands in that file, not in this text")
        return MAYBE
    return call.walk.code(content, call.scope.copy(arguments=arguments), call.span)


def _function(call: Call) -> str:
    """Follow a function of the text with the arguments it is called with."""
    name = call.words[0].value
    scope = call.scope
    if name in scope.active and scope.parallel:
        call.report("fork-bomb", UNBOUNDED, "a function starts itself over and over, until the machine is full")
        return MAYBE
    if scope.active.count(name) >= CALLS or call.walk.report.depth > 50:
        return MAYBE
    printed = []
    arguments, active = scope.arguments, scope.active
    for function in scope.functions[name]:
        scope.arguments = tuple(arg.value for arg in call.args)
        scope.active = (*active, name)
        printed.append(function.walk.statement(function.body, scope))
    scope.arguments, scope.active, scope.ended = arguments, active, False
    return printed[0] if len(printed) == 1 else MAYBE


def variable(walk: Walk, name: str, values: Values, span: tuple[int, int], scope: Scope) -> None:
    """Note a variable whose value some program runs, or that decides which programs are found."""
    kind = "code" if name.startswith("GIT_CONFIG_VALUE_") else table.variables().get(name)
    for value in values if kind else ():
        if kind == "code" and value:
            walk.code(pinned(value, span), scope.copy(), span, f"{name} is a command that programs run")
        elif kind == "prompt" and marks.known(value):
            documents.expanded(walk, pinned(value, span), scope.copy())
        elif kind == "options" and any(mark in value for mark in ("!", "|", "exec", "=", "prog")):
            walk.report.add("loads", UNSURE, span, f"{name} holds options of programs, which may run something")
        elif kind == "loads" and value:
            walk.report.add("loads", UNSURE, span, f"{name} makes programs load code that is not in this text")
        elif kind == "path" and _odd_path(value):
            walk.report.add("search-path", UNSURE, span, "programs are then looked for where anybody may put them")


def _odd_path(value: str) -> bool:
    """Whether programs would be found in folders that are relative, open to all, or instead of the usual ones."""
    folders = value.split(":")
    return any(folder in ("", ".") or folder.startswith(("/tmp", "/var/tmp", "/dev/shm"))
               or (folder[:1] not in ("/", HOME, "~") and not marks.unknown(folder[:1])) for folder in folders)


