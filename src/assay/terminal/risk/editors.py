"""Editors and pagers: opened on a file they wait for a person; commands given on the way in run at once."""

from __future__ import annotations

import re

from assay.terminal.risk import marks, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, UNSURE
from assay.terminal.risk.marks import MAYBE

SHELL = re.compile(r"(?:^|\|)\s*:*(?:sil\w*!?\s+)?(?:exe\w*\s+['\"])?(?:[%.,$\d]*|r\w*\s+|w\w*\s+)?!(.*)", re.DOTALL)
SETTLED = re.compile(r"\d*|/.*|set?\s+\w+.*|\$|wq?!?|x|q!?|syntax \w+|normal! G"
                     r"|[%\d,$]*s/(?:[^/\\]|\\.)*/(?:[^/\\]|\\.)*/[gi]*")


def editor(call: Call) -> str:
    """Follow `vim`, `nano` and others."""
    given = call.options()
    codes = given.values(call.program.code) + [arg.after(1) for arg in call.args if arg.value.startswith("+")]
    for code in codes:
        text = code.value
        if match := SHELL.search(text):
            call.code([code.after(match.start(1))], call.scope.copy())
        elif not SETTLED.fullmatch(text):
            call.report("code-not-in-text", UNSURE, f"what {call.name} does with {marks.shown(text)} is not known here")
    if given.values(("-S", "-s", "-u", "-l", "--load", "--script")):
        call.report("script", UNSURE, f"{call.name} runs a script that is not in this text")
    if call.stdin is not None and not given.operands and marks.known(call.stdin):
        _lines(call, call.stdin)
    if codes or given.operands:
        call.report("changes", CHANGES, f"{call.name} can change the files it opens")
    return MAYBE


def ed(call: Call) -> str:
    """Follow `ed` and `ex`: they do what they read."""
    if call.args and call.args[0].value.startswith("!"):
        return call.code([call.args[0].after(1)], call.scope.copy())
    if call.stdin is None:
        return editor(call)
    if marks.unknown(call.stdin):
        call.report("code-not-in-text", UNSURE, f"{call.name} does what it reads, which is not in this text")
    _lines(call, call.stdin)
    call.report("changes", CHANGES, f"{call.name} changes the files it is given")
    return MAYBE


def _lines(call: Call, text: str) -> None:
    for line in text.splitlines():
        if match := SHELL.match(line.strip()):
            call.code(match[1], call.scope.copy())


def pager(call: Call) -> str:
    """Follow `less`, `more`, `man`: their options may run commands, or write a log."""
    given = call.options()
    for code in given.values(call.program.code):
        call.code([code], call.scope.copy())
    for arg in call.args:
        if arg.value.startswith("+") and (at := max(arg.value.find("!"), arg.value.find("|"))) > 0:
            call.code([arg.after(at + 1)], call.scope.copy())
    for file in given.values(call.program.outputs):
        writes.write(call.walk, file.value, MAYBE, call.scope, call.span)
    return call.stdin if call.stdin is not None and not given.operands else call.passed(given.operands)
