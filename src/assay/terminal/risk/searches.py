"""Programs that run a command on what they find or are given: `find`, `fd`, `xargs`, `parallel`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from assay.terminal.risk import generic, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import DESTROYS
from assay.terminal.risk.marks import MAYBE, ONE, SOME, STAR
from assay.terminal.risk.words import Arg

RUNS = ("-exec", "-execdir", "-ok", "-okdir")
FILES = ("-fprint", "-fprint0", "-fprintf", "-fls")
BEFORE = ("-H", "-L", "-P", "-D", "-O")
ITEMS = 100  # of a list that a command is run on, one by one


def find(call: Call) -> str:
    """Follow `find`: what it deletes, the commands it runs; the target is where it begins."""
    roots, expression = _roots(call)
    values = [arg.value for arg in expression]
    if "-delete" in values:
        call.report("removes", DESTROYS, "find -delete removes all that it finds, for good")
        generic.bound(call, "removes all that it finds", roots, True)
    for index, value in enumerate(values):
        if value in RUNS:
            _found(call, roots, expression[index + 1:], value.endswith("dir"), _name(values))
        elif value in FILES and index + 1 < len(values):
            writes.write(call.walk, values[index + 1], MAYBE, call.scope, call.span)
    return "".join(f"{root.value}\n{root.value.rstrip('/') or ''}/{SOME}\n" for root in roots)


def _roots(call: Call) -> tuple[list[Arg], list[Arg]]:
    args = list(call.args)
    while args and (args[0].value in BEFORE or args[0].value.startswith("-O")):
        args.pop(0)
    roots: list[Arg] = []
    while args and not args[0].value.startswith(("-", "(", "!", ",")):
        roots.append(args.pop(0))
    return roots or [call.words[0].at(".")], args


def _name(values: Sequence[str]) -> str:
    """Return what the names of all found files look like."""
    wanted = [value for test, value in itertools.pairwise(values) if test == "-name"]
    single = len(wanted) == 1 and not {"-o", "-or", "!", "-not", ","} & set(values)
    return wanted[0].replace("*", STAR).replace("?", ONE) if single and "[" not in wanted[0] else SOME


def _found(call: Call, roots: Sequence[Arg], rest: Sequence[Arg], inside: bool, name: str = SOME) -> None:
    command = []
    for arg in rest:
        if arg.value in (";", "+"):
            break
        command.append(arg)
    found = [root.at(value) for root in roots for value in (root.value, f"{root.value.rstrip('/')}/{SOME}/{name}")]
    filled = _filled(command, "{}", found)
    if not any("{}" in arg.value for arg in command) and inside:
        filled = command
    call.run(filled, call.scope.copy(), many=True)


def _filled(command: Sequence[Arg], mark: str, items: Sequence[Arg]) -> list[Arg]:
    """Return a command with its mark replaced by what was found: a word that is the mark by all, others by one."""
    filled: list[Arg] = []
    for arg in command:
        if arg.value == mark:
            filled += [arg.at(item.value) for item in items]
        elif mark in arg.value:
            filled += [arg.at(arg.value.replace(mark, item.value)) for item in items] if len(command) > 1 and (
                arg is not command[0] and not _is_code(command, arg)) else [arg.at(arg.value.replace(mark, SOME))]
        else:
            filled.append(arg)
    return filled


def _is_code(command: Sequence[Arg], arg: Arg) -> bool:
    """Whether a word is code for a shell, in which one thing found is put at a time."""
    index = next(at for at, word in enumerate(command) if word is arg)
    return command[index - 1].value.startswith("-") and command[index - 1].value.endswith("c")


def fd(call: Call) -> str:
    """Follow `fd`: commands after ``-x`` and ``-X``."""
    values = [arg.value for arg in call.args]
    for flag in ("-x", "-X", "--exec", "--exec-batch"):
        if flag in values:
            at = values.index(flag)
            roots = [arg for arg in call.args[:at] if not arg.value.startswith("-")][1:] or [call.words[0].at(".")]
            command = list(call.args[at + 1:])
            if command and not any("{" in arg.value for arg in command):
                command.append(command[-1].at("{}"))
            _found(call, roots, command, False)
    roots = [arg for arg in call.args if not arg.value.startswith("-")][1:]
    return "".join(f"{root.value}\n" for root in roots) + SOME


def xargs(call: Call) -> str:
    """Follow `xargs`: the command gets what is read as operands, or in place of a mark."""
    given = call.options(stop=True)
    mark = given.value("-I", "-i", "--replace")
    text = call.stdin if call.stdin is not None else MAYBE
    if file := given.value("-a", "--arg-file"):
        text = call.contents(file)
    command = given.operands or [call.words[0].at("echo")]
    items = [call.words[0].at(value) for value in read(text, mark is not None or given.has("-d", "-0", "--null"))]
    scope = call.scope.copy(stdin=MAYBE)
    replaced = "{}" if given.has("-i") and (mark is None or not mark.value) else mark.value if mark else ""
    if not replaced:
        return call.run([*command, *items], scope, many=True)
    for item in items[:ITEMS]:
        words = [arg.at(arg.value.replace(replaced, item.value)) if replaced in arg.value else arg for arg in command]
        call.run(words, scope.copy(), many=True)
    return call.passed()


def read(text: str, whole_lines: bool) -> list[str]:
    """Return the items of a list: its lines, or its words."""
    lines = [line for line in text.replace("\0", "\n").split("\n") if line.strip()]
    items = lines if whole_lines else [word.strip("'\"") for line in lines for word in line.split()]
    return items or [MAYBE]


def parallel(call: Call) -> str:
    """Follow `parallel`: a command as code, for each of a list; without one each line of the list is code."""
    given = call.options(stop=True)
    words = list(given.operands)
    at = next((index for index, arg in enumerate(words) if arg.value in (":::", "::::", ":::+")), len(words))
    command, listed = words[:at], words[at + 1:]
    if at < len(words) and words[at].value == "::::":
        items = [item for file in listed for item in read(call.contents(file), True)]
    else:
        items = [arg.value for arg in listed] or read(call.stdin if call.stdin is not None else MAYBE, True)
    scope = call.scope.copy(stdin=MAYBE)
    if not command:
        for item in items[:ITEMS]:
            call.code(item, scope.copy(), "what it runs stands in a list, not in this text")
        return MAYBE
    if not any("{" in arg.value for arg in command):
        command = [*command, command[-1].at("{}")]
    for item in items[:ITEMS]:
        call.code([_put(arg, item) for arg in command], scope.copy())
    return MAYBE


def _put(arg: Arg, item: str) -> Arg:
    for mark in ("{}", "{.}", "{/}", "{//}", "{/.}"):
        if mark in arg.value:
            return arg.at(arg.value.replace(mark, item))
    return arg


def entr(call: Call) -> str:
    """Follow `entr`: it runs a command when files change."""
    given = call.options(stop=True)
    return call.code(given.operands) if given.has("-s") else call.run(given.operands)


def lister(call: Call) -> str:
    """Return names in the folder, as `git ls-files` and others print them."""
    return STAR


def locate(call: Call) -> str:
    """Return paths anywhere."""
    return f"/{SOME}/{SOME}\n"
