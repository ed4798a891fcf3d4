"""What a command does: its parts, its risk and recipes like it, known without a model; and a model's words."""

from __future__ import annotations

import re
import secrets
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assay.terminal.look import INDENT, Look
from assay.terminal.proposal import assessed, shown_risk
from assay.terminal.recipebook import SLOT, Recipe
from assay.terminal.visible import visible

if TYPE_CHECKING:
    from assay.terminal.models import LanguageModel
    from assay.terminal.redact import Redactor
    from assay.terminal.wire.types import Reply

ANSWER = 700  # tokens
ALIKE = 2  # recipes that are shown
SHORT = re.compile(r"-[A-Za-z]{2,4}")
WORD = re.compile(r"[^\s'\"`$(){};|&<>]+")
WIDEST = 28  # columns of a part beside what it is


@dataclass
class Explanation:
    """What is known of a command.

    Parameters
    ----------
    command : str
    """

    command: str
    reply: Reply | None = field(default=None, init=False)

    @cached_property
    def parts(self) -> Sequence[tuple[str, str]]:
        """The parts of the command in order, each with what it is."""
        from assay.terminal.anatomy import explain_tree

        return explain_tree(self.command)

    @cached_property
    def recipes(self) -> Sequence[Recipe]:
        """Recipes with much the same command."""
        from assay.terminal.recipebook import recipes

        own = _words(self.command)
        near = [(_likeness(own, _words(recipe.shown)), recipe) for recipe in recipes()]
        best = sorted((found for found in near if found[0] > 0), key=lambda found: -found[0])
        return [recipe for _, recipe in best[:ALIKE]]

    def words(self, model: LanguageModel, redactor: Redactor) -> Generator[str, None, None]:
        """Yield a model's explanation in pieces; secrets are placeholders in it.

        Raises
        ------
        ProviderError
        """
        for delta in model.stream(messages(redactor.redact(self.command), model.kind), max_tokens=ANSWER):
            if delta.text:
                yield delta.text
            self.reply = delta.reply or self.reply

    def to_json(self) -> dict[str, Any]:
        """Return what is known without a model."""
        return {"command": visible(self.command, spaces=True), "risk": shown_risk(assessed(self.command)),
                "parts": [{"text": visible(text, spaces=True), "what": visible(what)} for text, what in self.parts],
                "recipes": [{"id": one.id, "task": one.tasks[0], "command": one.shown, "explanation": one.explanation}
                            for one in self.recipes]}


def _words(command: str) -> list[str]:
    """Return the words of a command, short options each by itself, values left out.

    >>> _words("tar -xzf {archive} -C /tmp")
    ['tar', '-x', '-z', '-f', '-C', '/tmp']
    """
    words = [word for word in WORD.findall(SLOT.sub("", command)) if any(map(str.isalnum, word))]
    parts = ([f"-{letter}" for letter in word[1:]] if SHORT.fullmatch(word) else [word] for word in words)
    return [part for some in parts for part in some]


def _likeness(own: Sequence[str], other: Sequence[str]) -> float:
    """Return how many words of a recipe a command has, less those it has not; nothing for another program."""
    if not own or not other or own[0] != other[0]:
        return 0.0
    common = len(set(own) & set(other))
    missing = len(set(other)) - common
    return common - missing if common > 1 and common > missing else 0.0


def messages(command: str, kind: str = "instruct") -> list[dict[str, str]]:
    """Return the question to a model: the command is data, between two lines that nobody can foresee."""
    from assay.terminal.context import here
    from assay.terminal.prompts.components import component, filled

    context, fence = here(), secrets.token_hex(8)
    parts = component("talk")["explain"]
    system = filled(parts["text"], machine=context.machine, shell=context.shell, fence=fence)
    turn = filled(parts["turn"], fence=fence, command=command)
    if kind == "base":
        return [{"role": "user", "content": f"{system}\n\nUser: {turn}\n\nAssistant:"}]
    return [{"role": "system", "content": system}, {"role": "user", "content": turn}]


def parts(found: Sequence[tuple[str, str]], look: Look) -> Iterator[str]:
    """Yield the parts of a command as lines: a short part beside what it is, a long one above."""
    texts = [" ".join(visible(text, spaces=True).split()) for text, _ in found]
    column = max((len(text) for text in texts if len(text) <= WIDEST), default=0)
    for text, (_, what) in zip(texts, found, strict=True):
        indent = INDENT + " " * (column + 2)
        if len(text) <= column:
            first = f"{INDENT}{look(text, 'bold')}{' ' * (column - len(text) + 2)}"
            lines = look.lines(visible(what), indent)
            yield first + lines[0].strip()
            yield from lines[1:]
        else:
            yield INDENT + look(text, "bold")
            yield from look.lines(visible(what), indent)


def alike(found: Sequence[Recipe], look: Look) -> Iterator[str]:
    """Yield recipes as lines."""
    for one in found:
        yield f"{INDENT}{look(one.shown, 'bold')}"
        yield from look.lines(f"{one.tasks[0]}: {one.explanation}", INDENT + "  ")
