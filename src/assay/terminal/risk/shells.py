"""Shells and what runs code as they do: `sh -c`, `eval`, a sourced file, text on standard input."""

from __future__ import annotations

from collections.abc import Iterator

from assay.terminal.risk import marks, targets
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import HOME, MAYBE, SOME, SPLIT
from assay.terminal.risk.scope import Scope
from assay.terminal.risk.walk import CODE_FROM
from assay.terminal.risk.words import Arg

READ_VALUES = frozenset({"-d", "-i", "-n", "-N", "-p", "-t", "-u", "-a"})
LIST_VALUES = frozenset({"-d", "-n", "-u", "-C", "-c", "-O", "-s"})
VALUES = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file", "-C", "--init-command"})


def shell(call: Call) -> str:
    """Follow a shell: code after ``-c``, a script, or what it reads."""
    flags, operands, startup = _read(call)
    for file in startup:
        run_file(call, file)
    if "n" in flags and "i" not in flags:
        return MAYBE  # only looks for mistakes; a shell with a prompt takes no notice
    if "c" in flags:
        if not operands:
            return MAYBE
        scope = call.scope.copy(arguments=tuple(arg.value for arg in operands[2:]))
        if len(operands) > 1:
            scope.set("0", (operands[1].value,))
        return call.code(operands[:1], scope)
    if operands and "s" not in flags:
        return run_file(call, operands[0], operands[1:])
    return stdin(call, tuple(arg.value for arg in operands))


def _read(call: Call) -> tuple[set[str], list[Arg], list[Arg]]:
    """Return a shell's option letters, its operands, the files it starts with."""
    flags: set[str] = set()
    startup: list[Arg] = []
    rest = list(call.args)
    while rest and rest[0].value[:1] in ("-", "+") and len(rest[0].value) > 1:
        arg = rest.pop(0)
        if arg.value == "--":
            break
        if arg.value in VALUES:
            value = rest.pop(0) if rest else None
            if value is not None and arg.value in ("--rcfile", "--init-file"):
                startup.append(value)
        elif arg.value.startswith("--"):
            flags |= {"c"} if arg.value == "--command" else set()
        else:
            letters = arg.value[1:]
            flags = flags | set(letters) if arg.value[0] == "-" else flags - set(letters)
            if letters[-1] in "oO" and rest:
                rest.pop(0)
    if rest and rest[0].value == "-" and "c" not in flags:
        flags.add("s")
        rest.pop(0)
    return flags, rest, startup


def stdin(call: Call, arguments: tuple[str, ...] | None = None) -> str:
    """Follow code that is read from standard input; from a terminal it is what a person types."""
    text = call.stdin
    if call.scope.here and (text is None or marks.unknown(text[:1])):
        call.walk.report.events.append("shell")
    if text is None:
        return MAYBE
    scope = call.scope.copy(arguments=arguments, stdin=MAYBE)
    return call.walk.code(text, scope, call.span, f"{call.name} runs what it reads, which is not in this text")


def run_file(call: Call, file: Arg, arguments: list[Arg] | None = None) -> str:
    """Follow a script: one that the text wrote or fetched is known, another is not."""
    if file.value in ("/dev/stdin", "-", "/dev/fd/0"):
        return stdin(call)
    text = call.contents(file)
    if text == MAYBE:
        call.report("script", UNSURE, f"what {marks.shown(file.value)} does stands in that file, not in this text")
        return MAYBE
    scope = call.scope.copy(arguments=tuple(arg.value for arg in arguments or ()))
    return call.walk.code(text, scope, call.span, f"what stands in {marks.shown(file.value)} is not in this text")


def eval(call: Call) -> str:
    """Follow `eval`: what is not known in its words may be any code."""
    args = list(call.args)
    if args and args[0].value == "--":
        args = args[1:]
    text = " ".join(arg.value for arg in args)
    if mark := marks.tainted(text):
        call.report("fetched-code", UNBOUNDED, CODE_FROM[mark])
    elif marks.unknown(text):
        call.report("code-not-in-text", UNSURE, "eval runs text that is not known here")
    return call.code(args) if args else ""


def source(call: Call) -> str:
    """Follow a sourced file, in this same shell."""
    if not call.args:
        return MAYBE
    file = call.args[0]
    text = call.contents(file)
    if text == MAYBE:
        call.report("script", UNSURE, f"what {marks.shown(file.value)} does stands in that file, not in this text")
        return MAYBE
    return call.walk.code(text, call.scope, call.span)


def trap(call: Call) -> str:
    """Follow `trap`: its code runs at the end, or at a signal."""
    given = [arg for arg in call.args if arg.value not in ("-l", "-p", "--")]
    if len(given) > 1 and given[0].value not in ("", "-"):
        later = call.scope.copy()
        call.code(given[:1], later)
        call.scope.join(later)  # it may run before each command
    return ""


def alias(call: Call) -> str:
    """Follow the code of aliases; they are commands by another name."""
    for arg in call.args:
        name, sign, _ = arg.value.partition("=")
        if sign:
            call.code([arg.after(len(name) + 1)], call.scope.copy(arguments=None))
            call.scope.aliases[name] = arg.value[len(name) + 1:]
    return ""


def cd(call: Call) -> str:
    """Follow `cd`: from here on paths begin in another folder, or in this one if there is no such."""
    given = call.options(frozenset())
    target = given.operands[0].value if given.operands else HOME
    before = call.scope.cwd
    if call.name == "popd" or (call.name == "pushd" and (not given.operands or target[:1] in "+-")) or target == "-":
        call.scope.cwd = tuple(dict.fromkeys((*call.scope.variables.get("OLDPWD", ()), SOME)))
    else:
        call.scope.cwd = tuple(dict.fromkeys(entered(target, call.scope, True)))
    call.scope.set("OLDPWD", (*before, *call.scope.variables.get("OLDPWD", ())))
    return ""


def entered(target: str, scope: Scope, may_fail: bool = False) -> Iterator[str]:
    """Yield the folders a `cd` may lead to; one without a name leads home, one that fails nowhere."""
    for alternative in dict.fromkeys((target, marks.emptied(target) or HOME) if marks.unknown(target) else (target,)):
        for folders in scope.variables.get("CDPATH", ()) if target[:1] not in ("/", ".", HOME) else ():
            for folder in folders.split(":"):
                yield from targets.absolute(f"{folder or '.'}/{alternative}", scope)
        yield from targets.absolute(alternative, scope)
    if may_fail and not (scope.here and targets.folder(target, scope)):
        yield from scope.cwd


def shell_set(call: Call) -> str:
    """Follow `set`: ``--`` sets the positional parameters."""
    values = [arg.value for arg in call.args]
    if "--" in values:
        call.scope.arguments = tuple(values[values.index("--") + 1:])
    elif values and values[0][:1] not in ("-", "+"):
        call.scope.arguments = tuple(values)
    return ""


def shift(call: Call) -> str:
    """Follow `shift`."""
    if call.scope.arguments is not None:
        count = int(call.args[0].value) if call.args and call.args[0].value.isdecimal() else 1
        call.scope.arguments = call.scope.arguments[count:]
    return ""


def leave(call: Call) -> str:
    """Follow `exit`, `return`, `break`: nothing after it is reached on this way."""
    call.scope.ended = True
    return ""


def read(call: Call) -> str:
    """Follow `read`, `mapfile`: variables get what is read, a line of it each."""
    lists = call.name in ("mapfile", "readarray")
    given = call.options(LIST_VALUES if lists else READ_VALUES)
    text = call.stdin if call.stdin is not None else MAYBE
    if descriptor := given.value("-u"):
        text = call.scope.files.get("&" + descriptor.value, MAYBE)
    for code in given.values(("-C",)):
        call.code([code], call.scope.copy())
    lines = tuple(dict.fromkeys(text.split("\n"))) if marks.known(text) or "\n" in text else (text,)
    names = [arg.value for arg in given.operands]
    if array := given.value("-a"):
        names.append(array.value)
    if lists:
        call.scope.set(names[0] if names else "MAPFILE", (SPLIT.join(filter(None, lines)),))
        return ""
    for name in names or ["REPLY"]:
        values = lines if len(names) < 2 else tuple(field for line in lines for field in (*line.split(), ""))
        call.scope.set(name, values or ("",))
    return ""


def unsure(call: Call) -> str:
    """Note a builtin that changes which programs names mean."""
    call.report("code-not-in-text", UNSURE, f"{call.name} can give names another meaning")
    return MAYBE


def hash(call: Call) -> str:
    """Note ``hash -p``, which gives a name another program."""
    return unsure(call) if call.options(frozenset({"-p"})).has("-p") else MAYBE


def bind(call: Call) -> str:
    """Follow code bound to keys, or to completion."""
    for arg in call.options(frozenset({"-x", "-C", "-F"})).values(("-x", "-C")):
        text = arg.value
        call.code([arg.after(text.index(":") + 1 if ":" in text else 0)], call.scope.copy())
    return MAYBE


def at(call: Call) -> str:
    """Follow `at` and `batch`: what they read runs later."""
    given = call.options()
    if given.has("-l", "-c", "-V"):
        return MAYBE
    if file := given.value("-f"):
        return run_file(call, file)
    if given.has("-d", "-r"):
        call.report("removes", DESTROYS, f"{call.name} removes jobs that were to run later")
        return MAYBE
    call.report("changes", CHANGES, "it lets a command run later")
    return stdin(call)

