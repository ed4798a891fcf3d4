"""What a command would do to a folder: it runs on a layer above the folder, or on a copy; nothing else can change."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.core.errors import AssayError
from assay.terminal import sandbox
from assay.terminal.box import cgroup, rooms, seccomp
from assay.terminal.box.folder import Folder, temporary
from assay.terminal.box.limits import Limits
from assay.terminal.box.overlay import joined, linked
from assay.terminal.box.process import Box
from assay.terminal.box.rooms import NoRoom, Room
from assay.terminal.box.seccomp import memory
from assay.terminal.changes import Change, TooDeep
from assay.terminal.differences import differences

LONGEST = (128 << 10) - 1  # bytes of one argument of a program
UNSEEN = ("network", "processes", "outside the folder")
# Address space is not limited: it says little of memory, and the kernel takes these processes first when that is short.
LIMITS = Limits(address_space=None)


@dataclass
class Preview:
    """What a command did on a layer above a folder, or on a copy of it.

    Parameters
    ----------
    status : str
        ``checked``, or ``not-checked`` with the `reason`.
    backend : str, optional
        ``overlay`` or ``copy``.
    limit : str, optional
        ``processes``, ``disk``, ``output`` or ``time``: what the command was stopped for.
    unseen : tuple of str
        What a dry run never shows.
    diffs : dict of str to str
        Changed text files: path -> unified diff.
    """

    command: str
    folder: Path
    status: str = "not-checked"
    backend: str | None = None
    rc: int | None = None
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False
    limit: str | None = None
    changes: list[Change] = field(default_factory=list)
    unseen: tuple[str, ...] = UNSEEN
    reason: str = ""
    seconds: float = 0.0
    diffs: dict[str, str] = field(default_factory=dict, repr=False)
    doubts: list[str] = field(default_factory=list, repr=False)
    seen: str = field(default="", repr=False)

    @property
    def checked(self) -> bool:
        """Whether the command was run."""
        return self.status == "checked"

    def outdated(self) -> bool:
        """Whether the folder is no longer what the command was tried on."""
        return self.seen != rooms.state(self.folder)

    def to_json(self) -> dict[str, Any]:
        """Return what ``assay try --json`` shows."""
        return {"status": self.status, "backend": self.backend, "rc": self.rc, "stdout": self.stdout,
                "stderr": self.stderr, "timed_out": self.timed_out, "limit": self.limit,
                "changes": [change.to_json() for change in self.changes], "unseen": list(self.unseen),
                "reason": self.reason}


def dry_run(command: str, directory: Path | str | None = None, timeout: float = 30.0, copy: bool = False) -> Preview:
    """Run a command where it can change nothing, and return what it would have changed in a folder.

    Parameters
    ----------
    command : str
        Given to the user's shell.
    directory : Path, optional
        The folder, and where the command starts; default the current one.
    timeout : float
        Seconds.
    copy : bool
        Work on a copy (at most 200 MB in 20,000 files) in any case.

    Raises
    ------
    AssayError
        The folder is none, or the command holds a NUL.
    """
    folder = _folder(directory)
    if "\0" in command or len(os.fsencode(command)) > LONGEST:
        raise AssayError(f"the command holds a NUL character or is longer than {LONGEST:,} bytes: no shell takes that",
                         "put it into a script")
    if reason := sandbox.available():
        return Preview(command, folder, reason=reason)
    seen, shown, reasons = rooms.state(folder), Preview(command, folder), []
    for name in ("copy",) if copy else ("overlay", "copy"):
        try:
            shown = _attempt(Preview(command, folder, backend=name), timeout)
        except (NoRoom, TooDeep) as error:
            reasons.append(f"no {name}: {error}")
            continue
        if not shown.doubts:
            shown.status = "checked"
            break
        reasons += shown.doubts
    shown.seen, shown.reason = seen, "; ".join([*reasons, *_remarks(shown, timeout)])
    return shown


def _folder(directory: Path | str | None) -> Path:
    folder = Path(directory or ".").resolve()
    if not folder.is_dir():
        raise AssayError(f"--dir {directory}: no such folder", "name the folder that the command works in")
    if folder.is_relative_to("/proc") or folder.is_relative_to("/sys"):
        raise AssayError(f"--dir {folder}: the kernel's own files cannot be tried on", "name a folder of files")
    return folder


def _attempt(preview: Preview, timeout: float) -> Preview:
    """Try one backend, at one place after the other for what it writes."""
    build = rooms.layered if preview.backend == "overlay" else rooms.copied
    refused: NoRoom | None = None
    for parent in _places() if preview.backend == "overlay" else [None]:
        with Folder(parent=parent) as place:
            try:
                return _run(preview, build(preview.folder, place), place.path, timeout)
            except NoRoom as error:
                refused = refused or error  # the first place is the best: its reason counts
    raise refused or NoRoom("there is no folder for temporary files")


def _places() -> list[Path]:
    """Return folders for the upper layer: it may not lie inside the lower one, nor on every kind of file system."""
    found = [temporary(), Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/dev/shm"),
             *(Path(os.environ[name]) for name in ("XDG_RUNTIME_DIR",) if os.environ.get(name))]
    return [place for place in dict.fromkeys(map(Path.resolve, found)) if os.access(place, os.W_OK | os.X_OK)]


def _run(preview: Preview, room: Room, place: Path, timeout: float) -> Preview:
    with ExitStack() as stack:
        files = [memory("settings", rooms.environment(dict(os.environ), place)), _filter()]
        for file in files:
            stack.callback(os.close, file)
        enter = stack.enter_context(cgroup.group(LIMITS.processes))
        command = [*enter, *room.enter, str(shutil.which("bwrap")),
                   *rooms.arguments(preview.folder, room, place, LIMITS, *files), "--", *LIMITS.command(),
                   "/bin/sh", "-c", rooms.FIRST, "init", *cgroup.idle(enter), _shell(), "-c", preview.command]
        box = stack.enter_context(Box(command, LIMITS, [room.written], None, ["/dev/shm", str(place)], files))
        began = time.monotonic()
        heard = box.begin(timeout)
        preview.seconds = time.monotonic() - began
        box.drain(more=box.processes() > 1)
        preview.limit = box.limit or ("disk" if heard and box.filled() else "time" if box.timed_out else None)
        box.stop()
    if not heard and not preview.limit:
        raise NoRoom(" ".join(box.text("stderr").split()) or "the room did not open")
    preview.rc, preview.timed_out = int(heard[1]) if heard else None, box.timed_out
    preview.stdout, preview.stderr = box.text("stdout"), box.text("stderr")
    preview.changes = room.changes()
    preview.doubts = _doubts(preview, room.written) if preview.backend == "overlay" else []
    preview.diffs = differences(preview.changes, preview.folder, room.written)
    return preview


def _filter() -> int:
    try:
        return seccomp.descriptor()
    except OSError as error:
        raise NoRoom(str(error)) from None


def _shell() -> str:
    """Return the shell that would run the command for real."""
    shell = os.environ.get("SHELL", "")
    return shell if os.path.isabs(shell) and os.access(shell, os.X_OK) else "/bin/sh"


def _doubts(preview: Preview, upper: Path) -> list[str]:
    """Return why a layer may not have shown what would happen; a copy can be asked then."""
    found = []
    if os.strerror(errno.EOVERFLOW) in preview.stderr:
        found.append("overlay: an entry of another owner cannot be changed in a layer (EOVERFLOW)")
    if os.strerror(errno.EXDEV) in preview.stderr:
        found.append("overlay: a folder cannot be renamed in one step in a layer (EXDEV)")
    if os.geteuid() == 0 and os.strerror(errno.EACCES) in preview.stderr:
        found.append("overlay: root has no power in a layer over entries of other owners")
    if names := linked(preview.changes, preview.folder):
        found.append(f"overlay: {names[0]} has other names (hard links), and a layer changes only one of them")
    if names := joined(preview.changes, upper):
        found.append(f"overlay: {names[0]} is another name (hard link) of a file that was there, and a layer takes "
                     "them for different files")
    return found


def _remarks(preview: Preview, timeout: float) -> list[str]:
    """Return what has to be known to read the preview right."""
    found = []
    if preview.timed_out:
        found.append(f"stopped after {timeout:g} s: shown is what had changed by then")
    elif preview.limit:
        found.append(f"stopped at a limit ({LIMITS.told(preview.limit)}): shown is what had changed by then")
    if os.statvfs(preview.folder).f_flag & os.ST_RDONLY:
        found.append(f"{preview.folder} is read-only, nothing can change there")
    elif os.strerror(errno.EROFS) in preview.stderr:
        found.append(f"writing outside {preview.folder} was refused")
    return found
