"""Keeping what was asked and answered: the log must never stand in the way of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.core.errors import AssayError
from assay.terminal.history import History


@dataclass
class Log:
    """An entry of the history that grows. Everything handed over holds placeholders for secrets already.

    Parameters
    ----------
    note : callable
        Says that something could not be kept; once.
    history : History
    entry : int
        Id of the entry, 0 before it begins.
    """

    note: Callable[[str], object]
    history: History = field(default_factory=History)
    entry: int = 0
    _broken: bool = field(default=False, init=False)

    def turn(self, kind: str, model: str, title: str, asked: str, answered: str, about: Mapping[str, Any]) -> None:
        """Keep a question and its answer; the first one begins the entry."""
        def keep() -> None:
            if not self.history.on:
                return
            self.entry = self.entry or self.history.begin(kind, model, title)
            self.history.add(self.entry, "user", asked)
            self.history.add(self.entry, "assistant", answered, **about)

        self._try(keep)

    def add(self, role: str, text: str, **about: Any) -> None:
        """Keep a further part of the entry, if there is one."""
        if self.entry:
            self._try(lambda: self.history.add(self.entry, role, text, **about))

    def _try(self, keep: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            keep()
        except AssayError as error:
            self._broken = True
            self.note(f"not kept in the log: {error.message}")
