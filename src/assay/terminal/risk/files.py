"""Programs that copy, move, link and write files: what stands at the new name decides."""

from __future__ import annotations

from collections.abc import Sequence

from assay.terminal.risk import generic, marks, options, targets, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import MAYBE
from assay.terminal.risk.options import Options
from assay.terminal.risk.words import Arg


def copy(call: Call) -> str:
    """Follow `cp`, `install`: a copy is a change, unless it lands on a file."""
    given = call.options()
    if given.has("-d", "--directory") and call.name == "install":
        call.report("changes", CHANGES, "it makes folders")
        return ""
    sources, target = _ends(given.operands, given.value("-t", "--target-directory"))
    if target is None:
        return ""
    keeps = given.has("-n", "--no-clobber") or _backs_up(given)
    _land(call, sources, target, "copies", keeps)
    for source in sources[:1]:
        _pass_on(call, source, target)
    return ""


def _backs_up(given: Options) -> bool:
    return given.dry(("-b", "--backup"))


def move(call: Call) -> str:
    """Follow `mv`: a new name is a change, unless something has it; a move without bound is none."""
    given = call.options()
    sources, target = _ends(given.operands, given.value("-t", "--target-directory"))
    if target is None:
        return ""
    asked = [option.name for option in given.given if any(
        options.meant(option.name, name) for name in ("-n", "-f", "-i", "--no-clobber", "--force", "--interactive"))]
    keeps = asked[-1:] in (["-n"], ["--no-clobber"]) or _backs_up(given)  # the last of them counts
    _land(call, sources, target, "moves", keeps)
    generic.bound(call, "moves away", sources, True)
    if targets.stream(target.value):
        call.report("removes", DESTROYS, f"what is moved to {target.value} is gone")
    for source in sources:
        _pass_on(call, source, target)
        call.scope.taken |= set(filter(marks.known, targets.absolute(_landing(source, target, call), call.scope)))
    return ""


def link(call: Call) -> str:
    """Follow `ln`: the new name leads to what is there."""
    given = call.options()
    operands = given.operands
    if len(operands) == 1:
        operands = [*operands, operands[0].at(".")]
    sources, target = _ends(operands, given.value("-t", "--target-directory"))
    if target is None:
        return ""
    _land(call, sources, target, "links", not given.has("-f", "--force"))
    for source in sources:
        for path in targets.absolute(_landing(source, target, call), call.scope):
            call.scope.taken.add(path)
            call.scope.links[path] = next(targets.absolute(source.value, call.scope))
    return ""


def _ends(operands: Sequence[Arg], folder: Arg | None) -> tuple[Sequence[Arg], Arg | None]:
    if folder is not None:
        return operands, folder.at(folder.value.rstrip("/") + "/")
    return (operands[:-1], operands[-1]) if len(operands) > 1 else (operands, None)


def _landing(source: Arg, target: Arg, call: Call) -> str:
    """Return the path a source gets: in a folder it keeps its name."""
    if not targets.folder(target.value, call.scope):
        return target.value
    return f"{target.value.rstrip('/')}/{source.value.rstrip('/').rpartition('/')[2]}"


def _land(call: Call, sources: Sequence[Arg], target: Arg, does: str, keeps: bool) -> None:
    if targets.block_device(target.value):
        call.report("device", UNBOUNDED, f"it writes to {marks.shown(target.value)}, which is or may be a whole disk")
        return
    if targets.stream(target.value):
        return
    states = {}
    for source in sources:
        landing = _landing(source, target, call)
        if targets.gives_access(landing, call.scope):
            call.report("access", DESTROYS, f"it writes {marks.shown(landing)}, which decides who gets in or what runs "
                                            "later")
            return
        states[targets.existing(landing, call.scope)] = landing
    if keeps:
        call.report("changes", CHANGES, f"it {does} files, and spares what is there")
    elif targets.EXISTS in states:
        call.report("overwrites", DESTROYS, f"it {does} onto {marks.shown(states[targets.EXISTS])}, which is there "
                                            "already")
    elif targets.UNSEEN in states:
        call.report("may-overwrite", UNSURE, f"it {does} onto {marks.shown(states[targets.UNSEEN])}, and whether that "
                                             "is there already cannot be seen")
    else:
        call.report("changes", CHANGES, f"it {does} files to names that are free")


def _pass_on(call: Call, source: Arg, target: Arg) -> None:
    """Know what the copy holds, if the text wrote the original."""
    text = call.contents(source)
    if text != MAYBE:
        for path in targets.absolute(_landing(source, target, call), call.scope):
            call.scope.files[path] = text


def dd(call: Call) -> str:
    """Follow `dd`: ``of=`` is overwritten."""
    values = dict(arg.value.partition("=")[::2] for arg in call.args)
    target = values.get("of")
    if target is None:
        return call.passed()
    if targets.block_device(target):
        call.report("device", UNBOUNDED, f"dd overwrites {marks.shown(target)}, which is or may be a whole disk")
    elif not targets.stream(target):
        call.report("overwrites", DESTROYS, f"dd overwrites {marks.shown(target)}")
        writes.write(call.walk, target, call.passed(), call.scope, call.span, append=True)
    return ""


def mode(call: Call) -> str:
    """Follow `chmod`, `chown` and their like: of named files a change, into folders beyond recall."""
    given = call.options()
    named = given.value("--reference") or call.program.words
    operands = given.operands if named else given.operands[1:]
    if call.name == "chmod" and any(option.name[1:] in "rwxst" for option in given.given if len(option.name) == 2):
        operands = given.operands  # a mode such as -x
    deep = given.has(*call.program.recursive)
    does = call.program.does or "changes modes or owners"
    if deep:
        call.report("changes-all", DESTROYS, f"{call.name} {does}, of all in a folder: what they were is lost")
    else:
        call.report("changes", CHANGES, f"{call.name} {does}")
    if deep or call.many:
        generic.bound(call, does, operands, True)
    return ""


def tar(call: Call) -> str:
    """Follow `tar`: whether it lists, makes or unpacks; the commands it may run; files it takes away."""
    first = call.args[0].value if call.args else ""
    args = list(call.args)
    if first and not first.startswith("-"):
        args[0] = args[0].at("-" + first)  # the old style, whose values follow in a row
        letters = first
        rest = args[1:]
        values = {f"-{letter}": rest.pop(0) for letter in letters if f"-{letter}" in call.program.values and rest}
        given = options.read(rest, call.program.values)
        archive, flags = values.get("-f"), set(letters)
    else:
        given = options.read(args, call.program.values)
        archive, flags = given.value("-f", "--file"), {option.name.lstrip("-")[:1] for option in given.given
                                                        if not option.name.startswith("--")}
    for long, letter in (("--create", "c"), ("--list", "t"), ("--extract", "x"), ("--get", "x")):
        flags |= {letter} if given.has(long) else set()
    _tar_code(call, given)
    if given.has("--remove-files"):
        call.report("removes", DESTROYS, "tar removes the files once they are in the archive")
        generic.bound(call, "removes the files once they are in the archive", given.operands, True)
    return _tar_work(call, flags, archive, given.has("-O", "--to-stdout") or "O" in flags)


def _tar_work(call: Call, flags: set[str], archive: Arg | None, out: bool) -> str:
    if "t" in flags and not flags & set("cxru"):
        return MAYBE
    if "x" in flags:
        if out:
            return marks.DECODED
        call.report("changes", CHANGES, "tar unpacks files")
    elif "c" in flags and archive is not None and ":" not in archive.value:
        writes.write(call.walk, archive.value, MAYBE, call.scope, call.span)
    elif flags & set("ruA") or (archive is not None and "d" not in flags):
        call.report("changes", CHANGES, "tar changes an archive")
    return call.passed()


def _tar_code(call: Call, given: Options) -> None:
    for code in given.values(call.program.code):
        call.code([code])
    for action in given.values(("--checkpoint-action",)):
        if action.value.startswith("exec="):
            call.code([action.after(5)])


def truncate(call: Call) -> str:
    """Follow `truncate`, `shred` and others whose operands are lost."""
    generic.generic(call)
    for arg in call.options().operands:
        writes.write(call.walk, arg.value, MAYBE, call.scope, call.span, append=True)
    return ""


def gunzip(call: Call) -> str:
    """Follow programs that pack and unpack: onto standard output they only read."""
    given = call.options()
    stream = not given.operands or given.has("-c", "--stdout", "--to-stdout")
    unpacks = call.program.prints == "decoded" or given.has("-d", "--decompress", "--uncompress")
    if given.has("-l", "--list", "-t", "--test"):
        return MAYBE
    if not stream:
        call.report("changes", CHANGES, f"{call.name} replaces files by packed or unpacked ones")
    return marks.DECODED if unpacks and stream else MAYBE


def rename(call: Call) -> str:
    """Follow `rename`: Perl's takes an expression, util-linux's two texts."""
    from assay.terminal.risk import interpreters

    given = call.options()
    if given.dry(("-n", "--no-act", "--nono")):
        return MAYBE
    first = given.operands[0].value if given.operands else ""
    if "/" in first and not interpreters.substitution(first):
        call.report("code-not-in-text", UNSURE, "rename runs an expression of Perl")
    elif given.has("-f", "--force"):
        call.report("overwrites", DESTROYS, "rename overwrites what has the new names")
    else:
        call.report("changes", CHANGES, "rename gives files other names")
    return MAYBE


def rsync(call: Call) -> str:
    """Follow `rsync`: what it deletes at the other end, and the commands it runs there."""
    given = call.options()
    for code in given.values(call.program.code):
        call.code([code])
    if given.dry(("-n", "--dry-run", "--list-only")) or len(given.operands) < 2:
        return MAYBE
    call.walk.report.events.append("network" if any(":" in arg.value for arg in given.operands) else "copy")
    deletes = next((option.name for option in given.given if option.name.startswith("--del")), "")
    if deletes or given.has("--remove-source-files"):
        call.report("removes", DESTROYS, "rsync removes files that are not in the source, or the source itself")
        ends = given.operands[-1:] if deletes else given.operands[:-1]
        generic.bound(call, "removes files", [_path_of(arg) for arg in ends], True)
    else:
        call.report("changes", CHANGES, "rsync copies files")
    return MAYBE


def _path_of(arg: Arg) -> Arg:
    host, sign, path = arg.value.partition(":")
    return arg.at(path) if sign and "/" not in host else arg


def crontab(call: Call) -> str:
    """Follow `crontab`: whatever replaces the table decides what runs later."""
    given = call.options()
    if given.has("-l"):
        return MAYBE
    if given.has("-r"):
        call.report("removes", DESTROYS, "crontab -r removes all jobs of the user, without asking")
    elif given.has("-e"):
        call.report("changes", CHANGES, "it opens the jobs that run later in an editor")
    elif given.operands or call.stdin is not None:
        call.report("access", DESTROYS, "it replaces all jobs of the user, which run later by themselves")
        if marks.tainted(call.stdin or ""):
            call.report("fetched-code", UNBOUNDED, "jobs that come over the network run later by themselves")
    return MAYBE


def split(call: Call) -> str:
    """Follow `split`: it makes files, or feeds them to a command."""
    given = call.options()
    for code in given.values(call.program.code):
        call.code([code])
    if given.value("--filter") is None:
        call.report("writes", CHANGES, "it makes files")
    return MAYBE
