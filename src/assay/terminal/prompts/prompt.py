"""A prompt: turns, and what they are as messages to a model that chats or to one that only continues text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from assay.terminal import trim
from assay.terminal.answer import Mode
from assay.terminal.prompts.components import Variant, component, filled

STOP = "User:"
AROUND = 4  # tokens that a turn costs besides its text: who speaks, where it ends


@dataclass(frozen=True)
class Prompt:
    """What is sent.

    Parameters
    ----------
    variant : Variant
    turns : sequence of {"role", "content"}
        System text first, examples, the request; maybe a bad reply and what was wrong with it.
    digest : str
        Of the variant.
    newest : int
        How many turns at the end belong to the request and are never dropped.
    """

    variant: Variant
    turns: Sequence[Mapping[str, str]]
    digest: str
    schema: Mapping[str, Any] | None = None
    newest: int = 1

    @cached_property
    def messages(self) -> list[dict[str, str]]:
        """The messages: the turns, or one message that holds the whole transcript."""
        if self.variant.style == "chat":
            return [dict(turn) for turn in self.turns]
        names = {"user": "User: ", "assistant": "Assistant: ", "system": ""}
        said = [names[turn["role"]] + turn["content"] for turn in self.turns]
        return [{"role": "user", "content": "\n\n".join([*said, "Assistant:"])}]

    @property
    def mode(self) -> Mode:
        """Regular or fast: how the reply is to be read."""
        return self.variant.mode

    @property
    def stop(self) -> tuple[str, ...]:
        """Texts that end the answer."""
        return (STOP,) if self.variant.style == "completion" else ()

    @property
    def tokens(self) -> int:
        """Estimate of the tokens of the messages."""
        return sum(trim.tokens(message["content"]) + AROUND for message in self.messages)

    def fitted(self, budget: int) -> Prompt:
        """Return the prompt with `budget` tokens of turns at most: examples go first, then the request's middle.

        Raises
        ------
        ValueError
            If the budget has no token for a turn.
        """
        room = budget - AROUND * len(self.turns)
        return replace(self, turns=tuple(trim.trim(self.turns, room, self.newest)))

    def repaired(self, reply: str, problem: str) -> Prompt:
        """Return the prompt of the second call: the same, the bad reply, and what is wrong with it."""
        complaint = filled(component("reasoning")["repair"]["text"], problem=problem)
        # Providers refuse a turn without text.
        turns = [*self.turns, {"role": "assistant", "content": reply.strip() or "(nothing)"},
                 {"role": "user", "content": complaint}]
        return replace(self, turns=tuple(turns), newest=self.newest + 2)
