"""Which part of the machine a path names: one without bound, one that exists, one that gives access."""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Iterator

from assay.terminal.risk import marks
from assay.terminal.risk.marks import EMPTYABLE, HOME, MAYBE, ONE, STAR, UNKNOWN
from assay.terminal.risk.parameters import matching
from assay.terminal.risk.scope import Scope
from assay.terminal.risk.table import lists

HOMES = frozenset({"home", "Users"})
BLOCK = re.compile(
    r"/dev/(?:(?:[shvx]v?d[a-z]+|nvme|mmcblk|r?disk|dm-|md|loop|sr|nbd|zd|ram|dasd|mapper/|disk/|zvol/|block/)"
    r"[\w./:-]*|mem|kmem|port|nvram)")
STREAMS = re.compile(r"/dev/(?:null|zero|full|u?random|tty|console|ptmx|std(?:in|out|err)|(?:fd|pts|tcp|udp)/.*)"
                     r"|/proc/self/fd/\d+|-")
ACCESS = re.compile(r".*/authorized_keys2?|/etc/(?:sudoers(?:\.d/.*)?|doas\.conf|cron.*|anacrontab|passwd-?|g?shadow-?"
                    r"|ld\.so\.preload)|/var/spool/(?:cron|at)/.*")
PROC = re.compile(r"/proc/(?:self|thread-self|\d+)/(root|cwd)(?=/|$)")
ENTRIES = 5000  # of a folder, looked at for names that match

FREE, EXISTS, UNSEEN = "free", "exists", "unseen"


def home() -> str:
    """Return the home folder's path."""
    return (os.environ.get("HOME") or os.path.expanduser("~")).rstrip("/") or "/"


def absolute(value: str, scope: Scope) -> Iterator[str]:
    """Yield the absolute paths that a path may be: from every folder the command may run in, through known links."""
    for folder in scope.cwd:
        path = value if value[:1] in ("/", HOME) or value[:1] in UNKNOWN else f"{folder}/{value}"
        yield _linked(normal(path, folder), scope)


def normal(path: str, folder: str = "/") -> str:
    """Return a path without ``.``, ``..`` and double slashes; it may begin with the home folder's mark.

    >>> normal("/usr/../etc//x/.")
    '/etc/x'
    """
    if (link := PROC.match(path)) and link[1]:
        path = ("" if link[1] == "root" else folder) + path[link.end():]
    if path.startswith(home() + "/") or path == home() != "/":
        path = HOME + path[len(home()):]
    head = path[:1] if path[:1] == HOME or path[:1] in UNKNOWN else ""
    parts: list[str] = []
    for part in path[len(head):].split("/"):
        if part == "..":
            if not parts and head:
                head, parts = ("", home().strip("/").split("/")) if head == HOME else (head, [".."])
            if parts and parts[-1] != "..":
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    rest = "/".join(parts)
    joined = path[len(head):].startswith("/") or not head
    return head + ("/" if joined and (rest or not head) else "") + rest


def _linked(path: str, scope: Scope) -> str:
    for name, target in scope.links.items():
        if path == name or path.startswith(name.rstrip("/") + "/"):
            return normal(target + "/" + path[len(name):])
    return path


def unbounded(value: str, scope: Scope, deep: bool) -> str:
    """Say why a target has no bound, as the end of a sentence; nothing if it has one.

    Parameters
    ----------
    value : str
        The target.
    scope : Scope
        Where the command runs.
    deep : bool
        Whether the command goes into folders, so that a folder as target means all in it.
    """
    for path in absolute(value, scope):
        if reason := _root(_real(path, scope)):
            return reason
    if EMPTYABLE.isdisjoint(value) or not (deep or STAR in value):
        return ""
    short = marks.emptied(value)
    if short and any(_root(path) for path in absolute(short, scope)):
        return f"{marks.shown(value)} is {marks.shown(short)} if the variable in it is empty"
    return ""


def _real(path: str, scope: Scope) -> str:
    """Follow links of this machine's folders; the last part itself only where all in it is meant."""
    if not scope.here or not path.startswith("/"):
        return path
    head, _, last = path.rpartition("/")
    if not marks.known(head) or not head:
        return path
    try:
        return normal(f"{os.path.realpath(head)}/{last}")
    except (OSError, ValueError):
        return path


def _root(path: str) -> str:
    parts = [part for part in path.split("/") if part]
    everything = ""
    while parts and len(parts[-1].strip(STAR + ONE + ".")) == 0 and set(parts[-1]) & {STAR, ONE}:
        parts.pop()
        everything = "all in "
    if not parts and path.startswith("/"):
        return f"{everything}/, the root of the file system"
    if parts == [HOME]:
        return f"{everything}the home folder"
    if parts and parts[0].startswith(HOME) and len(parts[0]) > 1:  # ~* and the like
        return _root(home() + path[1:])
    if not path.startswith("/") or not parts:
        return ""
    plain = "/" + "/".join(parts)
    if len(parts) == 1 and any(matching(_pattern(parts[0])).fullmatch(name) for name in lists("folders")["system"]):
        return f"{everything}{marks.shown(plain)}, a folder of the system"
    if not marks.known(plain) and matching(_pattern(plain)).fullmatch(home()):
        return f"{marks.shown(plain)}, which the home folder matches"
    if len(parts) == 2 and parts[0] in HOMES:
        return f"{everything}{marks.shown(plain)}, a home folder"
    if marks.known(plain) and f"{home()}/".startswith(plain + "/"):
        return f"{everything}{plain}, which holds the home folder"
    return ""


def _pattern(name: str) -> str:
    """Return the shell pattern of a name with live wildcards; what is unknown matches nothing."""
    return "".join({STAR: "*", ONE: "?"}.get(letter, "[" + letter + "]" if letter in "*?[" else letter)
                   for letter in name)


def block_device(value: str) -> bool:
    """Whether a path is a disk, or could be one."""
    if value.startswith("/dev/") and marks.unknown(value):
        return not value.startswith(("/dev/pts/", "/dev/fd/", "/dev/shm/", "/dev/tcp/", "/dev/udp/"))
    return BLOCK.fullmatch(value.translate({ord(STAR): "a", ord(ONE): "a"})) is not None


def stream(value: str) -> bool:
    """Whether a path is no file on disk: /dev/null, a terminal, a descriptor."""
    return STREAMS.fullmatch(value) is not None


def gives_access(value: str, scope: Scope) -> bool:
    """Whether who writes this file lets somebody in, or lets something run later."""
    return any(ACCESS.fullmatch(path) for path in absolute(value, scope))


def existing(value: str, scope: Scope) -> str:
    """Return whether a file stands where a path leads: `FREE`, `EXISTS`, or `UNSEEN` where that cannot be seen."""
    found = {_existing(path, scope) for path in absolute(value, scope)}
    return EXISTS if EXISTS in found else UNSEEN if UNSEEN in found else FREE


def _existing(path: str, scope: Scope) -> str:
    if path in scope.taken:
        return EXISTS
    if not scope.here or path[:1] in UNKNOWN:
        return UNSEEN
    if path.startswith(HOME):
        path = home() + path[1:]
    head, _, last = path.rpartition("/")
    if marks.unknown(head) or STAR in head or ONE in head:
        return UNSEEN
    if set(last) <= UNKNOWN:
        return UNSEEN if _some_match(head or "/", STAR) else FREE
    if marks.known(last):
        return EXISTS if _is_file(path) else FREE
    return EXISTS if _some_match(head or "/", last) else FREE


def _is_file(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode)


def _some_match(folder: str, name: str) -> bool:
    pattern = matching("".join("*" if letter in UNKNOWN else letter for letter in _pattern(name)))
    try:
        with os.scandir(folder) as entries:
            some = itertools.islice(entries, ENTRIES)
            return any(pattern.fullmatch(entry.name) and entry.is_file() for entry in some)
    except (OSError, ValueError):
        return False


def folder(value: str, scope: Scope) -> bool:
    """Whether a path leads to a folder, as far as this machine shows."""
    if value.endswith("/") or value in (".", "..", HOME):
        return True
    return any(os.path.isdir(home() + path[1:] if path.startswith(HOME) else path)
               for path in absolute(value, scope) if scope.here and "\0" not in path)


def content(value: str, scope: Scope) -> str:
    """Return what a file holds, as far as the text wrote it; `MAYBE` if it did not."""
    if value in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        return scope.stdin or MAYBE
    for path in absolute(value, scope):
        if path in scope.files:
            return scope.files[path]
    return MAYBE
