"""Files that a command writes: new ones, ones that are there already, disks, and those that let somebody in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.terminal.risk import marks, targets
from assay.terminal.risk.levels import CHANGES, DESTROYS, UNBOUNDED, UNSURE
from assay.terminal.risk.scope import Scope

if TYPE_CHECKING:
    from assay.terminal.risk.walk import Walk

KNOBS = ("/proc/sys/", "/sys/")
REQUESTS = ("/proc/sysrq-trigger",)


def write(walk: Walk, value: str, text: str, scope: Scope, span: tuple[int, int], append: bool = False) -> None:
    """Note that a file is written, and what it holds then.

    Parameters
    ----------
    walk : Walk
        Who reads the command.
    value : str
        The file.
    text : str
        What is written, for what reads the file later.
    scope : Scope
        What is known; gets the file.
    span : (int, int)
        The part of the command that writes.
    append : bool
        Whether what stands there stays.
    """
    if feed := walk.report.sinks.pop(value, None):
        feed(text)
        return
    if value.startswith(("/dev/tcp/", "/dev/udp/")):
        walk.report.events.append("network")
        return
    if targets.stream(value):
        return
    level, rule, why = _judged(value, scope, append)
    walk.report.add(rule, level, span, why)
    _keep(value, text, scope, append)


def _judged(value: str, scope: Scope, append: bool) -> tuple[str, str, str]:
    name = marks.shown(value)
    if targets.block_device(value):
        return UNBOUNDED, "device", f"it writes to {name}, which is or may be a whole disk"
    if targets.gives_access(value, scope):
        return DESTROYS, "access", f"it writes {name}, which decides who gets in or what runs later"
    if value in REQUESTS:
        return DESTROYS, "restarts", f"it can stop the machine through {name}"
    if append:
        return CHANGES, "appends", f"it adds to {name}"
    if value.startswith(KNOBS):
        return CHANGES, "writes", f"it sets {name}, until the next start of the machine"
    state = targets.existing(value, scope)
    if state == targets.EXISTS:
        return DESTROYS, "overwrites", f"it overwrites {name}, which is there already"
    if state == targets.UNSEEN:
        return UNSURE, "may-overwrite", f"it writes {name}, and whether that is there already cannot be seen"
    return CHANGES, "writes", f"it makes {name}"


def _keep(value: str, text: str, scope: Scope, append: bool) -> None:
    for path in targets.absolute(value, scope):
        before = scope.files.get(path, "") if append else ""
        tainted = marks.tainted(before + text)
        # Text keeps its place in the command only while it is whole.
        scope.files[path] = tainted or (before + text if before else text)
