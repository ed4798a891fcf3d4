"""What bwrap is told: which files are there, and what may be written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from assay.terminal.box.limits import Limits

HOME = "/home/user"
SHIMS = "/opt/box/bin"
PATH = f"{SHIMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DATE = "2024-01-15T12:00:00+0000"
ENVIRONMENT = {
    "HOME": HOME, "USER": "user", "LOGNAME": "user", "SHELL": "/bin/bash", "PATH": PATH, "TERM": "dumb",
    "TZ": "UTC", "LANG": "C.UTF-8", "PAGER": "cat", "EDITOR": "true", "VISUAL": "true",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "User", "GIT_AUTHOR_EMAIL": "user@box.example", "GIT_AUTHOR_DATE": DATE,
    "GIT_COMMITTER_NAME": "User", "GIT_COMMITTER_EMAIL": "user@box.example", "GIT_COMMITTER_DATE": DATE,
}
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nuser:x:1000:1000:User:/home/user:/bin/bash\n"
              "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost box\n::1 localhost\n",
    "hostname": "box\n",
}
# Nothing inside is told by the caller's environment, so bwrap starts with an empty one; see Box.
ALONE = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL",
         "--as-pid-1", "--info-fd", "{info}"]
TEMPORARY = {"/tmp": "1777", "/var/tmp": "1777", "/dev/shm": "1777", "/run": "755"}
LINKS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")


def system() -> list[str]:
    """Return the arguments for the programs of this machine, which can be read only."""
    found = ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc"]
    for path in (Path("/", name) for name in LINKS):
        if path.is_symlink():
            found += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            found += ["--ro-bind", str(path), str(path)]
    return found


def home(folder: Path, written: Iterable[str], limits: Limits, root: bool) -> list[str]:
    """Return the arguments for a machine of its own with one folder to write to.

    Parameters
    ----------
    folder : Path
        Holds ``home`` (to write to), ``opt`` (scripts, to read), ``etc``, and the files that scripts write into.
    written : iterable of str
        Names of the latter: each is bound by itself, so that nothing inside can remove it.
    limits : Limits
    root : bool
        The command runs under root's number, as seen from outside.
    """
    files = [part for name in ETC if Path("/etc", name).is_file()
             for part in ("--ro-bind", str(folder / "etc" / name), f"/etc/{name}")]
    bound = [part for name in written for part in ("--bind", str(folder / name), f"/opt/box/{name}")]
    folders = [part for name in ("/home", "/opt", "/var/log") for part in ("--perms", "755", "--dir", name)]
    return [*ALONE, "--uid", "1000", "--gid", "1000", "--hostname", "box", *system(), *files,
            *process_files(root), "--dev", "/dev", *temporary(limits), "--remount-ro", "/dev", *folders,
            "--ro-bind", str(folder / "opt"), "/opt/box", *bound,
            "--bind", str(folder / "home"), HOME, "--remount-ro", "/", "--chdir", HOME]


def temporary(limits: Limits) -> list[str]:
    """Return the arguments for folders that are gone with the box; they are held in memory, so their size counts."""
    return [part for name, mode in TEMPORARY.items()
            for part in ("--perms", mode, "--size", str(limits.temporary), "--tmpfs", name)]


def process_files(root: bool) -> list[str]:
    """Return the arguments for what /proc tells of processes, and of the kernel.

    bwrap takes it that nobody inside may write to the kernel's settings, but they belong to root, and root's number is
    root's in every namespace: if `root` runs the command, all but the processes is bound again, to be read only.
    """
    if not root:
        return ["--proc", "/proc"]
    settings = [entry.path for entry in os.scandir("/proc") if not entry.name.isdigit() and not entry.is_symlink()
                and (entry.is_dir() or entry.stat().st_mode & 0o222)]
    return ["--proc", "/proc", *(part for path in sorted(settings) for part in ("--ro-bind-try", path, path))]


def environment(variables: Mapping[str, str]) -> list[str]:
    """Return the arguments that set variables inside."""
    return [part for name, value in variables.items() for part in ("--setenv", name, value)]
