"""Git: most of it is in the table; here is what depends on more than a flag."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from assay.terminal.risk import generic, marks, options, shells, targets, writes
from assay.terminal.risk.call import Call
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNBOUNDED, UNSURE
from assay.terminal.risk.marks import HOME, MAYBE, STAR
from assay.terminal.risk.options import Options
from assay.terminal.risk.table import Program
from assay.terminal.risk.words import Arg

RUNS = re.compile(  # settings whose value git runs
    r"(?i)alias\..*|core\.(?:pager|editor|sshcommand|fsmonitor|askpass|hookspath|gitproxy)|pager\..*|sequence\.editor"
    r"|diff\.external|(?:diff|merge|filter|difftool|mergetool|credential)\..*|credential\.helper|gpg\..*program"
    r"|gpg\.program|web\.browser|browser\..*|interactive\.difffilter|remote\..*\.(?:uploadpack|receivepack|vcs)"
    r"|uploadpack\..*|ssh\.variant|init\.templatedir|trailer\..*|submodule\..*\.update|instaweb\..*|man\..*|sendemail\..*")
PLAIN = re.compile(r"(?i)alias\.|merge\.(?:ff|conflictstyle|renames|stat|tool|verbosity)|diff\.(?:renames|algorithm|"
                   r"tool|colormoved|mnemonicprefix|context|submodule)|credential\.(?:username|usehttppath)|submodule\.recurse")
FILE = re.compile(r"[^@^~:]*\.[A-Za-z]\w{0,4}")
PATHS = ("-p", "--patch", "--ours", "--theirs", "-m", "--merge", "--pathspec-from-file")


def git(call: Call) -> str:
    """Follow a git command: its settings, its folder, then the subcommand."""
    given = call.options(stop=True)
    for setting in given.values(("-c", "--config-env")):
        name, _, value = setting.value.partition("=")
        configured(call, name, value, setting.after(len(name) + 1))
    if folder := given.value("-C"):
        call.scope = call.scope.copy(cwd=tuple(shells.entered(folder.value, call.scope)))
    if given.has("--exec-path") and given.value("--exec-path"):
        call.report("loads", UNSURE, "git takes its programs from another folder")
    if not given.operands:
        return MAYBE
    name, args = given.operands[0].value, given.operands[1:]
    sub = call.program.subs.get(name)
    if sub is None:
        call.report("unknown-program", UNSURE, f"git {marks.shown(name)} is no command of git's own")
        return MAYBE
    if args and args[0].value in ("--help", "-h"):
        return MAYBE
    return _sub(call, sub, args)


def _sub(call: Call, sub: Program, args: Sequence[Arg]) -> str:
    sub, args = generic.chosen(sub, args)
    given = options.read(args, sub.values)
    for code in given.values(sub.code):
        call.code([code], call.scope.copy())
    for file in given.values(("--output", *sub.outputs)):
        writes.write(call.walk, file.value, MAYBE, call.scope, call.span)
    special = SPECIAL.get(sub.handler)
    if special is not None:
        return special(call, sub, given)
    level, flag = generic.weighed(sub, given)
    generic.report(call, sub, level, flag)
    return generic.printed(call, sub, given)


def configured(call: Call, name: str, value: str, arg: Arg | None = None) -> None:
    """Note a setting of git that makes it run something."""
    if not RUNS.fullmatch(name) or (PLAIN.match(name) and not value.startswith("!")) or not value:
        return
    if name.lower() in ("core.hookspath", "init.templatedir"):
        call.report("loads", UNSURE, f"git runs the hooks in {marks.shown(value)}")
    elif name.lower() not in ("credential.helper",) or value[0] in "!/":
        code = arg.after(1) if arg and value.startswith("!") else arg
        if code is not None:
            call.code([code], call.scope.copy())
        else:
            call.code(value.removeprefix("!"), call.scope.copy())


def _checkout(call: Call, sub: Program, given: Options) -> str:
    """Follow `git checkout`: another branch is a change, files as they were are a loss."""
    branch = given.has("-b", "-B", "--orphan", "-t", "--track", "--detach")
    paths = given.operands[given.ended:] if given.ended < len(given.operands) or _dashed(call) else []
    if given.has("-f", "--force", *PATHS) or paths or (not branch and _is_path(call, given.operands)):
        call.report("discards", DESTROYS, "git checkout of files throws away changes in them that are not committed")
    else:
        call.report("changes", CHANGES, "git checkout goes to another branch or commit")
    return MAYBE


def _dashed(call: Call) -> bool:
    return any(arg.value == "--" for arg in call.args) and call.args[-1].value != "--"


def _is_path(call: Call, operands: Sequence[Arg]) -> bool:
    """Whether operands of `git checkout` are files: several are, one is if it looks like one or is there."""
    if len(operands) != 1:
        return len(operands) > 1
    value = operands[0].value
    if value in (".", "..") or value[:1] in ("/", HOME, ":") or STAR in value or value.startswith(("./", "../")):
        return True
    if value.endswith("/") or FILE.fullmatch(value):
        return True
    return call.scope.here and marks.known(value) and "\0" not in value and any(
        os.path.exists(path) for path in targets.absolute(value, call.scope))


def _restore(call: Call, sub: Program, given: Options) -> str:
    """Follow `git restore`: of what is staged only, a change."""
    if given.has("-S", "--staged") and not given.has("-W", "--worktree", "--no-staged"):
        call.report("changes", CHANGES, "git restore --staged takes changes out of the next commit, the files stay")
    else:
        call.report("discards", DESTROYS, "git restore throws away what was changed in files and not committed")
    return MAYBE


def _clean(call: Call, sub: Program, given: Options) -> str:
    """Follow `git clean`."""
    if not given.dry(("-n", "--dry-run")):
        call.report("removes", DESTROYS, "git clean removes files that git does not know, for good")
    return MAYBE


def _branch(call: Call, sub: Program, given: Options) -> str:
    """Follow `git branch`: it lists, makes, or deletes."""
    deletes = given.has("-d", "--delete")
    if given.has("-D") or (deletes and given.has("-f", "--force")):
        call.report("removes", DESTROYS, "git branch -D deletes a branch, even if its commits are nowhere else")
    elif deletes or given.operands or given.has("-m", "-M", "-c", "-C", "-u", "--set-upstream-to", "--unset-upstream",
                                                "--edit-description", "-f", "--move", "--copy"):
        lists = given.has("-l", "--list", "-a", "-r", "--contains", "--merged", "--no-merged", "--points-at",
                          "--show-current", "-v", "-vv", "--sort", "--format") and not deletes
        if not lists:
            call.report("changes", CHANGES, "git branch makes, moves or deletes a branch; its commits stay")
    return MAYBE


def _tag(call: Call, sub: Program, given: Options) -> str:
    """Follow `git tag`."""
    if given.has("-d", "--delete"):
        call.report("removes", DESTROYS, "git tag -d deletes a tag, of which no record stays")
    elif given.operands and not given.has("-l", "--list", "-n", "--contains", "--points-at", "--merged", "-v"):
        call.report("changes", CHANGES, "git tag makes a tag")
    return MAYBE


def _push(call: Call, sub: Program, given: Options) -> str:
    """Follow `git push`: what it overwrites or deletes on the other side."""
    if given.dry(("-n", "--dry-run")):
        return MAYBE
    force = given.has("-f", "--force", "--force-with-lease")
    refs = [arg.value for arg in given.operands[1:]]
    forced = any(ref.startswith("+") for ref in refs)
    deletes = given.has("-d", "--delete", "--prune") or any(re.fullmatch(r"\+?:.+", ref) for ref in refs)
    if given.has("--mirror") and (force or forced):
        call.report("unbounded", UNBOUNDED, "git push --mirror --force replaces everything in the remote repository")
    elif given.has("--mirror") or deletes:
        call.report("removes", DESTROYS, "git push deletes branches or tags in the remote repository")
    elif force or forced:
        call.report("overwrites", DESTROYS, "a forced git push replaces commits of the remote repository")
    else:
        call.report("changes", CHANGES, "git push adds commits to the remote repository")
    return MAYBE


def _config(call: Call, sub: Program, given: Options) -> str:
    """Follow `git config`: it reads, or writes a setting, which may be a command git runs later."""
    operands = given.operands
    if operands and operands[0].value in ("get", "list", "set", "unset", "edit", "rename-section", "remove-section"):
        asks, operands = operands[0].value in ("get", "list"), operands[1:]
    else:
        asks = given.has("--get", "--get-all", "--get-regexp", "--get-urlmatch", "-l", "--list", "--get-color") or (
            len(operands) < 2 and not given.has("--unset", "--unset-all", "--remove-section", "-e", "--edit"))
    if not asks:
        call.report("changes", CHANGES, "git config changes a setting of git")
        if len(operands) > 1:
            configured(call, operands[0].value, operands[1].value, operands[1])
    return MAYBE


def _remote_code(call: Call, sub: Program, given: Options) -> str:
    """Follow what talks to a remote: an address may be a command."""
    for arg in given.operands:
        if arg.value.startswith("ext::"):
            call.code([arg.after(5)], call.scope.copy())
    for setting in given.values(("-c", "--config")):
        name, _, value = setting.value.partition("=")
        configured(call, name, value, setting.after(len(name) + 1))
    level, flag = generic.weighed(sub, given)
    generic.report(call, sub, level, flag)
    return MAYBE


def _rest_is_command(call: Call, sub: Program, given: Options) -> str:
    """Follow `git bisect run` and `git submodule foreach`: what comes after is a command."""
    generic.report(call, sub, sub.level)
    args = list(call.args)
    at = next((index for index, arg in enumerate(args) if arg.value in ("run", "foreach")), len(args))
    rest = [arg for index, arg in enumerate(args) if index > at and (
        not arg.value.startswith("-") or any(not before.value.startswith("-") for before in args[at + 1:index]))]
    if len(rest) == 1:
        return call.code(rest, call.scope.copy())
    return call.run(rest, call.scope.copy()) if rest else MAYBE


def _remove(call: Call, sub: Program, given: Options) -> str:
    """Follow `git rm`: it spares what is not committed unless forced."""
    if given.dry(("-n", "--dry-run")):
        return MAYBE
    if given.has("-f", "--force") and not given.has("--cached"):
        call.report("removes", DESTROYS, "git rm -f removes files with changes that are nowhere else")
    else:
        call.report("changes", CHANGES, "git rm removes files whose contents stay in the history")
    return MAYBE


def _grep(call: Call, sub: Program, given: Options) -> str:
    """Follow `git grep`: it may open what it finds in a program."""
    for option in given.given:
        if option.name == "--open-files-in-pager" and option.value:
            call.code([option.value], call.scope.copy())
        elif option.arg.value.startswith("-O") and len(option.arg.value) > 2 and option.name == "-O":
            call.code([option.arg.after(2)], call.scope.copy())
    return MAYBE


def _names(call: Call, sub: Program, given: Options) -> str:
    """Return names of files."""
    return STAR


SPECIAL = {"checkout": _checkout, "restore": _restore, "clean": _clean, "branch": _branch, "tag": _tag, "push": _push,
           "config": _config, "remote": _remote_code, "command": _rest_is_command, "rm": _remove, "grep": _grep,
           "names": _names}
