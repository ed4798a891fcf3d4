"""From a case to a record: ask the model, or find its reply, judge the commands, keep all that a reader may doubt."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from assay.core.record import Artefact, Case, Record, digest
from assay.terminal import caselist, judge, risk, row, sandbox
from assay.terminal.asking import Asked, ask
from assay.terminal.caselist import CommandCase
from assay.terminal.context import JUDGED
from assay.terminal.judge import Verdict
from assay.terminal.models import LanguageModel
from assay.terminal.redact import Redactor
from assay.terminal.replies import Remembering, Replies
from assay.terminal.wire.errors import ProviderError


def record(model: LanguageModel, case: Case) -> Record:
    """Return the record of a case.

    Parameters
    ----------
    model : LanguageModel
    case : Case
        As `assay.terminal.questions` makes them.

    Raises
    ------
    ProviderError
        If the model gives no answer.
    """
    with_replies = replies()
    request = str(case.inputs["request"])
    answers = [answer(model, request, with_replies, repeat) for repeat in range(model.repeats)]
    known = caselist.by_hash(request)
    verdicts = [verdict(known, request, [c.command for c in asked.commands], with_replies) for asked, _ in answers]
    (asked, asker), judged = answers[0], verdicts[0]
    kind = known.kind if known else None
    outcomes = [row.outcome(one.status, kind, found["outcome"])
                for (one, _), found in zip(answers, verdicts, strict=True)]
    rated = _risk([command.command for command in asked.commands])
    values = {
        "request": request, "kind": kind, "group": row.group(case.tags), "outcome": outcomes[0], "repeats": outcomes,
        "via": asked.via, "commands": [command.command for command in asked.commands],
        "effect": judged["effect"], "clean": judged["clean"], "collateral": judged["collateral"],
        "risk": rated["level"] if rated else None, "seconds": asker.seconds,
        "reason": asked.reason if asked.status != "ok" else judged["reason"],
        "requests": asked.requests, "input_tokens": asked.usage.input_tokens,
        "output_tokens": asked.usage.output_tokens, "cost_usd": asked.cost_usd}
    kept = transcript(asked, asker, judged, rated, known)
    return Record(values, {"transcript": Artefact("transcript", kept, ".json", f"{model.name}: {case.id}")})


def answer(model: LanguageModel, request: str, kept: Replies, repeat: int = 0,
           before: Callable[[], None] = lambda: None) -> tuple[Asked, Remembering]:
    """Ask, or find what was answered before; returns the answer, and what it took when it was given.

    Parameters
    ----------
    before : callable
        Called before each request that is really sent.

    Raises
    ------
    ProviderError
        Also the one that was met just now with this very question.
    """
    if found := kept.get("problem", question(model, request, repeat)):
        raise ProviderError(**found)
    asker = Remembering(model, kept, repeat, before)
    # The requests are public, and variables of whoever runs this are no secret in them.
    return ask(asker, request, context=JUDGED, redactor=Redactor({})), asker


def question(model: LanguageModel, request: str, repeat: int) -> str:
    """Return the key of a request to a model: what a problem with it is kept under."""
    return digest([model.wire, model.base_url, model.id, model.variant, request, repeat])


def verdict(case: CommandCase | None, request: str, commands: Sequence[str], kept: Replies) -> dict[str, Any]:
    """Return the verdict on the commands as JSON, with what ran; the same commands are judged once."""
    if case is None or not commands:
        found = judge.judge(case, commands) if case else judge.judge_request(request, commands)
        return _told(found)
    key = digest([case.digest, case.version, sandbox.VERSION, list(commands)])
    known = kept.get("verdict", key)
    if known is None:
        found = judge.judge(case, commands)
        known = _told(found)
        if found.outcome not in ("not-checked", "timeout"):  # another day may tell
            kept.put("verdict", key, known)
    return dict(known)


def _told(found: Verdict) -> dict[str, Any]:
    return {**found.to_json(), "runs": list(found.runs)}


def transcript(asked: Asked, asker: Remembering, judged: dict[str, Any], rated: dict[str, Any] | None,
               case: CommandCase | None) -> bytes:
    """Return all that a reader may want to see of a case, as JSON: prompt, replies, risk, what ran, good answers."""
    kept = {"model": asked.model, "variant": asked.variant, "messages": list(asked.messages),
            "replies": [reply.text for reply in asker.said], "status": asked.status, "via": asked.via,
            "reason": asked.reason, "commands": [command.to_json() for command in asked.commands],
            "risk": rated, "verdict": judged, "good": list(case.good) if case else []}
    return json.dumps(kept, ensure_ascii=True, indent=1).encode("ascii")


def _risk(commands: Sequence[str]) -> dict[str, Any] | None:
    """Return the highest risk among the commands."""
    rated = [risk.assess(command).to_json() for command in commands]
    return max(rated, key=lambda one: (one["rank"], one["level"] == "destroys"), default=None)


_open: dict[str, Replies] = {}


def replies() -> Replies:
    """Return the replies kept in this process's ASSAY_HOME."""
    from assay.core import config

    place = str(config.home())
    if place not in _open:
        _open[place] = Replies()
    return _open[place]
