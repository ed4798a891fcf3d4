"""Programs of awk: the commands they run, the files they write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.terminal.risk import marks, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import MAYBE, PROCESSES
from assay.terminal.risk.traced import Traced
from assay.terminal.risk.walk import CODE_FROM
from assay.terminal.risk.words import ansi

TOKEN = re.compile(r"""
    (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<comment>\#[^\n]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>\d[\w.]*|\.\d+)
  | (?P<sign>\|\||\|&|>>|>=|<=|==|!=|&&|\+\+|--|[-+*/%^]=|[|><!~?:;,{}()\[\]$+\-*/%^=@&\n])
  | (?P<space>[ \t\r]+|\\\n)
  | (?P<other>.)""", re.VERBOSE | re.DOTALL)
EVERY_LINE = re.compile(r"\s*(?:NR\s*[!>=]+\s*\d+)?\s*\{\s*print\b[^{}]*\}\s*")  # but the head of a table
OPERANDS = frozenset({"string", "name", "number"})
REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\]|\\.)*\])*/")
Token = tuple[str, str, int]


def tokens(program: str) -> Iterator[Token]:
    """Yield kind, text and place of each token; a slash begins a pattern where no operand stands before it."""
    at, before = 0, ""
    while at < len(program):
        if program[at] == "/" and before not in (*OPERANDS, ")", "]", "$") and (match := REGEX.match(program, at)):
            yield "regex", match[0], at
            before, at = ")", match.end()
            continue
        match = TOKEN.match(program, at)
        assert match is not None  # the last alternative takes any character
        kind = match.lastgroup or "other"
        if kind not in ("space", "comment"):
            yield kind, match[0], at
            before = kind if kind in OPERANDS else match[0]
        at = match.end()


def awk(call: Call) -> str:
    """Follow `awk`."""
    given = call.options()
    scripts = given.values(("-f", "--file", "-E", "--exec"))
    for file in scripts:
        text = call.contents(file)
        if text == MAYBE:
            call.report("script", UNSURE, "the awk program stands in a file, not in this text")
        else:
            _program(call, text)
    inplace = any(arg.value in ("inplace", "inplace.awk") for arg in given.values(("-i", "--include")))
    if given.values(("-l", "--load")) or (given.values(("-i", "--include")) and not inplace):
        call.report("loads", UNSURE, "awk loads code that is not in this text")
    if inplace:
        call.report("changes", CHANGES, "awk changes the files in place")
    if given.operands and not scripts:
        _program(call, call.traced(given.operands[0]))
    every = bool(given.operands) and EVERY_LINE.fullmatch(given.operands[0].value) is not None
    return PROCESSES if PROCESSES in (call.stdin or "") and every else call.passed(given.operands[1:])


def _program(call: Call, program: str) -> None:
    if mark := marks.tainted(program[:1]):
        call.report("fetched-code", UNBOUNDED, CODE_FROM[mark])
        return
    if marks.unknown(program):
        call.report("code-not-in-text", UNSURE, "a part of the awk program is not in this text")
    found = list(tokens(program))
    for index, (_, text, _) in enumerate(found):
        before = found[index - 1] if index else ("", "", 0)
        after = found[index + 1] if index + 1 < len(found) else ("", "", 0)
        if text == "system":
            _code(call, found, index + 2, program)
        elif text in ("|", "|&"):
            _pipe(call, before, after, found, index, program)
        elif text == "@" and after[0] == "name":
            call.report("code-not-in-text", UNSURE, "awk calls what a variable names, or includes a file")
        elif text in (">", ">>") and _prints(found, index):
            _write(call, after, found, index, text == ">>")


def _pipe(call: Call, before: Token, after: Token, found: list[Token], index: int, program: str) -> None:
    if after[1] == "getline":
        start = index - 1
        first = start == 0 or found[start - 1][1] in ("{", "(", ";", "\n", "}", "while", "!")
        single = before[0] == "string" and first
        if not single:
            call.report("code-not-in-text", UNSURE, "awk runs a command that is put together as it runs")
            return
        _string(call, before, program)
    else:
        _code(call, found, index + 1, program)


def _code(call: Call, found: list[Token], index: int, program: str) -> None:
    """Follow a command that begins at a token: one string, else nobody knows."""
    kind, _, _ = found[index] if index < len(found) else ("", "", 0)
    after = found[index + 1][1] if index + 1 < len(found) else "}"
    if kind == "string" and after in ("}", ";", "\n", ")"):
        _string(call, found[index], program)
    else:
        if kind == "string":
            _string(call, found[index], program)
        call.report("code-not-in-text", UNSURE, "awk runs a command that is put together as it runs")


def _string(call: Call, token: Token, program: str) -> None:
    text = token[1][1:-1]
    if "\\" not in text and isinstance(program, Traced):
        start = token[2] + 1
        call.code(Traced(text, program.places[start:start + len(text)]), call.scope.copy())
    else:
        call.code(ansi(text), call.scope.copy())


def _prints(found: list[Token], index: int) -> bool:
    """Whether ``>`` stands in a `print` statement outside brackets, where it writes a file."""
    depth = 0
    for _, text, _ in reversed(found[:index]):
        depth += {")": 1, "(": -1}.get(text, 0)
        if depth < 0 or text in ("{", "}", ";", "\n"):
            return False
        if depth == 0 and text in ("print", "printf"):
            return True
    return False


def _write(call: Call, after: Token, found: list[Token], index: int, append: bool) -> None:
    more = found[index + 2][1] if index + 2 < len(found) else "}"
    value = ansi(after[1][1:-1]) if after[0] == "string" and more in ("}", ";", "\n") else MAYBE
    writes.write(call.walk, value, MAYBE, call.scope, call.span, append)
