"""Editing a text that is there already: one line with readline, several in the user's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from assay.terminal import paths


def edit(prompt: str, text: str = "") -> str | None:
    """Return a line as the user leaves it, None if it was given up (Ctrl-C, Ctrl-D).

    Parameters
    ----------
    prompt : str
        Without colours.
    text : str
        What is there to begin with; one of several lines is edited by the program in VISUAL or EDITOR.
    """
    try:
        return _in_editor(text) if "\n" in text else _on_a_line(prompt, text)
    except (EOFError, KeyboardInterrupt):
        print()
        return None


def _on_a_line(prompt: str, text: str) -> str:
    try:
        import readline
    except ImportError:  # a Python without it
        return input(f"{prompt}[{text}] ") or text
    readline.set_completer(_complete)
    readline.set_completer_delims(" \t\n")
    readline.parse_and_bind("tab: complete")
    readline.set_startup_hook(lambda: readline.insert_text(text))
    readline.set_auto_history(False)
    try:
        return input(prompt)
    finally:
        readline.set_startup_hook(None)
        readline.set_completer(None)


def _complete(word: str, number: int) -> str | None:
    found = paths.completions(word)
    return found[number] if number < len(found) else None


def _in_editor(text: str) -> str | None:
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="assay-edit-") as folder:
        file = Path(folder) / "command.sh"
        file.write_text(text + "\n", encoding="utf-8")
        try:
            done = subprocess.run([*editor, str(file)], check=False)
        except OSError as error:
            print(f"{editor[0]} cannot be started: {error.strerror}; set EDITOR")
            return None
        return file.read_text(encoding="utf-8").rstrip("\n") if done.returncode == 0 else None
