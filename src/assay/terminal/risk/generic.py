"""What the table alone says of a command: its level, flags, subcommands, targets, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assay.terminal.risk import marks, options, targets, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, LEVELS, READ, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import MAYBE, SOME
from assay.terminal.risk.options import Options, meant
from assay.terminal.risk.table import Program, lists
from assay.terminal.risk.words import Arg

REASONS = {
    CHANGES: "{name} changes something that can be undone or made again",
    UNSURE: "what {name} runs or does is not in this text",
    DESTROYS: "{name} removes or overwrites something for good",
    UNBOUNDED: "nothing bounds what {name} removes or overwrites",
}
RULES = {CHANGES: "changes", UNSURE: "code-not-in-text", DESTROYS: "removes", UNBOUNDED: "unbounded"}


def generic(call: Call) -> str:
    """Follow a command as the table has it."""
    program, args = chosen(call.program, call.args)
    given = options.read(args, program.values, words=program.words)
    level, flag = weighed(program, given)
    report(call, program, level, flag)
    if not given.dry(program.harmless):
        act_on(call, program, given)
        write_files(call, program, given)
    for code in given.values(program.code):
        call.code([code])
    return printed(call, program, given)


def chosen(program: Program, args: Sequence[Arg]) -> tuple[Program, Sequence[Arg]]:
    """Return the entry of the subcommand, and the words after it."""
    while program.subs:
        given = options.read(args, program.values, stop=True, words=program.words)
        if not given.operands:
            break
        name = given.operands[0].value
        sub = program.subs.get(name)
        if sub is None:
            level = program.default or UNSURE
            return Program(f"{program.name} {marks.shown(name)}", level), given.operands[1:]
        before = [option for option in given.given if option.name in program.flags]
        program = replace(sub, flags={**{option.name: program.flags[option.name] for option in before}, **sub.flags})
        args = [*(option.arg for option in before), *given.operands[1:]]
    return program, args


def weighed(program: Program, given: Options) -> tuple[str, str]:
    """Return the level the options make, and the option that does."""
    if given.dry(program.harmless):
        return READ, ""
    level = program.bare if program.bare and not given.operands else program.level
    flag = ""
    for option in given.given:
        for name, lower in program.lowers.items():
            if meant(option.name, name):
                level = lower
    for option in given.given:
        for name, higher in program.flags.items():
            if _fits(option.name, name, option.value) and LEVELS[higher] >= LEVELS[level]:
                level, flag = higher, name
    return level, flag


def _fits(given: str, name: str, value: Arg | None) -> bool:
    """Whether an option is the one in the table; ``--prune=now`` there asks for that value."""
    name, sign, wanted = name.partition("=")
    return meant(given, name) and (not sign or (value is not None and value.value == wanted))


def report(call: Call, program: Program, level: str, flag: str = "") -> None:
    """Note what a program does, if it does more than read."""
    if level == READ:
        return
    same = LEVELS[level] == LEVELS[program.level]
    does = program.reasons.get(flag) or (program.does if same or flag == "" else "")
    why = f"{program.name} {does}" if does else REASONS[level].format(name=f"{program.name} {flag}".strip())
    call.report(program.rule or RULES[level], level, why)


def act_on(call: Call, program: Program, given: Options) -> None:
    """Note operands without bound, of a program that acts on them."""
    if program.targets:
        deep = not program.recursive or given.has(*program.recursive) or call.many
        bound(call, program.does or "acts on it", given.operands[program.operands:], deep)


def bound(call: Call, does: str, args: Sequence[Arg], deep: bool) -> None:
    """Note targets that nothing bounds."""
    for arg in args:
        if targets.block_device(arg.value):
            call.report("device", UNBOUNDED, f"{call.name} {does}, here of a whole disk: {marks.shown(arg.value)}")
        elif reason := targets.unbounded(arg.value, call.scope, deep):
            call.report("no-bound", UNBOUNDED, f"{call.name} {does}: here {reason}")


def write_files(call: Call, program: Program, given: Options) -> None:
    """Note the files a program writes."""
    written = given.values(program.outputs)
    if program.output == "all":
        written += given.operands
    elif program.output == "last" and len(given.operands) > program.operands:
        written += given.operands[-1:]
    elif program.output == "second":
        written += given.operands[1:2]
    for arg in written:
        writes.write(call.walk, arg.value, call.passed(), call.scope, call.span)


def printed(call: Call, program: Program, given: Options) -> str:
    """Return what a program prints, as far as the table says."""
    if program.prints == "fetched":
        return marks.FETCHED
    if program.prints == "decoded":
        return marks.DECODED
    if program.prints == "some":
        return SOME
    if program.prints == "none" or program.name in lists("prints")["nothing"]:
        return ""
    return call.passed(given.operands) if program.prints != "unknown" else MAYBE
