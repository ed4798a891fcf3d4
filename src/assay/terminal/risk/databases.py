"""Clients of databases: the statements they are given, as options, operands or on standard input."""

from __future__ import annotations

import re

from assay.terminal.risk import marks, sql, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, READ, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.table import lists
from assay.terminal.risk.words import Arg

SHELL = re.compile(r"(?m)(?:^|;)\s*(?:\\!|\.(?:shell|system)\b|!|system\s)\s*(.*)$|(?i:\bPROGRAM)\s+'((?:[^']|'')*)'")
DOT = re.compile(r"(?m)^\s*[.\\](\w+)\S*[ \t]*(.*)$")
WRITES = frozenset({"output", "once", "backup", "save", "o", "out", "log", "clone", "dump_to", "excel"})
READS_CODE = frozenset({"read", "i", "ir", "include", "restore", "load", "source", "gexec"})
MONGO = re.compile(r"\.\s*(drop\w*|delete\w*|remove\w*|findAndModify|findOneAndDelete|bulkWrite)\s*\(")
MONGO_CHANGES = re.compile(r"\.\s*(insert\w*|update\w*|replace\w*|create\w*|rename\w*|save)\s*\(")


def client(call: Call) -> str:
    """Follow a client of SQL."""
    given = call.options()
    code = given.values(call.program.code)
    for arg in code:
        _statements(call, call.traced(arg))
    for file in given.values(call.program.outputs):
        writes.write(call.walk, file.value, MAYBE, call.scope, call.span)
    for file in given.values(("-f", "--file", "-init", "--init-file", "-i", "--init")):
        _file(call, file)
    operands = given.operands[call.program.operands:]
    if call.name.startswith(("sqlite", "duckdb", "litecli")):
        for arg in operands:
            _statements(call, call.traced(arg))
        code = [*code, *operands]
    if not code and call.stdin is not None:
        _stdin(call)
    return MAYBE


def _file(call: Call, file: Arg) -> None:
    text = call.contents(file)
    if text == MAYBE or marks.tainted(text[:1]):
        call.report("code-not-in-text", UNSURE, f"the statements in {marks.shown(file.value)} are not in this text")
    else:
        _statements(call, text)


def _stdin(call: Call) -> None:
    text = call.stdin or ""
    if marks.FETCHED in text:
        call.report("fetched-code", UNBOUNDED, f"{call.name} runs statements that come over the network")
    elif marks.unknown(text[:1]):
        call.report("code-not-in-text", UNSURE, f"{call.name} runs statements that are not in this text")
    else:
        _statements(call, text)


def _statements(call: Call, text: str) -> None:
    """Note what statements do; those of the client itself begin with a backslash or a dot."""
    if marks.unknown(text.strip()[:1]):
        call.report("code-not-in-text", UNSURE, f"{call.name} runs statements that are not in this text")
        return
    for match in SHELL.finditer(text):
        call.code((match[1] if match[1] is not None else match[2].replace("''", "'")), call.scope.copy())
    for match in DOT.finditer(text):
        command, operand = match[1], match[2].strip().strip("'\"")
        if command in READS_CODE:
            call.report("code-not-in-text", UNSURE, f"{call.name} runs statements from a file or from a result")
        elif command in WRITES and operand and operand != "stdout":
            if operand.startswith("|"):
                call.code(operand[1:], call.scope.copy())
            else:
                writes.write(call.walk, operand, MAYBE, call.scope, call.span)
    plain = DOT.sub("", SHELL.sub("", text))
    level, word = sql.assess(plain)
    if level != READ:
        call.report("sql", level, SENTENCES[level].format(word=word))


SENTENCES = {
    DESTROYS: "{word} removes or overwrites what is in the database",
    CHANGES: "{word} changes the database",
    UNSURE: "what {word} does in the database is not known here",
}


def mongo(call: Call) -> str:
    """Follow a client of MongoDB: its statements are JavaScript."""
    given = call.options()
    code = given.values(("--eval",))
    for arg in code:
        _script(call, arg.value)
    scripts = [arg for arg in given.operands if arg.value.endswith((".js", ".mongodb"))]
    if scripts or given.has("-f", "--file"):
        call.report("code-not-in-text", UNSURE, "the statements in a file are not in this text")
    if call.stdin is not None and not code:
        _script(call, call.stdin)
    return MAYBE


def _script(call: Call, text: str) -> None:
    if marks.unknown(text[:1]):
        call.report("code-not-in-text", UNSURE, f"{call.name} runs statements that are not in this text")
    elif match := MONGO.search(text):
        call.report("sql", DESTROYS, f"{match[1]} removes or overwrites what is in the database")
    elif match := MONGO_CHANGES.search(text):
        call.report("sql", CHANGES, f"{match[1]} changes the database")
    elif re.search(r"[=;{]|eval|Function|run|load", re.sub(r"\{[^{}();=]*\}", "", text)):
        call.report("code-not-in-text", UNSURE, "what this script does in the database is not known here")


def redis(call: Call) -> str:
    """Follow a client of Redis."""
    given = call.options(stop=True)
    lines = [given.operands] if given.operands else []
    if not lines and call.stdin is not None:
        if marks.unknown(call.stdin[:1]):
            call.report("code-not-in-text", UNSURE, f"{call.name} runs statements that are not in this text")
            return MAYBE
        lines = [[call.words[0].at(word) for word in line.split()] for line in call.stdin.splitlines() if line.strip()]
    known = lists("redis")
    for words in lines:
        command = words[0].value.upper()
        asks = command == "CONFIG" and len(words) > 1 and words[1].value.upper() == "GET"
        levels = ((DESTROYS, "destroys"), (CHANGES, "changes"), (READ, "reads"))
        level = READ if asks else next((level for level, key in levels if command in known[key]), UNSURE)
        if level != READ:
            call.report("sql", level, SENTENCES[level].format(word=marks.shown(command)))
    return MAYBE
