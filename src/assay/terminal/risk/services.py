"""Programs whose commands are verbs, or whose harm is in how many words they are given."""

from __future__ import annotations

import re

from assay.terminal.risk import generic, marks
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, READ, UNSURE
from assay.terminal.risk.marks import FETCHED, MAYBE
from assay.terminal.risk.table import lists


def service(call: Call) -> str:
    """Follow ``service NAME ACTION``: asking for the state only reads."""
    words = [arg.value for arg in call.args]
    if not words or words[-1] in ("status", "--status-all"):
        return MAYBE
    generic.report(call, call.program, call.program.level)
    return MAYBE


def by_count(call: Call) -> str:
    """Follow a program that shows things unless it is given more than a name."""
    operands = call.options().operands
    if len(operands) > 1:
        generic.report(call, call.program, CHANGES)
    return MAYBE


def ip(call: Call) -> str:
    """Follow `ip OBJECT VERB`."""
    words = [arg.value for arg in call.options().operands]
    verb = words[1] if len(words) > 1 else "show"
    if "flush".startswith(verb) and len(verb) > 1:
        call.report("removes", DESTROYS, f"ip {words[0]} flush removes all entries at once")
    elif words[:1] == ["netns"] and verb == "exec":
        return call.run(call.options(stop=True).operands[3:])
    elif not re.match(r"s(h(ow?)?)?$|l(ist?|s)?$|get$|monitor$|save$|help$", verb):
        call.report("changes", CHANGES, f"ip {words[0]} {marks.shown(verb)} changes the network of this machine")
    return MAYBE


def firewall(call: Call) -> str:
    """Follow `iptables` and `nft`."""
    words = [arg.value for arg in call.args]
    if any(word in ("-F", "--flush", "-X", "--delete-chain", "flush") for word in words):
        call.report("removes", DESTROYS, f"{call.name} removes rules of the firewall")
    elif any(word in ("-L", "--list", "-S", "--list-rules", "-C", "--check", "list") for word in words) or not words:
        return MAYBE
    else:
        call.report("changes", CHANGES, f"{call.name} changes the firewall")
    return MAYBE


def apt(call: Call) -> str:
    """Follow `apt`: a setting may be a command it runs before or after."""
    for setting in call.options().values(("-o", "--option")):
        name, _, value = setting.value.partition("=")
        if "invoke" in name.lower():
            call.code([setting.after(len(setting.value) - len(value))], call.scope.copy())
    return generic.generic(call)


def partition(call: Call) -> str:
    """Follow programs that divide disks: with `print` they only show."""
    words = [arg.value for arg in call.args if not arg.value.startswith(("/dev/", "-"))]
    options = call.options()
    if call.name == "parted" and words and set(words) <= lists("parted")["shows"]:
        return MAYBE
    if call.name in ("sgdisk", "gdisk") and not {option.name for option in options.given} <= call.program.harmless:
        generic.report(call, call.program, call.program.level)  # it does all that it is told, one after the other
        return MAYBE
    return generic.generic(call)


def pacman(call: Call) -> str:
    """Follow `pacman`: the first letter is the operation."""
    letters = "".join(arg.value[1:] for arg in call.args if re.fullmatch(r"-[A-Za-z]+", arg.value))
    asks = letters[:1] in ("Q", "F", "T", "V", "h") or letters[:2] in ("Ss", "Si")
    if asks or call.options().has("--query", "--files"):
        return MAYBE
    if letters[:1] == "R" and "n" in letters:
        call.report("removes", DESTROYS, f"{call.name} removes programs and their settings")
    else:
        call.report("changes", CHANGES, f"{call.name} installs or removes programs")
    return MAYBE


def by_verb(call: Call) -> str:
    """Follow a program whose subcommands are verbs somewhere among its words: the worst of them counts."""
    known = lists("verbs")
    words = [arg.value.lower() for arg in call.args if not arg.value.startswith("-")]
    verbs = [part for word in words[:4] for part in (word, word.split("-")[0])]
    flags = {arg.value.partition("=")[0] for arg in call.args if arg.value.startswith("-")}
    for level, names in ((DESTROYS, known["destroys"]), (CHANGES, known["changes"]), (READ, known["reads"])):
        verb = next((verb for verb in verbs if verb in names), "")
        if verb:
            return _verb(call, level, verb, flags)
    if flags & {"--version", "--help"} or not words:
        return MAYBE
    name = marks.shown(" ".join([call.name, *words[:3]]))
    call.report("code-not-in-text", UNSURE, f"what {name} does is not known here")
    return MAYBE


def _verb(call: Call, level: str, verb: str, flags: set[str]) -> str:
    method = call.options(frozenset({"-X", "--method"})).value("-X", "--method")
    if method is not None:
        level = {"DELETE": DESTROYS, "GET": READ, "HEAD": READ}.get(method.value.upper(), CHANGES)
    if flags & {"--dryrun", "--dry-run"}:
        level = READ
    elif level != DESTROYS and flags & {"--delete", "--delete-removed", "--delete-excluded"}:
        level, verb = DESTROYS, "--delete"
    if level == DESTROYS:
        call.report("removes", DESTROYS, f"{call.name} {verb} removes something for good")
    elif level == CHANGES:
        call.report("changes", CHANGES, f"{call.name} {verb} changes something that can be undone or made again")
    return FETCHED if level == READ else MAYBE
