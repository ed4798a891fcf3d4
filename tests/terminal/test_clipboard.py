"""Copying by a program of the desktop, else through the terminal."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path

import pytest

from assay.terminal.clipboard import MOST, copy, osc52

TEXT = "echo 'ä'\nls"


def program(name: str, body: str = "cat > copied") -> None:
    path = Path("bin", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
    path.chmod(0o755)


def environment(**more: str) -> dict[str, str]:
    return {"PATH": str(Path("bin").absolute()), "TERM": "xterm", **more}


@pytest.mark.parametrize(("name", "more"), [
    ("wl-copy", {"WAYLAND_DISPLAY": "w"}), ("xclip", {"DISPLAY": ":0"}), ("xsel", {"DISPLAY": ":0"}), ("pbcopy", {})])
def test_a_program_of_the_desktop(name: str, more: dict[str, str]) -> None:
    program(name)
    terminal = io.StringIO()
    assert copy(TEXT, terminal, environment(**more)) == name
    assert Path("copied").read_text() == TEXT
    assert not terminal.getvalue()


@pytest.mark.parametrize(("name", "more"), [
    ("xclip", {}), ("xclip", {"DISPLAY": ":0", "SSH_CONNECTION": "a b"}), ("nothing", {"DISPLAY": ":0"})])
def test_through_the_terminal_where_no_desktop_is_reached(name: str, more: dict[str, str]) -> None:
    program(name)
    terminal = io.StringIO()
    assert copy(TEXT, terminal, environment(**more)) == "the terminal"
    assert not Path("copied").exists()
    found = re.fullmatch("\x1b\\]52;c;([A-Za-z0-9+/=]*)\x07", terminal.getvalue())
    assert found
    assert base64.b64decode(found[1]).decode() == TEXT


def test_a_program_that_fails_is_passed_over() -> None:
    program("wl-copy", "exit 1")
    program("xclip")
    assert copy(TEXT, io.StringIO(), environment(WAYLAND_DISPLAY="w", DISPLAY=":0")) == "xclip"


@pytest.mark.parametrize(("text", "term"), [("x" * (MOST + 1), "xterm"), ("x", "dumb")])
def test_what_cannot_be_copied_is_not_written(text: str, term: str) -> None:
    terminal = io.StringIO()
    assert copy(text, terminal, {"PATH": os.devnull, "TERM": term}) == ""
    assert not terminal.getvalue()


def test_screen_is_told_to_hand_it_on() -> None:
    assert osc52(b"ls", {"TERM": "screen"}) == "\x1bP\x1b]52;c;bHM=\x07\x1b\\"
    assert osc52(b"ls", {"TERM": "screen-256color", "TMUX": "x"}) == "\x1b]52;c;bHM=\x07"
