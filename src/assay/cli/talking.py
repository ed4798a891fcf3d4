"""What ``assay chat`` does: begin or go on, at a terminal or once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.cli import streams
from assay.cli.errors import note

if TYPE_CHECKING:
    from assay.terminal.history import Entry, History

RECIPES = "recipes"


def run(text: str, go_on: str | None, model: str | None, offline: bool, temperature: float, timeout: float) -> int:
    """Talk; returns the exit code."""
    from assay.core.errors import AssayError, printable
    from assay.terminal.chat import Conversation, system_text
    from assay.terminal.choosing import choose
    from assay.terminal.context import here
    from assay.terminal.notebook import Log
    from assay.terminal.redact import Redactor
    from assay.terminal.talk import Talk

    streams.tolerant()
    at_terminal, text = streams.at_terminal(), printable(text)
    data = "" if at_terminal else streams.piped()
    if not at_terminal and not text.strip():
        text, data = data, ""
    if not at_terminal and not text.strip():
        raise AssayError("nothing to answer: expected TEXT, or a question on standard input", "assay chat TEXT")
    log = Log(note)
    before = _entry(log.history, go_on) if go_on else None
    chosen = choose(model or (before.model if before and not offline else None), offline, timeout)
    if chosen.wire == RECIPES:
        raise AssayError("the recipes cannot talk", "a model file works without a network: --model gguf:PATH")
    if chosen.retired:
        note(f"{chosen.name} is retired: {chosen.retired}")
    conversation = Conversation(chosen, system_text(here()), Redactor(), temperature)
    if before:
        log.entry = before.id
        conversation.restore([{"role": part.role, "content": part.text} for part in before.parts])
        note(f"goes on with {before.id}: {before.title}")
    talk = Talk(conversation, log, note)
    try:
        if not at_terminal:
            return talk.once(text.strip(), data)
        from assay.terminal.reader import reader

        return talk.at_terminal(reader(_asked(log.history)), text.strip())
    finally:
        chosen.close()


def _entry(history: History, go_on: str) -> Entry:
    """Return the conversation to go on with.

    Raises
    ------
    AssayError
        Exit code 5 if there is none.
    """
    from assay.core.errors import NOTHING, AssayError

    if go_on.isdecimal():
        entry = history.entry(int(go_on))
        if entry.kind != "chat":
            raise AssayError(f"entry {entry.id} of the log is no conversation", "assay log list shows which are",
                             NOTHING)
        return entry
    last = history.entries(1, "chat")
    if not last:
        raise AssayError("no conversation in the log to go on with", "assay chat begins one", NOTHING)
    return history.entry(last[0].id)


def _asked(history: History) -> list[str]:
    """Return what was said in conversations before; nothing where the log cannot be read."""
    from assay.core.errors import AssayError

    try:
        return history.asked("chat")
    except AssayError:
        return []
