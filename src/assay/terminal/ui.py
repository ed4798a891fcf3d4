"""The menu below a proposal: one key for each thing that can be done with it. Nothing runs unless a key says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from assay.core.errors import AssayError
from assay.terminal import clipboard, execute, lines
from assay.terminal.keyboard import END, ENTER, Keys
from assay.terminal.look import INDENT, Look
from assay.terminal.proposal import assessed
from assay.terminal.showing import commands, refusal
from assay.terminal.visible import visible

if TYPE_CHECKING:
    from assay.terminal.preview import Preview
    from assay.terminal.proposal import Item, Proposal

ASKS = 2  # rank from which Enter does not run
UNBOUNDED = "unbounded"
WORD = re.compile(r"(?:\"[^\"]*\"|'[^']*'|[^\s\"';|&])+")
DONE, FAILED, INTERRUPTED = 0, 1, 130
KEYS = {"e": "execute", "t": "try", "d": "edit", "r": "revise", "x": "explain", "c": "copy", "q": "quit"}
WITHOUT = {"r": KEYS["r"], "q": KEYS["q"]}  # where there is no command


class Aid(Protocol):
    """What the menu has done by others."""

    def ask(self, request: str) -> Proposal:
        """Ask again, with a revised request."""

    def preview(self, proposal: Proposal) -> Preview:
        """Try the commands, show what they would change."""

    def explain(self, item: Item) -> None:
        """Show what a command does."""

    def note(self, what: str, proposal: Proposal, **about: Any) -> None:
        """Keep in the log what was done."""


@dataclass
class Menu:
    """A proposal on a terminal, and what is done with it.

    Parameters
    ----------
    proposal : Proposal
    aid : Aid
    look : Look
    write : callable
        Writes a line.
    """

    proposal: Proposal
    aid: Aid
    look: Look
    write: Callable[[str], object] = print
    preview: Preview | None = field(default=None, init=False)
    _fresh: bool = field(default=True, init=False)

    def run(self) -> int:
        """Show the proposal and do what keys say; returns the exit code."""
        while True:
            key = self._asked()
            if key == "q":
                return DONE if self.proposal.ok else FAILED
            try:
                code = self._do(key)
            except AssayError as error:
                self.write(self.look("error: ", "bold", "red") + error.message)
                for line in error.hint.splitlines():
                    self.write(INDENT + line)
                continue
            if code is not None:
                return code

    def _do(self, key: str) -> int | None:
        if key.isdecimal():
            return self._choose(int(key))
        return {"e": self._execute, "t": self.try_out, "d": self._edit, "r": self._revise, "x": self._explain,
                "c": self._copy}[key]()

    # -- asking for a key

    @property
    def keys(self) -> dict[str, str]:
        """The keys that do something now."""
        if not self.proposal.ok:
            return WITHOUT
        if self._choice:
            return {**{str(item.seq): "" for item in self.proposal.items}, **WITHOUT}
        return KEYS

    @property
    def _choice(self) -> bool:
        return self.proposal.found and len(self.proposal.items) > 1

    @property
    def default(self) -> str:
        """What Enter does: run what only reads or can be undone, and what a model was asked for; else nothing."""
        runs = self.proposal.ok and not self.proposal.found and self.proposal.rank < ASKS
        return "e" if runs and not any(item.hidden for item in self.proposal.items) else "q"

    def _asked(self) -> str:
        with Keys() as keyboard:
            self._show(keyboard.lines)
            while True:
                key = keyboard.key()
                key = {ENTER: self.default, END: "q"}.get(key, key)
                if key in self.keys:
                    break
                self.write(f"one of {' '.join(self.keys)}")
                self._prompt(keyboard.lines)
            if not keyboard.lines:
                self.write(self.keys[key] or key)
        return key

    def show(self) -> None:
        """Show the proposal, unless it was shown."""
        if self._fresh:
            self.write("")
            for line in commands(self.proposal, self.look) if self.proposal.ok else refusal(self.proposal, self.look):
                self.write(line)
            self._fresh = False

    def _show(self, simple: bool) -> None:
        self.show()
        self.write("")
        self.write(INDENT + self._legend())
        self._prompt(simple)

    def _legend(self) -> str:
        keys = [f"{self.look(key, 'bold', 'cyan')} {word}" for key, word in self.keys.items() if word]
        if self._choice:
            keys.insert(0, f"{self.look(f'1-{len(self.proposal.items)}', 'bold', 'cyan')} choose")
        return "  ".join(keys) + "   " + self.look(f"Enter: {self.keys[self.default]}", "dim")

    def _prompt(self, simple: bool) -> None:
        print(INDENT + ("a key, then Enter > " if simple else self.look("> ", "bold")), end="", flush=True)

    # -- what keys do

    def _choose(self, number: int) -> None:
        item = self.proposal.items[number - 1]
        self.proposal, self._fresh = self.proposal.only(item), True
        if item.open:
            self._edit()

    def _execute(self) -> int | None:
        items = self.proposal.items
        for item in items:
            if item.hidden:
                self.write(f"{INDENT}not run: command {item.seq} holds characters that cannot be seen; d edits it")
                return None
            if item.open:
                self.write(f"{INDENT}not run: {' '.join(f'{{{slot}}}' for slot in item.open)} is still open; "
                           "d edits the command")
                return None
            if not all(self._typed(target) for target in targets(item)):
                self.write(f"{INDENT}not run")
                return None
        if self.preview is not None and self.preview.outdated():
            self.write(f"{INDENT}{self.preview.folder} has changed since the command was tried there")
        _, remark = execute.shell_of()
        if remark:
            self.write(INDENT + self.look(remark, "dim"))
        return self._run([item.command for item in items])

    def _run(self, texts: list[str]) -> int | None:
        try:
            ran = execute.run(texts)
        except (OSError, ValueError) as error:
            raise AssayError(f"the shell cannot be started: {error}", "d edits the command, c copies it") from error
        self.aid.note("executed", self.proposal, rc=ran.rc, at=ran.at)
        if ran.ok:
            return DONE
        self.write(self.look(ran.told(), "bold", "red"))
        return INTERRUPTED if ran.interrupted else FAILED

    def _typed(self, target: str) -> bool:
        self.write(f"{INDENT}{self.look.level(UNBOUNDED)} to run it, type what it acts on:  "
                   f"{self.look(visible(target), 'bold')}")
        return " ".join((lines.edit(INDENT + "> ") or "").split()) == target

    def try_out(self) -> None:
        """Show what the commands would change."""
        self.preview = self.aid.preview(self.proposal)

    def _edit(self) -> None:
        item = self._one()
        if item is None:
            return
        text = lines.edit(INDENT + "edit: ", item.shown)
        if text is None or not text.strip() or text == item.shown:
            self.write(f"{INDENT}as it was")
            return
        self.proposal, self._fresh, self.preview = self.proposal.edited(item, text), True, None

    def _one(self) -> Item | None:
        """Return the only command, or the one of the number that is given."""
        items = self.proposal.items
        if len(items) == 1:
            return items[0]
        number = (lines.edit(f"{INDENT}which, 1-{len(items)}? ") or "").strip()
        if number.isdecimal() and 1 <= int(number) <= len(items):
            return items[int(number) - 1]
        self.write(f"{INDENT}as it was")
        return None

    def _revise(self) -> None:
        text = lines.edit(INDENT + "request: ", self.proposal.request)
        if text is None or not text.strip():
            self.write(f"{INDENT}as it was")
            return
        self.proposal, self._fresh, self.preview = self.aid.ask(text.strip()), True, None

    def _explain(self) -> None:
        for item in self.proposal.items:
            self.write("")
            self.aid.explain(item)

    def _copy(self) -> None:
        import sys

        text = "\n".join(item.shown for item in self.proposal.items)
        how = clipboard.copy(text, sys.stdout)
        told = {"": "not copied: no clipboard program is here, and this terminal takes none",
                clipboard.TERMINAL: "handed to the terminal's clipboard (OSC 52; some terminals have it off)"}
        self.write(INDENT + told.get(how, f"copied ({how})"))


def targets(item: Item) -> list[str]:
    """Return what has to be typed before a command without bound runs: what it acts on, each once.

    That is the path or device in the part that was found, else that part, else the whole command.
    """
    wanted = []
    for finding in item.risk.findings:
        if finding.level == UNBOUNDED:
            part = finding.text if " " in finding.text else item.command
            wanted += _unbounded_words(finding.text) or [" ".join(part.split())]
    return list(dict.fromkeys(wanted))


def _unbounded_words(text: str) -> list[str]:
    """Return the words of a part that have no bound by themselves."""
    words = WORD.findall(text)[1:]
    paths = [word.partition("=")[2] if "=" in word else word for word in words if not word.startswith("-")]
    return [path for path in paths if path and assessed(f"rm -r -- {path}").level == UNBOUNDED]
