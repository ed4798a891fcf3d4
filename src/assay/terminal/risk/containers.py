"""Containers: commands inside one, and the folders of this machine it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assay.terminal.risk import generic, marks, options, targets
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, UNSURE
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.options import Options
from assay.terminal.risk.scope import Scope
from assay.terminal.risk.words import Arg

INSIDE = "/in the container"  # where a new one's own files are, so that / in it is not taken for this machine's
OPEN = frozenset({"--privileged", "--cap-add", "--device", "--security-opt"})


def docker(call: Call) -> str:
    """Follow `docker` and its like: `run` and `exec` run a command inside."""
    words = call.options(stop=True).operands
    if words and words[0].value == "container":
        words = words[1:]
    first = words[0].value if words else ""
    if first == "compose":
        return compose(replace(call, program=call.program.subs["compose"], words=words))
    if first in ("run", "create"):
        return _run(call, words[1:])
    return _exec(call, words[1:]) if first == "exec" else generic.generic(call)


def compose(call: Call) -> str:
    """Follow `docker compose`."""
    words = call.options(stop=True).operands
    if words and words[0].value in ("exec", "run"):
        if words[0].value == "run":
            call.report("changes", CHANGES, f"{call.name} starts a container")
        return _exec(call, words[1:])
    return generic.generic(call)


def _run(call: Call, args: Sequence[Arg]) -> str:
    given = options.read(args, call.program.subs["run"].values, stop=True)
    call.report("changes", CHANGES, f"{call.name} starts a container")
    links = _mounts(call, given)
    pid = given.value("--pid")
    if any(option.name in OPEN for option in given.given) or (pid is not None and pid.value == "host") or any(
            targets.unbounded(source, call.scope, True) for source in links.values()):
        call.report("open-container", UNSURE, "the container reaches into this machine: what it does there is up to it")
    command = given.operands[1:]
    if entry := given.value("--entrypoint"):
        command = [entry, *command]
    scope = inside(call.scope, INSIDE)
    scope.links = {**links, "/": INSIDE}
    return call.run(command, scope) if command else MAYBE


def _mounts(call: Call, given: Options) -> dict[str, str]:
    """Return folders of this machine by their names inside."""
    pairs: list[tuple[str, str]] = []
    for arg in given.values(("-v", "--volume")):
        source, _, rest = arg.value.partition(":")
        pairs.append((source, rest.split(":")[0]))
    for arg in given.values(("--mount",)):
        parts = dict(part.partition("=")[::2] for part in arg.value.split(","))
        pairs.append((parts.get("source") or parts.get("src") or "",
                      parts.get("target") or parts.get("destination") or parts.get("dst") or ""))
    return {name.rstrip("/"): next(targets.absolute(source, call.scope)) for source, name in pairs
            if name and (source[:1] in ("/", ".", marks.HOME) or marks.unknown(source[:1]))}


def inside(scope: Scope, folder: str) -> Scope:
    """Return the scope of a command in a container: nothing of its files is seen."""
    return scope.copy(cwd=(folder,), here=False, files={}, functions={})


def _exec(call: Call, args: Sequence[Arg]) -> str:
    command = options.read(args, call.program.subs["exec"].values, stop=True).operands[1:]
    return call.run(command, inside(call.scope, "/work")) if command else MAYBE


def kubectl(call: Call) -> str:
    """Follow `kubectl`: `exec` runs a command inside, after ``--``."""
    words = call.options(stop=True).operands
    if not words or words[0].value not in ("exec", "debug", "run"):
        return generic.generic(call)
    if words[0].value != "exec":
        call.report("changes", CHANGES, f"{call.name} starts something in the cluster")
    dashes = next((index for index, arg in enumerate(call.args) if arg.value == "--"), len(call.args))
    command = call.args[dashes + 1:]
    return call.run(command, inside(call.scope, "/work")) if command else MAYBE


def vagrant(call: Call) -> str:
    """Follow `vagrant ssh -c`: code in a virtual machine."""
    if call.args and call.args[0].value == "ssh":
        for code in options.read(call.args[1:], ("-c", "--command")).values(("-c", "--command")):
            call.code([code], inside(call.scope, "/work"))
        return MAYBE
    return generic.generic(call)
