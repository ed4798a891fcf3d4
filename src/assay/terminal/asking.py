"""From a request to an answer: redact, render, fit, ask, read, ask once more if the answer cannot be used, restore."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.errors import LOAD, AssayError
from assay.terminal import answer as answers
from assay.terminal.answer import Answer, Command, Status, Via
from assay.terminal.context import Context, here
from assay.terminal.outside import marks
from assay.terminal.prompts import DEFAULT, Example, Prompt, Variant, render
from assay.terminal.redact import Redactor
from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.types import Reply, Usage

if TYPE_CHECKING:
    from assay.terminal.models import LanguageModel

SHOTS = 3  # recipes shown where a variant says "retrieved" and nobody says how many
LONGEST = {"regular": 1024, "fast": 512}  # tokens of an answer; a third of the context where that is less
CUT = "length"  # why a reply ended that reached the most tokens


@dataclass(frozen=True)
class Asked:
    """What became of a request.

    Parameters
    ----------
    request : str
        As it was sent: with placeholders for secrets.
    model, variant, digest : str
        Name of the model, of the prompt's variant, and the variant's digest.
    status : {"ok", "refused", "unusable"}
    commands : tuple of Command
        With secrets put back.
    via : {"raw", "extracted", "repaired", "none"}
    reason : str
    marks : tuple of tuple of str
        For each command, what in it comes from piped text.
    requests : int
        Calls to the model.
    usage : Usage
        Of all calls.
    cost_usd : float, optional
        None where the model has no price.
    seconds, first_token_seconds : float
        Of all calls; of the first call to its first text, None where nothing was streamed.
    redacted : tuple of dict
        ``placeholder`` and ``kind`` of each secret that stayed here.
    messages : tuple of dict
        What was sent last: after a repair it holds the bad reply too.
    replies : tuple of str
        What the model said, as it said it.
    answer : Answer
        The answer before secrets were put back: what a log may keep.
    """

    request: str
    model: str
    variant: str
    digest: str
    status: Status
    commands: tuple[Command, ...]
    via: Via
    reason: str
    marks: tuple[tuple[str, ...], ...]
    requests: int
    usage: Usage
    cost_usd: float | None
    seconds: float
    first_token_seconds: float | None
    redacted: tuple[dict[str, str], ...]
    messages: tuple[dict[str, str], ...]
    replies: tuple[str, ...]
    answer: Answer
    source: str = "generated"


@dataclass(frozen=True)
class Question:
    """A prompt that is ready to be sent, and how.

    Parameters
    ----------
    prompt : Prompt
        Fits `budget`.
    request : str
        As it stands in the prompt.
    budget : int
        Tokens that the prompt may have.
    sampling : dict
        What the model's `complete` takes besides messages.
    """

    prompt: Prompt
    request: str
    budget: int
    sampling: dict[str, Any]


def question(model: LanguageModel, request: str, redactor: Redactor, *, variant: str | None = None,
             shots: str | int | None = None, data: str | None = None, context: Context | None = None,
             temperature: float | None = 0.0, recipes: Path | None = None) -> Question:
    """Return what `ask` would send, secrets replaced; nothing is sent. The parameters are those of `ask`.

    Raises
    ------
    AssayError
        If there is no such variant, or the model's context has no room for any prompt.
    """
    name = chosen(variant or model.variant or DEFAULT, shots)
    asked, outside = redactor.redact(request), None if data is None else redactor.redact(data)
    count = SHOTS if shots is None or not str(shots).isdecimal() else int(shots)
    examples = shown_recipes(asked, count, recipes) if "-retrieved-" in name else None
    prompt = render(name, asked, context or here(), model_kind=model.kind, examples=examples, data=outside,
                    fence=secrets.token_hex(8) if data is not None else "")
    longest = min(LONGEST[prompt.mode], model.context // 3)
    budget = model.context - longest
    return Question(_fitted(prompt, budget, model), asked, budget, {
        "temperature": temperature, "max_tokens": longest, "stop": prompt.stop, "schema": prompt.schema})


def ask(model: LanguageModel, request: str, *, variant: str | None = None, shots: str | int | None = None,
        data: str | None = None, context: Context | None = None, temperature: float | None = 0.0,
        redactor: Redactor | None = None, on_delta: Callable[[str], object] | None = None,
        recipes: Path | None = None) -> Asked:
    """Ask a model for commands.

    Parameters
    ----------
    model : LanguageModel
    request : str
    variant : str, optional
        Of the prompt; the model's own, or the default.
    shots : str or int, optional
        "few", "zero", or how many recipes to show, in place of what the variant says.
    data : str, optional
        Text from outside that goes with the request.
    context : Context, optional
        Default: this machine, now.
    temperature : float, optional
    redactor : Redactor, optional
        Default: one for this request, with the environment's secrets.
    on_delta : callable, optional
        Receives pieces of the answer as they come; without it the answer is waited for.
    recipes : path, optional
        A checkout of tldr-pages to take the shown recipes from.

    Raises
    ------
    ProviderError
        If the model gives no answer.
    AssayError
        If there is no such variant, or the model's context has no room for any prompt.
    """
    redactor = redactor or Redactor()
    asked = question(model, request, redactor, variant=variant, shots=shots, data=data, context=context,
                     temperature=temperature, recipes=recipes)
    calls = _Calls(model, asked, on_delta)
    found = calls.answer(asked.prompt)
    if found.status == "unusable":
        again = calls.answer(asked.prompt.repaired(calls.replies[-1].text, found.reason))
        found = again if again.status == "unusable" else replace(again, via="repaired")
    commands = tuple(_restored(command, redactor) for command in found.commands)
    return Asked(
        asked.request, model.name, asked.prompt.variant.name, asked.prompt.digest, found.status, commands, found.via,
        redactor.restore(found.reason), tuple(tuple(marks(one.command, request, data or "")) for one in commands),
        calls.count, calls.usage, calls.cost, calls.seconds, calls.replies[0].first_token_seconds,
        tuple(redactor.found), tuple(calls.messages), tuple(reply.text for reply in calls.replies), found)


def chosen(variant: str, shots: str | int | None) -> str:
    """Return the variant with other examples: "few", "zero", or a number of recipes (0 is none).

    Raises
    ------
    AssayError
        If there is no such variant or way.

    >>> chosen("regular-few-chat", 2)
    'regular-retrieved-chat'
    """
    made = Variant.named(variant)
    if shots is None:
        return variant
    way = str(shots)
    if way.isdecimal():
        way = "retrieved" if int(way) else "zero"
    if way not in ("few", "zero", "retrieved"):
        raise AssayError(f"shots is {shots!r}: expected few, zero, or how many recipes to show")
    return replace(made, shots=way).name


def shown_recipes(request: str, count: int = SHOTS, folder: Path | None = None) -> list[Example]:
    """Return the recipes nearest to a request as examples, the nearest last; slots in capitals."""
    from assay.terminal.retrieve import search

    return [Example(_capitals(one.task, one.slots), [
        {"command": _capitals(one.command, one.slots), "explanation": one.explanation}])
        for one in reversed(search(request, count, folder))]


def _capitals(text: str, slots: Sequence[str]) -> str:
    for slot in slots:
        text = text.replace(f"{{{slot}}}", slot.upper())
    return text


def _fitted(prompt: Prompt, budget: int, model: LanguageModel) -> Prompt:
    try:
        return prompt.fitted(budget)
    except ValueError:
        raise AssayError(f"{model.name}: a context of {model.context} tokens has no room for a request",
                         "choose another model, or correct the context that its entry says", LOAD) from None


def _restored(command: Command, redactor: Redactor) -> Command:
    return Command(command.seq, redactor.restore(command.command), tuple(map(redactor.restore, command.explanations)),
                   {redactor.restore(name): redactor.restore(text) for name, text in command.arguments.items()})


@dataclass
class _Calls:
    """The calls of one request: one, or two if the answer cannot be used; one more of each if it was too long."""

    model: LanguageModel
    asked: Question
    on_delta: Callable[[str], object] | None
    replies: list[Reply] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    count: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.budget = self.asked.budget

    def answer(self, prompt: Prompt) -> Answer:
        """Send a prompt, at half its length where the model says it is too long; read the reply."""
        try:
            reply = self._reply(_fitted(prompt, self.budget, self.model))
        except ProviderError as error:
            if not error.too_long:
                raise
            self.budget //= 2
            reply = self._reply(_fitted(prompt, self.budget, self.model))
        self.replies.append(reply)
        found = answers.parse(reply.text, prompt.mode)
        cut = found.status == "unusable" and reply.stop == CUT
        return replace(found, reason=answers.CUT_OFF) if cut else found

    def _reply(self, prompt: Prompt) -> Reply:
        self.messages, self.count = prompt.messages, self.count + 1
        began = time.perf_counter()
        try:
            if self.on_delta is None:
                return self.model.complete(prompt.messages, **self.asked.sampling)
            return self._streamed(prompt, self.on_delta)
        finally:
            self.seconds += time.perf_counter() - began

    def _streamed(self, prompt: Prompt, on_delta: Callable[[str], object]) -> Reply:
        for delta in self.model.stream(prompt.messages, **self.asked.sampling):
            if delta.text:
                on_delta(delta.text)
            if delta.reply is not None:
                return delta.reply
        return Reply("")

    @property
    def usage(self) -> Usage:
        """Tokens of all calls; None where no call told."""
        return Usage(*(sum(told) if (told := [count for count in counts if count is not None]) else None
                       for counts in ([reply.usage.input_tokens for reply in self.replies],
                                      [reply.usage.output_tokens for reply in self.replies])))

    @property
    def cost(self) -> float | None:
        """Price of all calls, None where one has none."""
        costs = [self.model.cost(reply.usage) for reply in self.replies]
        return None if None in costs else sum(cost for cost in costs if cost is not None)
