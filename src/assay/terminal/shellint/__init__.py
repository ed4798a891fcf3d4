"""What is put into a shell: a function and a key (Alt-e) that bring a command into the edit line, where it is yours.

The shell runs it: its history has it, and ``cd`` and ``export`` last.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence
from pathlib import Path

SHELLS = {"bash": "init.bash", "zsh": "init.zsh", "fish": "init.fish"}
PROGRAM = "@ASSAY@"
BEHIND = "something_behind"  # a command that is looked for behind another one
# What makes it last: where the line goes, and the line.
LASTING = {
    "bash": ("~/.bashrc", 'eval "$(assay shell-init bash)"'),
    "zsh": ("~/.zshrc", 'eval "$(assay shell-init zsh)"'),
    "fish": ("~/.config/fish/config.fish", "assay shell-init fish | source"),
}


def script(shell: str, program: str = "assay") -> str:
    """Return the text that a shell is to read.

    Parameters
    ----------
    shell : str
        One of `SHELLS`.
    program : str
        Name or path of the command line.
    """
    text = Path(__file__).with_name(SHELLS[shell]).read_text("utf-8")
    quoted = program if shlex.quote(program) == program else _quoted(program, shell)
    return text.replace(PROGRAM, quoted)


def _quoted(text: str, shell: str) -> str:
    if shell == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return shlex.quote(text)


def one_line(commands: Sequence[str]) -> str:
    """Return a list of commands as one text for an edit line; it goes on only where a command succeeds.

    >>> one_line(["mkdir new", "cd new"])
    'mkdir new && cd new'

    A command that nothing can be put behind (a comment, a here-document, one left running) ends its line.

    >>> print(one_line(["sleep 9 &", "jobs"]))
    sleep 9 &
    jobs
    """
    text = commands[0]
    for before, command in itertools.pairwise(commands):
        text += (" && " if _can_go_on(before) else "\n") + command
    return text


def _can_go_on(command: str) -> bool:
    if "\n" in command or command.rstrip().endswith(("&", ";", "\\")):
        return False
    from assay.terminal.shellsyntax import parse

    tree = parse(f"{command} && {BEHIND}")
    return not tree.error and any(tree.source(node) == BEHIND for node in tree.nodes("command"))
