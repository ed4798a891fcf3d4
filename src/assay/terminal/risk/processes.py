"""Programs that end processes: named ones, or all there are."""

from __future__ import annotations

import re

from assay.terminal.risk import marks, options
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNBOUNDED
from assay.terminal.risk.marks import MAYBE, PROCESSES

SIGNALS = re.compile(r"-(?:s|n|-signal)?=?(?:SIG)?([A-Za-z]+\d?|\d+)")
NAMED = re.compile(r"-(?:SIG)?(?:[A-Z]{2,}[0-9]?|[0-9]+)")
HARMLESS = frozenset({"0"})
PAUSING = frozenset({"STOP", "CONT", "TSTP", "19", "18", "20", "WINCH", "28"})
ALL = frozenset({"", ".", ".*", "^", "$", "^.*", "^.*$", ".+", "[a-z]", "-"})
WHOLE_USER = ("-u", "-U", "-g", "-G", "-s", "-t", "-P", "--uid", "--euid", "--user")


def kill(call: Call) -> str:
    """Follow `kill`: signal 0 only asks; -1 is everybody."""
    words = [arg.value for arg in call.args]
    if words and words[0] in ("-l", "-L", "--list", "--table"):
        return MAYBE
    signal, operands = _signal(words)
    if signal in HARMLESS:
        return MAYBE
    if "-1" in operands or any(PROCESSES in operand for operand in operands) or words == ["-1"]:
        call.report("all-processes", UNBOUNDED, "kill ends every process there is, not some")
    elif operands or call.scope.stdin is not None:
        _ends(call, signal, "kill ends the processes it names")
    return ""


def _signal(words: list[str]) -> tuple[str, list[str]]:
    """Return the signal and the processes; the first word that begins with a dash is the signal."""
    rest = list(words)
    signal = "TERM"
    if rest and rest[0] in ("-s", "-n", "--signal") and len(rest) > 1:
        signal = rest[1]
        rest = rest[2:]
    elif rest and rest[0].startswith("-") and rest[0] != "--" and (match := SIGNALS.fullmatch(rest[0])):
        signal = match[1]
        rest = rest[1:]
    return signal.upper().removeprefix("SIG"), [word for word in rest if word != "--"]


def _ends(call: Call, signal: str, why: str) -> None:
    if signal in PAUSING:
        call.report("pauses", CHANGES, f"{call.name} pauses or resumes processes")
    else:
        call.report("ends", DESTROYS, f"{why}; what they had not saved is lost")


def by_name(call: Call) -> str:
    """Follow `pkill` and `killall`."""
    named = [arg for arg in call.args if NAMED.fullmatch(arg.value)]
    signal = named[0].value[1:].removeprefix("SIG") if named else "TERM"
    given = options.read([arg for arg in call.args if arg not in named], call.program.values)
    value = given.value("-s", "--signal") if call.name.startswith("killall") else given.value("--signal")
    signal = value.value.upper().removeprefix("SIG") if value else signal
    if signal in HARMLESS or given.has("-l", "--list", "-V"):
        return MAYBE
    names = [arg.value for arg in given.operands]
    whole = not names and given.has(*WHOLE_USER) and not given.has("-F", "--pidfile")
    if whole or any(name in ALL or set(name) <= set(".*^$+") for name in names) or given.has("-v", "--inverse"):
        call.report("all-processes", UNBOUNDED, f"{call.name} ends every process it can, not some")
    elif names or given.has("-F", "--pidfile"):
        _ends(call, signal, f"{call.name} ends the processes named {marks.shown(names[-1]) if names else 'in a file'}")
    return ""


def pgrep(call: Call) -> str:
    """Return the numbers of processes, or of all."""
    names = [arg.value for arg in call.options(frozenset({"-u", "-U", "-g", "-P", "-t", "-d", "-s"})).operands]
    return PROCESSES if any(name in ALL for name in names) else MAYBE


def fuser(call: Call) -> str:
    """Follow `fuser`: with ``-k`` it ends whoever uses a file."""
    if call.options().has("-k", "--kill"):
        call.report("ends", DESTROYS, "fuser -k ends every process that uses the file or port")
    return MAYBE


def all_of_them(call: Call) -> str:
    """Note a program that ends all processes there are."""
    call.report("all-processes", UNBOUNDED, f"{call.name} ends every process there is")
    return MAYBE
