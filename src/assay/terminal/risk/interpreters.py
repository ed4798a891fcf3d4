"""Perl, Ruby, Node and others: what their code does is mostly not known; what plainly is dangerous is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assay.terminal.risk import generic, marks
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.walk import CODE_FROM
from assay.terminal.risk.words import Arg

REVERSE = re.compile(r"(?is)(?=.*(?:socket|fsockopen|TCPSocket|net\.(?:connect|Socket)|/inet/tcp))"
                     r"(?=.*(?:/bin/(?:ba|da|z|k)?sh\b|\bexec\b|subprocess|\bpty\b|dup2|proc_open|shell_exec|"
                     r"child_process|\bsystem\b|\b(?:ba|z)?sh -i|cmd\.exe))")
REMOVES = re.compile(r"\b(?:unlink\w*|rmtree|rm_rf|rm_r|rmdir\w*|rmSync|remove_tree|FileUtils\.rm\w*|File\.delete)\b")
BOMB = re.compile(r"\bfork\b.*\bwhile\b|\b(?:while|loop)\b.*\bfork\b", re.DOTALL)
SUBSTITUTION = re.compile(r"(?:s|tr|y)([/|#,!:@])((?:(?!\1)[^\\]|\\.)*)\1((?:(?!\1)[^\\]|\\.)*)\1([gimsxrcd]*)",
                          re.DOTALL)
PRINTING = re.compile(r"print(?: if | unless )?(?:/(?:[^/\\]|\\.)*/[imsx]*)?|\$_"
                      r"|s?print\s*\$F\[\d+\](?:\s*,\s*\"\\n\")?")
CALLS = re.compile(r"\b(?:system|exec|execSync|shell_exec|popen|passthru|os\.execute)\s*\(?\s*"
                   r"((?:'[^']*'|\"[^\"]*\")(?:\s*,\s*(?:'[^']*'|\"[^\"]*\"))*)")
MODULE = re.compile(r"-?[\w:]+(?:=[\w,:]+)?")
STRING = re.compile(r"'([^']*)'|\"([^\"]*)\"")
INTERPOLATES = re.compile(r"\(\?\??\{|[@$]\{|[@$]\w*\[\s*`|`")


def interpreter(call: Call) -> str:
    """Follow an interpreter: code after an option, a script, or what it reads."""
    given = call.options(stop=True)
    codes = given.values(call.program.code)
    if given.has("-v", "-V", "--version", "--help") and not codes:
        return MAYBE
    if given.has("-c", "--check") and "-c" not in call.program.code:
        return MAYBE
    if not codes:
        return fed(call, given.operands, lambda text: _code(call, text))
    inplace = call.name in ("perl", "ruby") and any(option.name == "-i" for option in given.given)
    for module in given.values(("-M", "-m")) if call.name == "perl" else ():
        if not MODULE.fullmatch(module.value):
            call.report("code-not-in-text", UNSURE, "perl takes what stands after -M for code")
            _commands(call, module.value)
    for code in codes:
        _code(call, code.value)
    if inplace:
        call.report("changes", CHANGES, f"{call.name} -i changes the files in place")
    return call.passed(given.operands)


def fed(call: Call, operands: Sequence[Arg], follow: Callable[[str], str]) -> str:
    """Follow an interpreter without code in its options: a script, or standard input."""
    if operands and operands[0].value not in ("-", "/dev/stdin"):
        text = call.contents(operands[0])
        if text == MAYBE:
            name = marks.shown(operands[0].value)
            call.report("script", UNSURE, f"what {name} does stands in that file, not in this text")
            return call.passed()
    elif call.stdin is None:
        return MAYBE  # a prompt: nothing runs by itself
    else:
        text = call.stdin
    if mark := marks.tainted(text):
        call.report("fetched-code", UNBOUNDED, CODE_FROM[mark])
    elif marks.unknown(text[:1]):
        call.walk.report.events.append("shell")
        call.report("code-not-in-text", UNSURE, f"{call.name} runs what it reads, which is not in this text")
    else:
        return follow(text)
    return MAYBE


def _code(call: Call, code: str) -> str:
    if mark := marks.tainted(code):
        call.report("fetched-code", UNBOUNDED, CODE_FROM[mark])
    elif REVERSE.search(code):
        call.report("reverse-shell", UNBOUNDED, "the code connects a shell of this machine to the network")
    elif BOMB.search(code):
        call.report("fork-bomb", UNBOUNDED, "the code starts processes without end")
    elif REMOVES.search(code):
        call.report("removes", DESTROYS, "the code removes files")
        _unbounded(call, code)
    elif not simple(call.name, code):
        call.report("code-not-in-text", UNSURE, f"what this code of {call.name} does is not known here")
        _commands(call, code)
    return call.passed()


def _unbounded(call: Call, code: str) -> None:
    for text in STRING.findall(code):
        for value in text:
            if value:
                generic.bound(call, "removes files", [call.words[0].at(value)], True)


def _commands(call: Call, code: str) -> None:
    """Follow commands that stand in the code as one string."""
    for match in CALLS.finditer(code):
        words = [first or second for first, second in STRING.findall(match[1])]
        if len(words) == 1:
            call.code(words[0], call.scope.copy())
        else:
            call.run([call.words[0].at(word) for word in words], call.scope.copy())
    for match in re.finditer(r"`([^`]*)`|\bqx\s*[/{(]([^})/]*)", code):
        call.code(match[1] or match[2] or "", call.scope.copy())


def simple(name: str, code: str) -> bool:
    """Whether code is a substitution or a print and no more."""
    if name != "perl" or marks.unknown(code):
        return False
    return all(not part.strip() or substitution(part.strip()) or PRINTING.fullmatch(part.strip())
               for part in re.split(r";(?=(?:[^/]*/[^/]*/)*[^/]*$)", code))


def substitution(code: str) -> bool:
    """Whether text is one substitution of Perl that runs nothing."""
    match = SUBSTITUTION.fullmatch(code)
    return match is not None and not INTERPOLATES.search(match[2] + match[3])
