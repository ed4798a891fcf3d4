"""Plain completions: a base model goes on with a text. Spoken by vLLM, llama-server and what hosts base models.

Reference: https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

from typing import Any, ClassVar

from assay.terminal.wire.openai import OpenAI, Reader, checked, first_choice, sampling, usage
from assay.terminal.wire.types import Reply, Request


class Completions:
    """``POST {base}/completions``."""

    name: ClassVar[str] = "completions"
    default: ClassVar[str] = OpenAI.default
    variables: ClassVar[tuple[str, ...]] = ("ASSAY_COMPLETIONS_BASE_URL", *OpenAI.variables)
    keys: ClassVar[tuple[str, ...]] = ("COMPLETIONS_API_KEY", *OpenAI.keys)

    def path(self, request: Request, stream: bool) -> str:
        """Return the path."""
        return "/completions"

    def headers(self, key: str) -> dict[str, str]:
        """Return the key's header."""
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, stream: bool, json: str) -> dict[str, Any]:
        """Return the request's JSON; there is no way to ask for a shape."""
        return {"model": request.model, "prompt": transcript(request), **sampling(request, stream)}

    def reply(self, document: dict[str, Any]) -> Reply:
        """Read an answer."""
        choice = first_choice(document)
        return checked(choice["text"], None, choice.get("finish_reason"), usage(document), document)

    def reader(self) -> Reader:
        """Return what reads a stream."""
        return Reader(lambda choice: choice, "text")


def transcript(request: Request) -> str:
    """Return the text to go on with: the messages' contents, as they are."""
    return "\n\n".join(message["content"] for message in request.messages)
