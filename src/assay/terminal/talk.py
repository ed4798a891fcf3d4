"""A conversation at the terminal: what is typed, what is shown, what is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.core.errors import AssayError
from assay.terminal import streamed
from assay.terminal.look import Look, counted, money
from assay.terminal.visible import visible
from assay.terminal.wire.errors import ProviderError, told

if TYPE_CHECKING:
    from assay.terminal.chat import Conversation
    from assay.terminal.notebook import Log
    from assay.terminal.reader import Reader

ENDS = ("quit", "exit")


@dataclass
class Talk:
    """A conversation with somebody who reads along.

    Parameters
    ----------
    conversation : Conversation
    log : Log
    note : callable
        Says something that is no answer.
    """

    conversation: Conversation
    log: Log
    note: Callable[[str], object]
    answers: int = field(default=0, init=False)

    def clean(self, text: str) -> str:
        """Return the model's text as it is shown: secrets put back, nothing a terminal would act on."""
        return visible(self.conversation.redactor.restore(text), strip=True)

    # -- at a terminal

    def at_terminal(self, reader: Reader, first: str = "") -> int:
        """Talk until the user ends it; returns the exit code."""
        look = Look.of(sys.stdout)
        print(look(f"{self.conversation.model.name} · quit or Ctrl-D ends · Tab completes paths", "dim"))
        print()
        text = first
        while True:
            if text:
                self._turn(text)
            try:
                text = reader.read().strip()
            except KeyboardInterrupt:
                text = ""
                continue
            except EOFError:
                break
            if text.lower() in ENDS:
                break
            print()
        print(look(self._ended(), "dim"))
        return 0

    def _turn(self, text: str) -> None:
        """Ask, show the answer as it comes; a failure is told, and the conversation goes on."""
        pieces = self.conversation.ask(text)
        try:
            with closing(pieces):
                streamed.shown(pieces, self.clean, f"asking {self.conversation.model.name}")
        except KeyboardInterrupt:
            self.note("stopped; what came so far is kept")
        except ProviderError as error:
            self.note(f"error: {told(error, self.conversation.model)}")
            return
        self._log(text)

    def _ended(self) -> str:
        parts = [counted(self.answers, "answer"),
                 f"{self.conversation.input_tokens:,} + {self.conversation.output_tokens:,} tokens"
                 if self.conversation.output_tokens else "",
                 money(self.conversation.cost_usd),
                 f"assay chat -c {self.log.entry} goes on with it" if self.log.entry else ""]
        return " · ".join(part for part in parts if part)

    # -- elsewhere

    def once(self, text: str, data: str = "") -> int:
        """Ask one thing, write the answer to stdout as it is.

        Raises
        ------
        AssayError
            Exit code 4 if there is no answer; 1 if it is empty.
        """
        with closing(self.conversation.ask(text, data)) as pieces:
            try:
                some = streamed.in_lines("", pieces, self.clean)
            except ProviderError as error:
                sys.stdout.flush()
                raise told(error, self.conversation.model) from error
        self._log(text, data)
        if not some:
            raise AssayError(f"{self.conversation.model.name}: the answer is empty",
                             "ask in other words, or another model", 1)
        return 0

    def _log(self, text: str, data: str = "") -> None:
        turns = self.conversation.turns
        if len(turns) < 2 or turns[-1]["role"] != "assistant":
            return
        self.answers += 1
        self.log.turn("chat", self.conversation.model.name, self.conversation.redactor.redact(text),
                      turns[-2]["content"], turns[-1]["content"], self.conversation.about)
