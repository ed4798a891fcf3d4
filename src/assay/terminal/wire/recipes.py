"""The model without a model: answers from the recipes that come with assay, found and not generated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assay.core.model import resolve
from assay.terminal.wire.habits import Habits
from assay.terminal.wire.types import Delta, Reply, Request, Usage

ANSWER = "assay.terminal.recipes:reply"  # messages -> an answer in the format that they ask for


class Recipes:
    """A client that looks the last user turn up; it opens no socket and loads no model."""

    def __init__(self, timeout: float = 60.0, habits: Habits | None = None, kind: str = "instruct",
                 context: int = 8192) -> None:
        self.calls = 0

    def __repr__(self) -> str:
        return "<recipes>"

    def body(self, request: Request, stream: bool = False) -> dict[str, Any]:
        """Return what is looked up."""
        return {"text": next((turn["content"] for turn in reversed(request.messages) if turn["role"] == "user"), "")}

    def complete(self, request: Request) -> Reply:
        """Look up; see `Client`."""
        return Reply(str(resolve(ANSWER)(request.messages)), Usage(0, 0), "stop")

    def stream(self, request: Request) -> Iterator[Delta]:
        """Look up, in one piece; see `Client`."""
        reply = self.complete(request)
        yield Delta(reply.text, reply)

    def close(self) -> None:
        """Do nothing."""
