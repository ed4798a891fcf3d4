"""Programs that print what they are given: their output is known as far as their input is."""

from __future__ import annotations

import re

from assay.terminal.risk import generic, marks, options, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.marks import DECODED, MAYBE, SOME, STAR
from assay.terminal.risk.traced import Traced, traced
from assay.terminal.risk.words import Arg, ansi

FORMAT = re.compile(r"%(?:[-+ #0]*(?:\d+|\*)?(?:\.\d+)?([diouxXeEfFgGcsbq])|(%))")
DECODE = re.compile(r"-d|-D|--decode|-r|--reverse|-ps?r|-rp?s?|enc|-d\w*")


def echo(call: Call) -> str:
    """Return the words; ``-e`` means escapes."""
    args = list(call.args)
    escapes = False
    while args and re.fullmatch(r"-[neE]+", args[0].value):
        escapes = escapes or "e" in args.pop(0).value
    text = traced(call.walk.tree, args) if args else Traced("", [])
    if escapes and "\\" in text:
        return ansi(text)
    # The line's end stands where the words end, so that code handed on keeps its places.
    return Traced(text + "\n", [*text.places, call.span])


def printf(call: Call) -> str:
    """Return the format, filled in; without anything to fill in it keeps its place."""
    args = list(call.args)
    if args and args[0].value == "-v" and len(args) > 1:
        call.scope.set(args[1].value, (_filled(args[2:]) if len(args) > 2 else "",))
        return ""
    if args and args[0].value == "--":
        args.pop(0)
    return _filled(args) if args else ""


def _filled(args: list[Arg]) -> str:
    form, rest = args[0].value, [arg.value for arg in args[1:]]
    if not FORMAT.search(form):
        return ansi(form)
    printed = ""
    for _ in range(1000):
        def fill(match: re.Match[str]) -> str:
            if match[2]:
                return "%"
            value = rest.pop(0) if rest else ""
            return ansi(value) if match[1] == "b" else value
        before = len(rest)
        printed += FORMAT.sub(fill, ansi(form))
        if not rest or len(rest) == before:
            break
    return printed


def cat(call: Call) -> str:
    """Return what the files hold, or what it reads."""
    given = call.options()
    if not given.operands:
        return call.stdin if call.stdin is not None else MAYBE
    texts = [call.contents(file) for file in given.operands]
    return texts[0] if len(texts) == 1 else "".join(texts)


def lines(call: Call) -> str:
    """Return what a program may print that picks or orders lines: any of those it reads."""
    given = call.options()
    files = [call.contents(file) for file in given.operands if call.contents(file) != MAYBE]
    return files[0] if files else call.stdin if call.stdin is not None else call.passed()


def grep(call: Call) -> str:
    """Return lines that a search may leave."""
    text = lines(call)
    return MAYBE if marks.PROCESSES in text else text


def altered(call: Call) -> str:
    """Return text that was changed on its way: known text turned into something else is out of sight."""
    text = call.stdin or ""
    if marks.tainted(text):
        return marks.tainted(text)
    return DECODED if text.strip() and not marks.unknown(text) else MAYBE


def decode(call: Call) -> str:
    """Return what a program that encodes and decodes prints."""
    generic.write_files(call, call.program, call.options())
    if any(DECODE.fullmatch(arg.value) for arg in call.args):
        return DECODED
    return call.passed(call.options().operands)


def tee(call: Call) -> str:
    """Follow `tee`: it writes what it passes on."""
    given = options.read(call.args)
    text = call.stdin if call.stdin is not None else MAYBE
    for file in given.operands:
        writes.write(call.walk, file.value, text, call.scope, call.span, given.has("-a", "--append"))
    return text


def listing(call: Call) -> str:
    """Return the names a listing prints: as given with ``-d`` or wildcards, else names in the folder."""
    given = call.options()
    if given.has("-d", "--directory"):
        return "".join(f"{arg.value}\n" for arg in given.operands)
    inside = [arg.value for arg in given.operands if STAR in arg.value]
    return "".join(f"{value}\n" for value in inside) if inside else f"{STAR}\n" if not given.operands else MAYBE


def something(call: Call) -> str:
    """Return text that is not known, and not nothing."""
    return SOME


def nothing(call: Call) -> str:
    """Return no text."""
    return ""


def working_folder(call: Call) -> str:
    """Return the folder the command runs in."""
    return call.scope.cwd[0]


def path_part(call: Call) -> str:
    """Return `dirname` or `basename` of a path."""
    given = call.options(frozenset({"-s"}))
    if not given.operands:
        return MAYBE
    value = given.operands[0].value.rstrip("/")
    if marks.unknown(value):
        return SOME
    head, _, last = value.rpartition("/")
    if call.name == "dirname":
        return head or ("/" if value.startswith("/") else ".")
    suffix = given.value("-s") or (given.operands[1] if len(given.operands) == 2 else None)
    return last.removesuffix(suffix.value) if suffix and last != suffix.value else last or "/"


def yes(call: Call) -> str:
    """Return the lines `yes` repeats."""
    return traced(call.walk.tree, list(call.args)) if call.args else "y"


def process_list(call: Call) -> str:
    """Return what a list of processes prints: all of them, unless it is told which."""
    text = " ".join(arg.value for arg in call.args)
    return MAYBE if re.search(r"(^|\s)(-[CpgGtU]|--(pid|ppid|user|group)|--?[Uu]\b)", text) else marks.PROCESSES
