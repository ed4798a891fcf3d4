"""Programs that run another one: sudo, env, nohup, timeout, watch ... The one they run is what matters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assay.terminal.risk import commands, generic, options, shells
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, READ
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.words import Arg

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def wrapper(call: Call) -> str:
    """Follow the command after the options, and the operands the table says to skip; ``-c`` may hold code instead."""
    given = call.options(stop=True)
    rest = given.operands[sum(int(skip) for skip in call.program.skips if skip.isdigit()):]
    if "assignments" in call.program.skips:
        rest = assignments(call, rest)
    codes = given.values(call.program.code)
    for code in codes:
        call.code([code])
    if rest and "code" in call.program.skips and rest[0].value in ("-c", "--command") and len(rest) > 1:
        return call.code(rest[1:2])
    if rest and "joined" in call.program.skips:
        return call.code(rest)
    if rest and rest[0].value == "--":
        rest = rest[1:]
    if not rest or codes:
        return _bare(call, bool(codes))
    if call.program.level != READ:
        generic.report(call, call.program, call.program.level)
    return call.run(rest)


def _bare(call: Call, coded: bool) -> str:
    level = call.program.bare or READ
    if not coded:
        generic.report(call, call.program, level)
    return MAYBE


def assignments(call: Call, rest: Sequence[Arg]) -> list[Arg]:
    """Take over ``NAME=value`` words before a command; returns the words after them."""
    left = list(rest)
    while left and ASSIGNMENT.match(left[0].value):
        name, _, value = left.pop(0).value.partition("=")
        commands.variable(call.walk, name, (value,), call.span, call.scope)
        call.scope.set(name, (value,))
    return left


def sudo(call: Call) -> str:
    """Follow what runs with the rights of another user, and say that it does."""
    call.report("privilege", READ, f"{call.name} runs it with the rights of another user, mostly root", call.words[0])
    given = call.options(stop=True)
    rest = assignments(call, given.operands)
    if given.has("-e", "--edit"):
        call.report("changes", CHANGES, "it opens files in an editor")
        return MAYBE
    return call.run(rest) if rest else MAYBE


def su(call: Call) -> str:
    """Follow ``su -c CODE``, and shells with it."""
    call.report("privilege", READ, f"{call.name} runs it with the rights of another user", call.words[0])
    given = call.options()
    for code in given.values(("-c", "--command", "--session-command")):
        call.code([code])
    if given.value("-c", "--command", "--session-command") is None:
        if call.program.skips and given.operands:  # runuser -u USER COMMAND
            return call.run(call.options(stop=True).operands)
        return shells.stdin(call)
    return MAYBE


def env(call: Call) -> str:
    """Follow `env`: variables, a folder, a command line in one string, a command."""
    given = call.options(stop=True)
    if folder := given.value("-C", "--chdir"):
        call.scope = call.scope.copy(cwd=tuple(shells.entered(folder.value, call.scope)))
    scope = call.scope.copy()
    call.scope = scope
    for string in given.values(("-S", "--split-string")):
        return call.code([string, *given.operands])
    rest = assignments(call, given.operands)
    return call.run(rest, scope) if rest else MAYBE


def command(call: Call) -> str:
    """Follow `command` and `builtin`; ``command -v`` only asks."""
    given = call.options(stop=True)
    if given.has("-v", "-V"):
        return MAYBE
    return call.run(given.operands) if given.operands else MAYBE


def busybox(call: Call) -> str:
    """Follow the applet that the first word names."""
    given = options.read(call.args, stop=True)
    return call.run(given.operands) if given.operands else MAYBE


def multiplexer(call: Call) -> str:
    """Follow `tmux` and `screen`: commands in a new window, keys typed into one."""
    generic.report(call, call.program, call.program.level)
    words = call.options(stop=True).operands
    if call.name == "tmux" and words:
        words = options.read(words[1:], call.program.values).operands
    if words and words[0].value == "stuff":
        words = words[1:]
    keys = [arg for arg in words if arg.value not in ("Enter", "C-m", "KPEnter", "Space")]
    if len(keys) == 1:
        call.code(keys, call.scope.copy())
    elif keys and call.name == "screen":
        call.run(keys, call.scope.copy())
    elif keys:
        call.code(keys, call.scope.copy())
    return MAYBE


def each(call: Call) -> str:
    """Follow a program whose operands are code, each by itself."""
    given = call.options()
    for code in [*given.operands, *given.values(call.program.code)]:
        call.code([code], call.scope.copy())
    return MAYBE
