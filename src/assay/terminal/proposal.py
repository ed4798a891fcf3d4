"""What is put before the user: commands with their risk, where they come from, what it took to get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assay.terminal.visible import visible

if TYPE_CHECKING:
    from assay.terminal.asking import Asked
    from assay.terminal.retrieve import Found
    from assay.terminal.risk import Risk

SCHEMA = 1


@dataclass(frozen=True)
class Item:
    """One command.

    Parameters
    ----------
    seq : int
        Its place, from 1.
    command : str
        As the model sent it, secrets put back.
    risk : Risk
    explanations : tuple of str
    arguments : mapping
        Argument -> what it does.
    marks : tuple of str
        Parts that come from piped text.
    recipe : str, optional
        Id of the recipe it was found in.
    task : str
        The recipe's task.
    open : tuple of str
        Slots that nothing was found for.
    """

    seq: int
    command: str
    risk: Risk
    explanations: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    recipe: str | None = None
    task: str = ""
    open: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        r"""The command without anything a terminal would act on: such characters as ``\u{1b}``."""
        return visible(self.command, spaces=True)

    @property
    def hidden(self) -> bool:
        """Whether what is shown is not what would run."""
        return self.shown != self.command

    def to_json(self) -> dict[str, Any]:
        """Return a command of ``cmd --json``."""
        return {"seq": self.seq, "command": self.shown, "explanations": [prose(text) for text in self.explanations],
                "arguments": {visible(name): prose(text) for name, text in self.arguments.items()},
                "risk": shown_risk(self.risk), "marks": [visible(mark) for mark in self.marks], "recipe": self.recipe}


@dataclass(frozen=True)
class Proposal:
    """An answer to a request.

    Parameters
    ----------
    request : str
    source : str
        ``generated`` by a model, or ``found`` among recipes: then the items are alternatives, not a list to be run.
    status : str
        ``ok``, ``refused`` or ``unusable``, with the `reason`.
    items : tuple of Item
    model, variant, via, requests, usage, cost_usd, seconds, first_token_seconds, redacted
        As ``cmd --json`` shows them.
    touched : bool
        Whether the user changed or chose a command.
    """

    request: str
    source: str
    status: str
    items: tuple[Item, ...] = ()
    model: str = ""
    variant: str | None = None
    via: str = "none"
    reason: str = ""
    requests: int = 0
    usage: Mapping[str, int | None] = field(default_factory=lambda: {"input_tokens": None, "output_tokens": None})
    cost_usd: float | None = None
    seconds: float = 0.0
    first_token_seconds: float | None = None
    redacted: Sequence[Mapping[str, str]] = ()
    touched: bool = False

    @property
    def ok(self) -> bool:
        """Whether there are commands."""
        return self.status == "ok"

    @property
    def found(self) -> bool:
        """Whether the commands were looked up, not made."""
        return self.source == "found"

    @property
    def rank(self) -> int:
        """The highest rank of the commands."""
        return max((item.risk.rank for item in self.items), default=0)

    def only(self, item: Item) -> Proposal:
        """Return the proposal with one of its items."""
        return replace(self, items=(replace(item, seq=1),), touched=True)

    def edited(self, item: Item, command: str) -> Proposal:
        """Return the proposal with another text for an item: assessed again, and no longer explained."""
        still_open = tuple(slot for slot in item.open if f"{{{slot}}}" in command)
        new = Item(item.seq, command, item.risk, task=item.task, recipe=item.recipe, open=still_open)
        items = [new if one is item else one for one in self.items]
        risks = assessed_all([one.command for one in items])
        return replace(self, touched=True, items=tuple(replace(one, risk=risk) for one, risk in
                                                       zip(items, risks, strict=True)))

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``cmd --json``."""
        return {"schema": SCHEMA, "request": prose(self.request), "source": self.source, "model": self.model,
                "variant": self.variant, "status": self.status, "commands": [item.to_json() for item in self.items],
                "via": self.via, "reason": prose(self.reason), "requests": self.requests, "usage": dict(self.usage),
                "cost_usd": self.cost_usd, "seconds": round(self.seconds, 3),
                "first_token_seconds": self.first_token_seconds, "redacted": [dict(one) for one in self.redacted]}


def assessed(command: str) -> Risk:
    """Return the risk of a command in the current folder."""
    from assay.terminal.risk import assess

    return assess(command)


def assessed_all(commands: Sequence[str]) -> list[Risk]:
    """Return the risk of each command of a list that one shell runs: what came before it counts (``cd /``)."""
    from assay.terminal.risk import LEVELS, Risk
    from assay.terminal.risk.levels import ORDER, worst

    alone, together = [assessed(command) for command in commands], assessed("\n".join(commands))
    if len(commands) < 2 or together.parse == "error":
        return alone
    risks, start = [], 0
    for command, risk in zip(commands, alone, strict=True):
        end = start + len(command)
        inside = tuple(replace(finding, start=finding.start - start, end=finding.end - start)
                       for finding in together.findings if start <= finding.start and finding.end <= end)
        level = worst(finding.level for finding in inside)
        worse = ORDER.index(level) > ORDER.index(risk.level)
        risks.append(Risk(level, LEVELS[level], inside, "ok", command) if worse else risk)
        start = end + 1
    return risks


def shown_risk(risk: Risk) -> dict[str, Any]:
    """Return a risk as JSON that may be shown as it is."""
    document = risk.to_json()
    findings = [{**finding, "text": visible(finding["text"], spaces=True), "why": visible(finding["why"], spaces=True)}
                for finding in document["findings"]]
    return {**document, "command": visible(document["command"], spaces=True), "findings": findings}


def prose(text: str) -> str:
    """Return what a model says, without colours and whatever else a terminal would act on."""
    return visible(text, strip=True)


def from_recipes(request: str, found: Sequence[Found], seconds: float = 0.0) -> Proposal:
    """Return recipes as a proposal: alternatives, with what the request names in their slots."""
    items = tuple(_from_recipe(seq, one) for seq, one in enumerate(found, start=1))
    status, reason = ("ok", "") if items else ("refused", "no recipe is near this request")
    return Proposal(request, "found", status, items, "recipes", via="raw" if items else "none", reason=reason,
                    seconds=seconds)


def _from_recipe(seq: int, one: Found) -> Item:
    command = one.filled.command if one.filled else one.command
    explained = one.explanation + (f" ({one.credit})" if one.credit else "")
    return Item(seq, command, assessed(command), (explained,), recipe=one.recipe_id,
                task=one.task, open=() if one.filled else one.slots)


def from_model(request: str, asked: Asked) -> Proposal:
    """Return a model's answer as a proposal."""
    risks = assessed_all([one.command for one in asked.commands])
    items = tuple(Item(one.seq, one.command, risk, tuple(one.explanations), dict(one.arguments), marks)
                  for one, risk, marks in zip(asked.commands, risks, asked.marks, strict=True))
    usage = {"input_tokens": asked.usage.input_tokens, "output_tokens": asked.usage.output_tokens}
    return Proposal(request, asked.source, asked.status, items, asked.model, asked.variant, asked.via, asked.reason,
                    asked.requests, usage, asked.cost_usd, asked.seconds, asked.first_token_seconds,
                    tuple(asked.redacted))
