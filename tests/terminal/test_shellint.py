"""The key and the function in real bash, zsh and fish: the command waits in the edit line, the shell runs it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.terminal.shellint import SHELLS, one_line, script
from fake_provider import FakeProvider
from pseudo_terminal import ALT_E, CTRL_D, CTRL_U, ENTER, Terminal

# Without the machine's own files, with a prompt that is not part of what is looked for.
START = {"bash": ("--norc", "--noprofile"), "zsh": ("-f",), "fish": ("--no-config",)}
PROMPT = {"bash": "PS1='ready> '", "zsh": "PS1='ready> '", "fish": "function fish_prompt; echo -n 'ready> '; end"}


def reply(*commands: str) -> str:
    return json.dumps({"commands": [{"seq": seq, "cmd_to_execute": command} for seq, command in
                                    enumerate(commands, start=1)]})


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    table = {"make and go": reply("mkdir 'new folder'", "cd 'new folder'"),
             "print the sum": reply("echo sum$(expr 3 + 4)"),
             "no way": json.dumps({"error": 1, "reason": "not possible"})}
    with FakeProvider("table", table=table) as running:
        yield running


@pytest.fixture
def shell(provider: FakeProvider, folders: Path) -> Callable[[str], Terminal]:
    """Starts a shell that has read what ``assay shell-init`` prints, with ``assay`` on its PATH."""
    (folders / "bin").mkdir()
    program = folders / "bin" / "assay"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m assay "$@"\n')
    program.chmod(0o755)

    def start(name: str) -> Terminal:
        if shutil.which(name) is None:
            pytest.skip(f"no {name}: scripts/system-packages installs it on Debian")
        environ = {**provider.environment, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
                   "HOME": str(folders), "HISTFILE": str(folders / "history"), "ENV": None, "BASH_ENV": None}
        terminal = Terminal(shutil.which(name) or name, *START[name], environ=environ, columns=100)
        source = "assay shell-init fish | source" if name == "fish" else f'eval "$(assay shell-init {name})"'
        terminal.type(f"{source}; echo loa''ded; {PROMPT[name]}", ENTER)
        terminal.expect("loaded")
        terminal.expect("ready> ")
        return terminal

    return start


@pytest.mark.parametrize("name", SHELLS)
def test_alt_e_puts_the_command_into_the_edit_line(shell: Any, name: str, provider: FakeProvider) -> None:
    with shell(name) as terminal:
        terminal.type("print the sum")
        terminal.expect("sum")
        terminal.type(ALT_E)
        terminal.expect("echo sum$(expr 3 + 4)")
        assert "sum7" not in terminal.shown
        terminal.type(ENTER)
        terminal.expect("sum7")
    assert provider.log[-1]["body"]["messages"][-1]["content"].startswith("Request: print the sum\n")


@pytest.mark.parametrize("name", SHELLS)
def test_the_shell_itself_runs_it(shell: Any, name: str) -> None:
    with shell(name) as terminal:
        terminal.type("make and go", ALT_E)
        terminal.expect("mkdir 'new folder' && cd 'new folder'")
        assert not Path("new folder").exists()
        terminal.type(ENTER)
        terminal.expect("ready> ")
        terminal.type("echo in:(pwd):" if name == "fish" else 'echo "in:$(pwd):"', ENTER)
        terminal.expect("/new folder:")


@pytest.mark.parametrize("name", SHELLS)
def test_a_refusal_leaves_the_line_as_it_was(shell: Any, name: str) -> None:
    with shell(name) as terminal:
        terminal.type("no way", ALT_E)
        terminal.expect("not possible")
        terminal.expect("no way")
        terminal.type(CTRL_U, "echo still he''re", ENTER)
        terminal.expect("still here")


@pytest.mark.parametrize("name", SHELLS)
def test_an_empty_line_asks_nothing(shell: Any, name: str, provider: FakeProvider) -> None:
    with shell(name) as terminal:
        terminal.type(ALT_E, "echo go''es on", ENTER)
        terminal.expect("goes on")
    assert provider.log == []


@pytest.mark.parametrize("name", SHELLS)
def test_the_function_does_the_same_and_history_has_the_command(shell: Any, name: str) -> None:
    with shell(name) as terminal:
        terminal.type("acmd print the sum", ENTER)
        terminal.expect("echo sum$(expr 3 + 4)")
        assert "sum7" not in terminal.shown
        terminal.type(ENTER)
        terminal.expect("sum7")
        terminal.type("fc -l -10" if name == "zsh" else "history", ENTER)
        terminal.expect("echo sum$(expr 3 + 4)")
        terminal.type(CTRL_D)


def test_a_program_that_is_not_on_the_path_is_called_by_its_path() -> None:
    for shell_name in SHELLS:
        assert "command assay cmd" in script(shell_name)
        assert "command '/opt/my tools/assay' cmd" in script(shell_name, "/opt/my tools/assay")


@pytest.mark.parametrize(("commands", "line"), [
    (["ls"], "ls"), (["cd a", "ls", "x | y"], "cd a && ls && x | y"), (["ls # all", "x"], "ls # all\nx"),
    (["a &", "b"], "a &\nb"), (["cat <<X\n1\nX", "b"], "cat <<X\n1\nX\nb"), (["if true; then ls; fi", "b"],
                                                                          "if true; then ls; fi && b"),
    (["echo 'a # b'", "b"], "echo 'a # b' && b"), (["a;", "b"], "a;\nb"), (["echo 'open", "b"], "echo 'open\nb")])
def test_one_line(commands: list[str], line: str) -> None:
    assert one_line(commands) == line
