"""Programs that reach another machine: what they run there, what they bring back, who they let in."""

from __future__ import annotations

import re

from assay.terminal.risk import generic, marks, targets, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import FETCHED, MAYBE, SOME
from assay.terminal.risk.scope import Scope

SSH_CODE = re.compile(r"(?i)\s*(proxycommand|localcommand|knownhostscommand|matchexec)\s*[= ]\s*(.*)", re.DOTALL)
SERVES = re.compile(r"(?i)(exec|system)(-\w+)?:(.*)", re.DOTALL)
NETWORK = re.compile(r"(?i)(tcp|udp|ssl|openssl|sctp|socks|proxy|vsock)")
DOOR = "it hands a program of this machine to whoever is at the other end"
WRITING = frozenset({"POST", "PUT", "PATCH", "MKCOL", "COPY", "MOVE"})
DATA = ("-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "-F", "--form", "--json",
        "--form-string")


def elsewhere(scope: Scope, **changes: object) -> Scope:
    """Return the scope of a command on another machine: nothing of its files is seen."""
    return scope.copy(cwd=(SOME,), here=False, files={}, functions={}, **changes)


def ssh(call: Call) -> str:
    """Follow `ssh`: the command there; without one, what is fed to the shell there."""
    call.walk.report.events.append("network")
    given = call.options(stop=True)
    for setting in given.values(("-o",)):
        if match := SSH_CODE.fullmatch(setting.value):
            code = match[2]
            call.code([setting.after(len(setting.value) - len(code))], call.scope.copy())
    command = given.operands[1:]
    scope = elsewhere(call.scope)
    if command:
        printed = call.code(command, scope)
        return printed if marks.known(printed) and printed else FETCHED
    if call.stdin is not None and not given.has("-N", "-f"):
        call.walk.code(call.stdin, scope, call.span, "the shell there runs what it reads, which is not in this text")
    return FETCHED


def copies(call: Call) -> str:
    """Follow `scp` and `sftp`: files are copied; a program may be run in between."""
    for code in call.options().values(("-S", "-D")):
        call.code([code], call.scope.copy())
    call.report("changes", CHANGES, f"{call.name} copies files to or from another machine")
    operands = call.options().operands
    if len(operands) == 2 and ":" in operands[0].value and ":" not in operands[1].value:
        for path in targets.absolute(operands[1].value, call.scope):
            call.scope.files[path] = FETCHED
    return MAYBE


def curl(call: Call) -> str:
    """Follow `curl`: a request, and the files that get the answer."""
    call.walk.report.events.append("network")
    given = call.options()
    method = given.value("-X", "--request")
    verb = method.value.upper() if method else ""
    if verb == "DELETE":
        call.report("removes", DESTROYS, "it asks a server to delete something")
    elif verb in WRITING or (given.has(*DATA, "-T", "--upload-file") and verb != "GET" and not given.has("-G")):
        call.report("changes", CHANGES, "it sends data to a server, which may change something there")
    elif marks.unknown(verb):
        call.report("code-not-in-text", UNSURE, "what it asks the server to do is not in this text")
    files = given.values(("-o", "--output", "--dump-header", "-D", "-c", "--cookie-jar", "--trace", "--trace-ascii",
                          "--stderr"))
    if given.has("-O", "--remote-name", "-J", "--remote-name-all"):
        files += [arg.at(_name_of(arg.value)) for arg in given.operands]
    for file in files:
        writes.write(call.walk, file.value, FETCHED, call.scope, call.span)
    return FETCHED


def _name_of(url: str) -> str:
    """Return the file name a download gets."""
    name = re.sub(r"[?#].*", "", url).rstrip("/").rpartition("/")[2]
    return name if "://" not in name else "index.html"


def wget(call: Call) -> str:
    """Follow `wget`: it writes what it fetches, to a file unless told otherwise."""
    call.walk.report.events.append("network")
    given = call.options()
    if given.has("--spider"):
        return FETCHED
    for code in given.values(("--use-askpass",)):
        call.code([code], call.scope.copy())
    target = given.value("-O", "--output-document")
    for file in given.values(("-o", "--output-file")):
        writes.write(call.walk, file.value, MAYBE, call.scope, call.span)
    if target is not None:
        writes.write(call.walk, target.value, FETCHED, call.scope, call.span)
        return FETCHED
    call.report("writes", CHANGES, "wget saves what it fetches as a file, under a name that is free")
    folder = given.value("-P", "--directory-prefix")
    for arg in given.operands:
        name = f"{folder.value.rstrip('/')}/{_name_of(arg.value)}" if folder else _name_of(arg.value)
        for path in targets.absolute(name, call.scope):
            call.scope.files[path] = FETCHED
    return MAYBE


def fetcher(call: Call) -> str:
    """Follow other programs that fetch files."""
    call.walk.report.events.append("network")
    target = call.options().value("-o", "--out", "--output")
    if target is not None:
        writes.write(call.walk, target.value, FETCHED, call.scope, call.span)
    else:
        call.report("writes", CHANGES, f"{call.name} saves what it fetches as a file")
    return MAYBE


def netcat(call: Call) -> str:
    """Follow `nc`: with a program at its end it is a door."""
    call.walk.report.events.append("network")
    given = call.options()
    for option in given.given:
        if option.name in ("-e", "--exec", "--sh-exec", "-c", "--lua-exec") and (
                option.value or option.name != "-c"):
            call.report("reverse-shell", UNBOUNDED, DOOR)
    return FETCHED


def socat(call: Call) -> str:
    """Follow `socat`: with a program at one end it is a door."""
    call.walk.report.events.append("network")
    operands = call.options().operands
    for arg in operands:
        if match := SERVES.match(arg.value):
            if any(NETWORK.match(other.value) for other in operands):
                call.report("reverse-shell", UNBOUNDED, DOOR)
            else:
                call.code([arg.after(len(arg.value) - len(match[3]))], call.scope.copy())
    return FETCHED


def connection(call: Call) -> str:
    """Follow other programs that open a connection."""
    call.walk.report.events.append("network")
    generic.generic(call)
    return FETCHED


def openssl(call: Call) -> str:
    """Follow `openssl`: it connects, decodes, and writes where it is told."""
    sub = call.args[0].value if call.args else ""
    values = [arg.value for arg in call.args]
    if "-out" in values[:-1]:
        writes.write(call.walk, values[values.index("-out") + 1], MAYBE, call.scope, call.span)
    if sub in ("s_client", "s_server"):
        call.walk.report.events.append("network")
        return FETCHED
    decodes = {"-d", "-decrypt", "-verifyrecover"} & set(values) or sub in ("smime", "cms")
    return marks.DECODED if decodes else call.passed()


def interactive(call: Call) -> str:
    """Follow a program with a prompt of its own: fed with text, it does what that says."""
    if call.stdin is not None:
        mark = marks.tainted(call.stdin)
        call.report("fetched-code" if mark else "code-not-in-text", UNBOUNDED if mark else UNSURE,
                    f"{call.name} does what it reads")
    return MAYBE
