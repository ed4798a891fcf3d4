"""The sign of life: seen on a terminal, gone afterwards, never elsewhere."""

from __future__ import annotations

import io
import sys
import threading
import time

import pytest

from assay.terminal.keyboard import Keys
from assay.terminal.waiting import Waiting
from pseudo_terminal import ENTER, Terminal


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_it_moves_and_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with Waiting("asking m", screen):
        until = time.monotonic() + 30
        while screen.getvalue().count("asking m") < 2 and time.monotonic() < until:
            time.sleep(0.02)
    assert screen.getvalue().count("asking m") >= 2
    assert screen.getvalue().endswith("\r\x1b[K\x1b[?25h")
    assert not [thread for thread in threading.enumerate() if "_turn" in thread.name]


def test_it_is_gone_after_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    with pytest.raises(KeyboardInterrupt), Waiting("x", screen):
        raise KeyboardInterrupt
    assert screen.getvalue().endswith("\x1b[?25h")


def test_one_line_on_a_simple_terminal_and_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen, file = Screen(), io.StringIO()
    with Waiting("asking m", screen), Waiting("asking m", file):
        pass
    assert screen.getvalue() == "asking m ...\n"
    assert file.getvalue() == ""


KEYS = """
import termios
from assay.terminal.keyboard import Keys
before = termios.tcgetattr(0)
with Keys() as keys:
    print("go", flush=True)
    for _ in range(5):
        print(repr(keys.key()), flush=True)
print("same", termios.tcgetattr(0) == before)
"""


def test_keys_of_all_kinds() -> None:
    with Terminal(sys.executable, "-c", KEYS) as terminal:
        terminal.expect("go")
        for key, name in (("E", "'e'"), (ENTER, "'enter'"), ("\x1b[A", "'escape'"), ("é", "'é'"), ("\x04", "'end'")):
            terminal.type(key)
            terminal.expect(name)
        terminal.expect("same True")
        assert terminal.end() == 0


def test_a_stop_and_going_on_keeps_single_keys() -> None:
    """After Ctrl-Z the shell has the terminal; what comes back must not wait for Enter."""
    with Terminal("bash", "--norc", "--noprofile", environ={"PS1": "ready> "}) as terminal:
        terminal.expect("ready> ")
        terminal.type(f"{sys.executable} -c '{KEYS.strip()}'", ENTER)
        terminal.expect("go\n")
        terminal.type("\x1a")
        terminal.expect("Stopped")
        terminal.expect("ready> ")
        terminal.type("fg", ENTER)
        terminal.expect("print(")  # bash says what goes on
        time.sleep(0.5)
        terminal.type("x")
        terminal.expect("'x'")


def test_a_terminal_that_is_gone_ends_it() -> None:
    read, write = __import__("os").openpty()
    __import__("os").close(write)
    keys = Keys(read)
    assert keys.key() == "end" or keys.lines
