"""OpenAI's chat completions, which many servers speak: vLLM, Ollama, llama-server, Hugging Face's router.

Reference: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from typing import Any, ClassVar

from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.schemas import is_strict
from assay.terminal.wire.types import Reply, Request, Usage, merged


class OpenAI:
    """``POST {base}/chat/completions``."""

    name: ClassVar[str] = "openai"
    default: ClassVar[str] = "https://api.openai.com/v1"
    variables: ClassVar[tuple[str, ...]] = ("ASSAY_OPENAI_BASE_URL",)
    keys: ClassVar[tuple[str, ...]] = ("OPENAI_API_KEY",)

    def path(self, request: Request, stream: bool) -> str:
        """Return the path."""
        return "/chat/completions"

    def headers(self, key: str) -> dict[str, str]:
        """Return the key's header."""
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, request: Request, stream: bool, json: str) -> dict[str, Any]:
        """Return the request's JSON."""
        body: dict[str, Any] = {"model": request.model, "messages": merged(request.messages),
                                **sampling(request, stream)}
        if request.schema is not None and json == "schema":
            body["response_format"] = {"type": "json_schema", "json_schema": {
                "name": "answer", "schema": request.schema, "strict": is_strict(request.schema)}}
        elif request.schema is not None and json == "object":
            body["response_format"] = {"type": "json_object"}
        return body

    def reply(self, document: dict[str, Any]) -> Reply:
        """Read an answer."""
        choice = first_choice(document)
        message = choice["message"]
        return checked(message.get("content"), message.get("refusal"), choice.get("finish_reason"),
                       usage(document), document)

    def reader(self) -> Reader:
        """Return what reads a stream."""
        return Reader(lambda choice: choice.get("delta") or {}, "content")


class Reader:
    """Gathers chunks; the last one may bring the usage and no choice."""

    def __init__(self, piece: Any, field: str) -> None:
        self._piece, self._field = piece, field
        self._texts: list[str] = []
        self._refusal: list[str] = []
        self._stop: str | None = None
        self._usage = Usage()
        self._documents: list[dict[str, Any]] = []

    @property
    def done(self) -> bool:
        """Whether a reason for the end has come."""
        return self._stop is not None

    def take(self, document: dict[str, Any]) -> str:
        """Return the text of a chunk."""
        self._documents.append(document)
        if document.get("usage"):
            self._usage = usage(document)
        choices = document.get("choices") or [{}]
        piece = self._piece(choices[0])
        self._stop = choices[0].get("finish_reason") or self._stop
        self._refusal.append(piece.get("refusal") or "")
        text = piece.get(self._field) or ""
        self._texts.append(text)
        return str(text)

    def reply(self) -> Reply:
        """Return the whole answer."""
        return checked("".join(self._texts), "".join(self._refusal), self._stop, self._usage, self._documents)


def sampling(request: Request, stream: bool) -> dict[str, Any]:
    """Return the fields that chat and plain completions share."""
    fields: dict[str, Any] = {"max_tokens": request.max_tokens}
    if request.temperature is not None:
        fields["temperature"] = request.temperature
    if request.stop:
        fields["stop"] = list(request.stop)
    if stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    return fields


def first_choice(document: dict[str, Any]) -> dict[str, Any]:
    """Return the one choice of an answer."""
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ProviderError("server", 200, "an answer without choices")
    return choices[0]


def usage(document: dict[str, Any]) -> Usage:
    """Return the tokens of an answer."""
    counts = document.get("usage") or {}
    return Usage(counts.get("prompt_tokens"), counts.get("completion_tokens"))


def checked(text: str | None, refusal: str | None, stop: str | None, used: Usage, raw: Any) -> Reply:
    """Return the reply, unless the model or a filter refused to give one; a text of None is an empty one."""
    if text is not None and not isinstance(text, str):
        raise TypeError("text")
    if refusal:
        raise ProviderError("content", 200, f"refused: {refusal}")
    if stop == "content_filter":
        raise ProviderError("content", 200, "the answer was held back by the provider's content filter")
    return Reply(text or "", used, stop or "stop", raw)
