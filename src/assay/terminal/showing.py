"""A proposal as lines of text: commands as they are, risk in words, explanation, what it took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.terminal.look import INDENT, Look, counted, money, plain_level
from assay.terminal.proposal import prose
from assay.terminal.visible import visible

if TYPE_CHECKING:
    from assay.terminal.proposal import Item, Proposal
    from assay.terminal.risk import Risk

NOTHING = "nothing is written or removed"
MORE = 2  # findings that are shown of a command; all are with x


def commands(proposal: Proposal, look: Look) -> Iterator[str]:
    """Yield the lines of a proposal with commands."""
    if proposal.found:
        yield INDENT + look("found among recipes, not generated; "
                            + ("choose one" if len(proposal.items) > 1 else "look before you run it"), "dim")
        yield ""
    numbered = len(proposal.items) > 1
    for item in proposal.items:
        if item.seq > 1:
            yield ""
        yield from _item(item, look, numbered)
    yield from _facts(proposal, look)


def _item(item: Item, look: Look, numbered: bool) -> Iterator[str]:
    first = f"{INDENT}{look(str(item.seq), 'bold', 'cyan')}  " if numbered else INDENT
    indent = INDENT + " " * (3 if numbered else 0)
    yield from look.code(item.shown, indent, first)
    yield from risk(item.risk, look, indent)
    for mark in item.marks:
        yield f"{indent}{look('!', 'bold', 'yellow')} {visible(mark)}"
    if item.open:
        slots = " ".join(f"{{{slot}}}" for slot in item.open)
        yield f"{indent}{look('!', 'bold', 'yellow')} to be filled in: {slots}"
    for text in item.explanations:
        yield from look.lines(prose(text), indent)


def risk(found: Risk, look: Look, indent: str = INDENT, most: int = MORE) -> Iterator[str]:
    """Yield the lines about a risk: its level, and why, the worst first."""
    level = look.level(found.level)
    reasons = _reasons(found)
    if not reasons:
        yield f"{indent}{level}{'  ' + NOTHING if found.level == 'read-only' else ''}"
        return
    more = f"; and {counted(len(reasons) - most, 'more finding')}" if len(reasons) > most else ""
    lines = look.lines("; ".join(reasons[:most]) + more, indent)
    beside = f"{indent}{plain_level(found.level)}  {lines[0].strip()}"
    if len(lines) == 1 and len(beside) < look.width:
        yield f"{indent}{level}  {lines[0].strip()}"
    else:
        yield f"{indent}{level}"
        yield from lines


def _reasons(found: Risk) -> list[str]:
    """Return why, the worst first; without what another reason says more fully."""
    worst = sorted(found.findings, key=lambda finding: -_weight(finding.level))
    whys = list(dict.fromkeys(visible(finding.why) for finding in worst))
    return [why for why in whys if not any(other != why and other.startswith(why) for other in whys)]


def _weight(level: str) -> int:
    from assay.terminal.risk.levels import ORDER

    return ORDER.index(level)


def refusal(proposal: Proposal, look: Look) -> Iterator[str]:
    """Yield the lines of a proposal without commands."""
    if proposal.found:
        what = "nothing found"
    elif proposal.status == "refused":
        what = f"{proposal.model} proposes no command"
    else:
        what = f"{proposal.model}'s reply cannot be used"
    text = f"{what}: {prose(proposal.reason)}" if proposal.reason else what
    yield from look.lines(text, INDENT)
    yield from _facts(proposal, look)


def _facts(proposal: Proposal, look: Look) -> Iterator[str]:
    """Yield who answered, how long it took, what it cost, and what was kept from it."""
    if proposal.found or proposal.touched:
        return
    put, got = (proposal.usage.get(name) for name in ("input_tokens", "output_tokens"))
    tokens = f"{put:,} + {got:,} tokens" if put is not None and got is not None else ""
    kept = f"{counted(len(proposal.redacted), 'secret')} kept back" if proposal.redacted else ""
    repaired = "asked twice" if proposal.via == "repaired" else ""
    yield ""
    yield INDENT + look.facts((proposal.model, f"{proposal.seconds:.1f} s", tokens, money(proposal.cost_usd),
                               repaired, kept))
