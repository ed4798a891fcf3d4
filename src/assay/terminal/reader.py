"""Where a conversation is typed: suggestions from what was asked before, Tab for paths, pasted lines kept together."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from assay.terminal import paths
from assay.terminal.keyboard import simple_terminal

PROMPT = "› "
PLAIN_PROMPT = "> "


class Reader(Protocol):
    """Reads what is said next."""

    def read(self) -> str:
        """Return a text.

        Raises
        ------
        EOFError
            Ctrl-D, or the terminal is gone.
        KeyboardInterrupt
            Ctrl-C.
        """


def reader(asked: Sequence[str]) -> Reader:
    """Return the best reader that the terminal allows.

    Parameters
    ----------
    asked : sequence of str
        What was asked before, the oldest first: suggestions come from there.
    """
    if not simple_terminal():
        try:
            return Rich(asked)
        except ImportError:
            pass
    return Plain(asked)


class Plain:
    """The standard library's line editor; arrow keys bring back what was asked, Ctrl-R searches in it."""

    def __init__(self, asked: Sequence[str]) -> None:
        try:
            import readline
        except ImportError:  # a Python without it
            return
        readline.set_completer(_complete)
        readline.set_completer_delims(" \t\n")
        readline.parse_and_bind("tab: complete")
        for text in asked:
            if "\n" not in text:
                readline.add_history(text)

    def read(self) -> str:
        """Return a line."""
        return input(PLAIN_PROMPT)


def _complete(word: str, number: int) -> str | None:
    found = paths.completions(word)
    return found[number] if number < len(found) else None


class Rich:
    """prompt_toolkit: a suggestion in grey while one types (→ takes it), a menu of paths, texts of several lines."""

    def __init__(self, asked: Sequence[str]) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.output.vt100 import Vt100_Output

        # Without asking the terminal where its cursor is: some never answer, and others would be kept waiting.
        output = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
        output.enable_cpr = False
        self.session: Any = PromptSession(
            history=InMemoryHistory(list(asked)), auto_suggest=AutoSuggestFromHistory(), completer=_completer(),
            complete_while_typing=False, key_bindings=_keys(), output=output, prompt_continuation="  ",
            enable_open_in_editor=True, reserve_space_for_menu=6, color_depth=_depth())

    def read(self) -> str:
        """Return a text; Alt-Enter begins a new line in it."""
        text: str = self.session.prompt([("bold ansicyan", PROMPT)])
        return text


def _depth() -> Any:
    from prompt_toolkit.output import ColorDepth

    return ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None


def _keys() -> Any:
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: Any) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _completer() -> Any:
    from prompt_toolkit.completion import Completer, Completion

    class Paths(Completer):
        """Completes the path before the cursor."""

        def get_completions(self, document: Any, complete_event: Any) -> Iterable[Completion]:
            word = paths.last_word(document.text_before_cursor)
            for path in paths.completions(word):
                name = path.rstrip("/").rpartition("/")[2] + ("/" if path.endswith("/") else "")
                yield Completion(path, start_position=-len(word), display=name)

    return Paths()
