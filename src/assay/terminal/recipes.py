"""The model ``recipes``: answers from the recipes that ship, without a network, and refuses where none fits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.terminal.retrieve import UNFILLED, Found, search

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
    """Answer the request of a conversation, in the format that the conversation asks for."""
    said = [message["content"] for message in messages]
    regular = any("cmd_to_execute" in text for text in said) or not any('"commands"' in text for text in said)
    turns = [message["content"] for message in messages if message["role"] == "user"]
    # After an answer that could not be used the request stands before the complaint.
    dressed = [turn for turn in turns if _TURN.match(_last_turn(turn))]
    return _said(request_of((dressed or turns or [""])[-1]), "regular" if regular else "fast")


def request_of(turn: str) -> str:
    r"""Return the request of a turn that a prompt has dressed; any other text as it is.

    >>> request_of("Request: count the lines\nPlatform: Linux")
    'count the lines'
    """
    found = _TURN.match(_last_turn(turn))
    return found[1] if found else turn


def _last_turn(text: str) -> str:
    """Return what the user said last in a transcript; any other text as it is, without space around it."""
    return text.rpartition("\n\nUser: ")[2].strip().removesuffix("Assistant:").rstrip()


def best(request: str, folder: Path | None = None) -> Found | None:
    """Return the recipe that is nearest, if it fits and every slot is filled; a second best would be a guess."""
    found = search(request, LOOKED_AT, folder)
    nearest = max(found, key=lambda item: item.score if item.filled else item.score / UNFILLED, default=None)
    return nearest if nearest and nearest.filled and nearest.score >= ENOUGH else None


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
