"""A conversation with a model: what is sent fits its context, secrets stay here, an answer comes in pieces."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.terminal import trim
from assay.terminal.wire.errors import ProviderError

if TYPE_CHECKING:
    from assay.terminal.context import Context
    from assay.terminal.models import LanguageModel
    from assay.terminal.redact import Redactor

TEMPERATURE = 0.2
ANSWER = 2048  # tokens of an answer at most; a third of the context where that is less
AROUND = 4  # tokens that a turn costs besides its text
STOPS = ("User:",)
STOPPED = "\n\n(stopped)"


def system_text(context: Context) -> str:
    """Return what a model is told before a conversation."""
    from assay.terminal.prompts.components import component, filled

    return filled(component("talk")["chat"]["text"], machine=context.machine, shell=context.shell, now=context.now)


def with_data(text: str, data: str) -> str:
    """Return a turn with text from outside behind it, between two lines that nobody can foresee."""
    from assay.terminal.prompts.components import component, filled

    return text + "\n\n" + filled(component("context")["data"], fence=secrets.token_hex(8), data=data)


@dataclass
class Conversation:
    """Turns with a model.

    Parameters
    ----------
    model : LanguageModel
    system : str
    redactor : Redactor
        One for the whole conversation.
    temperature : float
    turns : list of {"role", "content"}
        As they were sent and received: with placeholders for secrets.
    """

    model: LanguageModel
    system: str
    redactor: Redactor
    temperature: float = TEMPERATURE
    turns: list[dict[str, str]] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def restore(self, turns: Sequence[dict[str, str]]) -> None:
        """Take up turns of an earlier time. Their placeholders keep their numbers: new secrets get others."""
        for turn in turns:
            self.redactor.reserve(turn["content"])
        self.turns += turns

    @property
    def answer_tokens(self) -> int:
        """Most tokens of an answer."""
        return min(ANSWER, self.model.context // 3)

    def messages(self, part: float = 1.0) -> list[dict[str, str]]:
        """Return what is sent: the system text and the newest turns that fit into a part of the context."""
        all_turns = [{"role": "system", "content": self.system}, *self.turns]
        room = int((self.model.context - self.answer_tokens) * part) - AROUND * len(all_turns)
        kept = trim.trim(all_turns, max(room, len(all_turns)))
        return kept if self.model.kind == "instruct" else [{"role": "user", "content": _transcript(kept)}]

    def ask(self, text: str, data: str = "") -> Generator[str, None, None]:
        """Say something, yield the answer in pieces; both become part of the conversation.

        The pieces hold placeholders where there are secrets. A question that gets no answer is taken back; of an
        answer that is stopped (Ctrl-C, or the iterator is closed) what came so far stays.

        Raises
        ------
        ProviderError
        """
        question = self.redactor.redact(text)
        if data:
            question = with_data(question, self.redactor.redact(data))
        self.turns.append({"role": "user", "content": question})
        pieces: list[str] = []
        try:
            yield from self._pieces(pieces)
        except (GeneratorExit, KeyboardInterrupt):
            self._keep("".join(pieces) + (STOPPED if pieces else ""))
            raise
        except BaseException:
            self._keep("")
            raise
        self._keep("".join(pieces))

    def _pieces(self, pieces: list[str]) -> Iterator[str]:
        """Ask; once more with half the turns where the model says it is too much."""
        for part in (1.0, 0.5):
            try:
                for piece in self._stream(part):
                    pieces.append(piece)
                    yield piece
                return
            except ProviderError as error:
                if pieces or part < 1 or not error.too_long:
                    raise

    def _stream(self, part: float) -> Iterator[str]:
        stops: Sequence[str] = () if self.model.kind == "instruct" else STOPS
        for delta in self.model.stream(self.messages(part), temperature=self.temperature,
                                       max_tokens=self.answer_tokens, stop=stops):
            if delta.text:
                yield delta.text
            if delta.reply is not None:
                self._count(delta.reply)

    def _count(self, reply: Any) -> None:
        cost = self.model.cost(reply.usage)
        self.input_tokens += reply.usage.input_tokens or 0
        self.output_tokens += reply.usage.output_tokens or 0
        if cost is not None:
            self.cost_usd = (self.cost_usd or 0.0) + cost
        self.about = {"stop": reply.stop, "cost_usd": cost, "usage": {
            "input_tokens": reply.usage.input_tokens, "output_tokens": reply.usage.output_tokens}}

    def _keep(self, answer: str) -> None:
        """Put the answer behind the question, or take the question back: never two questions in a row."""
        if answer.strip():
            self.turns.append({"role": "assistant", "content": answer})
        else:
            self.turns.pop()


def _transcript(messages: Sequence[dict[str, str]]) -> str:
    names = {"user": "User: ", "assistant": "Assistant: ", "system": ""}
    return "\n\n".join([names[message["role"]] + message["content"] for message in messages] + ["Assistant:"])
