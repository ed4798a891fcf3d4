"""Where a request is made: platform, shell, date and time. No names of folders or users."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

PLATFORMS = {"Linux": "Linux", "Darwin": "macOS"}


@dataclass(frozen=True)
class Context:
    """What a prompt says of the machine.

    Parameters
    ----------
    platform : str
        "Linux", "macOS", ...
    shell : str
        Name of the program, as "bash".
    now : str
        Day of the week, date, time, zone.
    system : str
        Name and version of the distribution; may be empty.
    """

    platform: str = "Linux"
    shell: str = "bash"
    now: str = "Monday 2026-06-01 12:00 UTC"
    system: str = ""

    @property
    def machine(self) -> str:
        """The platform, with the distribution where it is known."""
        return f"{self.platform} ({self.system})" if self.system else self.platform


JUDGED = Context()  # what the benchmark says: fixed, so that the same request is the same prompt on every day


def here(environ: Mapping[str, str] = os.environ, now: datetime | None = None) -> Context:
    """Return the context of this machine, now.

    Parameters
    ----------
    environ : mapping, optional
        Where SHELL is looked up; without it the shell is "sh".
    now : datetime, optional
        With its zone.
    """
    moment = now or datetime.now().astimezone()
    return Context(_platform(), PurePath(environ.get("SHELL") or "sh").name,
                   f"{moment:%A %Y-%m-%d %H:%M} {moment.tzname() or ''}".strip(), _system())


@functools.cache
def _platform() -> str:
    name = platform.system()
    return PLATFORMS.get(name, name or "Unix")


@functools.cache
def _system() -> str:
    if platform.system() == "Darwin":
        return platform.mac_ver()[0]
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
