"""The model ``recipes``: answers from the recipes that ship, without a network, and refuses where none fits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.terminal.retrieve import Found, search

ENOUGH = 0.48  # score of a recipe that is taken for what was asked for
LOOKED_AT = 5
NOTHING = "no recipe fits the request"
_TURN = re.compile(r"\ARequest: (.*?)\nPlatform: [^\n]*(?:\n\n.*)?\Z", re.DOTALL)


def answer(request: str, folder: Path | None = None) -> str:
    """Answer a request in the regular format: one command from a recipe, or a refusal.

    Parameters
    ----------
    request : str
        In plain words, or a turn as prompts have it.
    folder : path, optional
        A checkout of tldr-pages to answer from instead.

    >>> json.loads(answer("asdf qwer"))["error"]
    1
    """
    return _said(request_of(request), "regular", folder)


def reply(messages: Sequence[Mapping[str, str]]) -> str:
    """Answer the last turn of a conversation, in the format that its system text asks for."""
    system = " ".join(message["content"] for message in messages if message["role"] == "system")
    mode = "fast" if '{"commands": ["' in system else "regular"
    return _said(request_of(messages[-1]["content"]), mode)


def request_of(turn: str) -> str:
    r"""Return the request of a turn that a prompt has dressed; any other text as it is.

    >>> request_of("Request: count the lines\nPlatform: Linux")
    'count the lines'
    """
    found = _TURN.match(turn.strip())
    return found[1] if found else turn


def best(request: str, folder: Path | None = None) -> Found | None:
    """Return the recipe that fits, with every slot filled, or None."""
    found = search(request, LOOKED_AT, folder)
    return next((item for item in found if item.score >= ENOUGH and item.filled), None)


def _said(request: str, mode: str, folder: Path | None = None) -> str:
    found = best(request, folder)
    if found is None or found.filled is None:
        refusal: dict[str, Any] = {"input": request, "error": 1, "reason": NOTHING}
        return json.dumps({"error": 1} if mode == "fast" else refusal, ensure_ascii=False)
    if mode == "fast":
        return json.dumps({"commands": [found.filled.command]}, ensure_ascii=False)
    return json.dumps({"input": request, "error": 0, "commands": [
        {"seq": 1, "cmd_to_execute": found.filled.command, "cmd_explanations": [found.explanation],
         "arg_explanations": {}}]}, ensure_ascii=False)
