"""Copying text: by the desktop's own program, else through the terminal (OSC 52), which also works over ssh."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

# Program, and the variable without which it has no desktop to talk to.
PROGRAMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("wl-copy",), "WAYLAND_DISPLAY"),
    (("xclip", "-selection", "clipboard"), "DISPLAY"),
    (("xsel", "--clipboard", "--input"), "DISPLAY"),
    (("pbcopy",), ""),
    (("clip.exe",), "WSL_DISTRO_NAME"),
)
TERMINAL = "the terminal"
PATIENCE = 3.0  # s
MOST = 74_994  # bytes that terminals take through OSC 52: 100,000 characters of base64


def copy(text: str, terminal: IO[str], environ: Mapping[str, str] = os.environ) -> str:
    """Copy a text; returns how, or nothing where it cannot be done.

    Parameters
    ----------
    text : str
    terminal : text stream
        Where the terminal's own way is written to.
    environ : mapping, optional
    """
    for command in _programs(environ):
        # Input from a pipe, nothing back: xclip stays in the background and would hold an open output.
        try:
            subprocess.run(command, input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=PATIENCE, check=True)
        except (OSError, subprocess.SubprocessError):
            continue
        return Path(command[0]).name
    data = text.encode()
    if len(data) > MOST or environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return ""
    terminal.write(osc52(data, environ))
    terminal.flush()
    return TERMINAL


def _programs(environ: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield the programs that reach the desktop the user sits at, with their paths: none over ssh."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return
    for (name, *options), wants in PROGRAMS:
        if (not wants or environ.get(wants)) and (path := shutil.which(name, path=environ.get("PATH"))):
            yield path, *options


def osc52(data: bytes, environ: Mapping[str, str] = os.environ) -> str:
    r"""Return what makes a terminal put bytes on the clipboard; screen has to be told to hand it on.

    >>> osc52(b"ls", {})
    '\x1b]52;c;bHM=\x07'
    """
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    return f"\x1bP{sequence}\x1b\\" if environ.get("TERM", "").startswith("screen") and "TMUX" not in environ \
        else sequence
