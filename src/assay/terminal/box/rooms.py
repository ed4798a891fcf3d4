"""Where a dry run takes place: a layer above a folder, or a copy of it; and what else is there, to be read only."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.terminal.box import overlay
from assay.terminal.box.folder import Folder
from assay.terminal.box.limits import MB, Limits
from assay.terminal.box.mounts import ALONE, process_files
from assay.terminal.changes import Change, compare, own_mode, snapshot

COPY_BYTES, COPY_FILES = 200 * MB, 20_000
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL", re.IGNORECASE)  # variables that no command is tried with
# What root may do with files of its own whatever their modes; none of it leads out of the user namespace.
OWN_FILES = ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID")
LAYER = """\
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --rbind -- "$1" lower &&
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr overlay merged &&
shift && cd / && exec "$@"
"""
FIRST = """\
exec 3<&0 4>&1 5>&2 </dev/null >/dev/null 2>&1
printf init >/proc/1/comm
printf 1000 >/proc/1/oom_score_adj
echo here >&3  # only now would this process die with the driver: one that has died before is not there to answer
read -r answer <&3 || exit 1
(exec "$@" 3<&- 4>&- 5>&-) >&4 2>&5
printf 'done %s\\n' "$?" >&3
read -r answer <&3
"""


class NoRoom(Exception):
    """Why a way of trying a command does not work here."""


@dataclass(frozen=True)
class Room:
    """Something to run a command in.

    Parameters
    ----------
    enter : list of str
        Command that sets it up and becomes what follows.
    bind : list of str
        Arguments of bwrap that put it in the folder's place.
    written : Path
        What holds what the command writes.
    changes : callable
        Returns what the command has changed.
    """

    enter: list[str]
    bind: list[str]
    written: Path
    changes: Callable[[], list[Change]]


def layered(folder: Path, place: Folder) -> Room:
    """Return a room on a layer above the folder: nothing is copied but what is changed.

    Raises
    ------
    NoRoom
        No overlay can be mounted there; whether the kernel agrees is seen only when the room is entered.
    """
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return Room([], ["--ro-bind", str(folder), str(folder)], place.path, list)
    if (unshare := shutil.which("unshare")) is None:
        raise NoRoom("unshare is not on PATH: install the package util-linux")
    if os.geteuid() == 0 and (owner := folder.stat().st_uid) != 0:
        raise NoRoom(f"{folder} belongs to the user with number {owner}, whose entries root cannot change in a layer")
    if others := mounted(folder):
        raise NoRoom(f"another file system begins at {others[0]}: the kernel lays no layer over that")
    upper, *_ = (place.folder(name) for name in ("upper", "work", "lower", "merged"))
    try:
        os.setxattr(upper, "user.overlay.check", b"y")
        os.removexattr(upper, "user.overlay.check")
    except OSError as error:
        raise NoRoom(f"{place.path.parent} keeps no extended attributes: {error.strerror}") from None
    upper.chmod(mode := _mode(folder))
    enter = [unshare, "-Urm", "--", "/bin/sh", "-c", f'cd "$0" || exit 1\n{LAYER}', str(place.path), str(folder)]
    return Room(enter, ["--bind", str(place.path / "merged"), str(folder)], upper,
                lambda: [*own_mode(mode, upper.stat().st_mode), *overlay.changes(upper, folder)])


def copied(folder: Path, place: Folder) -> Room:
    """Return a room in a copy of the folder.

    Raises
    ------
    NoRoom
        The folder is too large, or part of it may not be read.
    """
    _measure(folder)
    copy = place.path / "copy"
    # Root gives itself the copy: inside, root has no power over what belongs to others.
    owner = ["--no-preserve=ownership"] if os.geteuid() == 0 else []
    done = subprocess.run(["cp", "-a", *owner, "--one-file-system", "--reflink=auto", "--", folder, copy],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        first = os.fsdecode(done.stderr).strip().split("\n")[0]
        raise NoRoom(f"{folder} cannot be copied: {first}")
    copy.chmod(mode := _mode(folder))
    _imitate(folder, copy)
    before = snapshot(copy, unlock=True)
    return Room([], ["--bind", str(copy), str(folder)], copy,
                lambda: [*own_mode(mode, copy.stat().st_mode), *compare(before, snapshot(copy, unlock=True))])


def arguments(folder: Path, room: Room, place: Path, limits: Limits, settings: int, calls: int) -> list[str]:
    """Return bwrap's arguments for a machine that is this one, read only, with the room in the folder's place.

    Parameters
    ----------
    place : Path
        The temporary folder: hidden, and free for the command's own temporary files.
    settings, calls : int
        Open files with further arguments and with the filter of system calls.
    """
    root = os.geteuid() == 0
    powers = [part for name in OWN_FILES for part in ("--cap-add", name)] if root else []
    machine = ["--ro-bind", "/", "/"] if folder != Path("/") else room.bind
    inside = room.bind if folder != Path("/") else []
    other = [part for path in mounted(folder) for part in ("--ro-bind-try", path, path)]
    private = ["--size", str(limits.temporary), "--tmpfs"]
    return [*ALONE, *powers, "--uid", str(os.geteuid()), "--gid", str(os.getegid()), *machine, "--dev", "/dev",
            *private, "/dev/shm", *process_files(root), *_initctl(), *inside, *other, *private, str(place),
            "--remount-ro", "/dev", "--chdir", str(folder), "--seccomp", str(calls), "--args", str(settings)]


def _initctl() -> list[str]:
    """A pipe can be written to however read-only the files are, and the first process of old systems reads one."""
    return ["--ro-bind", "/dev/null", "/run/initctl"] if os.path.exists("/run/initctl") else []


def mounted(folder: Path) -> list[str]:
    """Return where other file systems begin inside the folder; they are not copied, but can be read."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            path = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), line.split()[4])
            system = Path(path).parts[1:2] in (("proc",), ("dev",))  # mounted anew
            if Path(path) != folder and Path(path).is_relative_to(folder) and not system:
                found.append(path)
    return found


def environment(variables: dict[str, str], temporary: Path) -> bytes:
    """Return bwrap's arguments for the variables of a dry run: the caller's, but for secrets; messages in English."""
    kept = {name: value for name, value in variables.items() if not SECRET.search(name)}
    language = kept.pop("LC_ALL", None)
    if language:
        kept |= dict.fromkeys(("LC_CTYPE", "LC_COLLATE", "LC_TIME", "LC_NUMERIC", "LC_MONETARY"), language)
    kept |= {"LC_MESSAGES": "C", "LANGUAGE": "", "TMPDIR": str(temporary)}
    return b"".join(os.fsencode(f"--setenv\0{name}\0{value}\0") for name, value in kept.items())


def state(folder: Path) -> str:
    """Return a sum over what is in a folder and when it last changed, of up to as many entries as are copied."""
    digest = hashlib.sha256()
    for count, (path, status) in enumerate(_entries(folder)):
        if count > COPY_FILES:
            break
        digest.update(os.fsencode(f"{path}\0{status.st_ino}\0{status.st_size}\0{status.st_ctime_ns}\0"))
    return digest.hexdigest()


def _imitate(folder: Path, copy: Path) -> None:
    """Take our leave to write back where it came only from owning the copy."""
    for path, status in _entries(folder):
        foreign = os.geteuid() not in (0, status.st_uid) and not stat.S_ISLNK(status.st_mode)
        if foreign and not os.access(path, os.W_OK):
            (copy / os.path.relpath(path, folder)).chmod(stat.S_IMODE(status.st_mode) & ~0o222)


def _measure(folder: Path) -> None:
    total = 0
    for count, (_, status) in enumerate(_entries(folder), 1):
        total += status.st_size if stat.S_ISREG(status.st_mode) else 0
        if count > COPY_FILES or total > COPY_BYTES:
            raise NoRoom(f"{folder} is too large to copy: more than {COPY_BYTES // MB} MB or {COPY_FILES:,} entries")


def _entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield all that can be seen in a folder."""
    for root, folders, files in os.walk(folder):
        for name in sorted([*folders, *files]):
            path = os.path.join(root, name)
            try:
                yield path, os.lstat(path)
            except OSError:
                continue
        folders.sort()


def _mode(folder: Path) -> int:
    """Return the mode that a folder of ours needs, to let us do in it what we may do in this one."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    writes = 0o222 if not os.access(folder, os.W_OK) else 0
    reads = 0o500 if os.access(folder, os.R_OK | os.X_OK) else 0
    return mode & ~writes | reads
