"""Anthropic's messages: the system text stands apart, the most tokens must be given, an answer is a list of blocks.

Reference: https://platform.claude.com/docs/en/api/messages and .../build-with-claude/streaming
"""

from __future__ import annotations

from typing import Any, ClassVar

from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.schemas import is_strict
from assay.terminal.wire.types import Reply, Request, Usage, split_system

VERSION = "2023-06-01"
STOPS = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length"}


class Anthropic:
    """``POST {base}/v1/messages``."""

    name: ClassVar[str] = "anthropic"
    default: ClassVar[str] = "https://api.anthropic.com"
    variables: ClassVar[tuple[str, ...]] = ("ASSAY_ANTHROPIC_BASE_URL",)
    keys: ClassVar[tuple[str, ...]] = ("ANTHROPIC_API_KEY",)

    def path(self, request: Request, stream: bool) -> str:
        """Return the path."""
        return "/v1/messages"

    def headers(self, key: str) -> dict[str, str]:
        """Return the key's header and the version of the interface."""
        return {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}

    def body(self, request: Request, stream: bool, json: str) -> dict[str, Any]:
        """Return the request's JSON; a schema that is not closed would be refused, and is not sent."""
        system, turns = split_system(request.messages)
        body: dict[str, Any] = {"model": request.model, "messages": turns, "max_tokens": request.max_tokens}
        if system:
            body["system"] = system
        if request.temperature is not None:
            body["temperature"] = min(request.temperature, 1.0)
        stops = [text for text in request.stop if text.strip()]
        if stops:
            body["stop_sequences"] = stops
        if request.schema is not None and json == "schema" and is_strict(request.schema):
            body["output_config"] = {"format": {"type": "json_schema", "schema": request.schema}}
        return {**body, "stream": True} if stream else body

    def reply(self, document: dict[str, Any]) -> Reply:
        """Read an answer: the blocks of text; what the model thought is left out."""
        blocks = document.get("content")
        if not isinstance(blocks, list):
            raise ProviderError("server", 200, "an answer without content")
        text = "".join(block.get("text") or "" for block in blocks if block.get("type") == "text")
        return checked(text, document, usage(document, Usage()), document)

    def reader(self) -> Reader:
        """Return what reads a stream."""
        return Reader()


class Reader:
    """Gathers events: the message starts, blocks grow, a last change tells why it ended."""

    def __init__(self) -> None:
        self.done = False
        self._texts: list[str] = []
        self._end: dict[str, Any] = {}
        self._usage = Usage()
        self._documents: list[dict[str, Any]] = []

    def take(self, document: dict[str, Any]) -> str:
        """Return the text of an event."""
        self._documents.append(document)
        kind, delta = document.get("type"), document.get("delta") or {}
        if kind == "message_start":
            self._usage = usage(document.get("message") or {}, self._usage)
        elif kind == "message_delta":
            self._end = {**self._end, **delta}
            self._usage = usage(document, self._usage)
        elif kind == "message_stop":
            self.done = True
        elif kind == "content_block_delta" and delta.get("type") == "text_delta":
            text = str(delta.get("text") or "")
            self._texts.append(text)
            return text
        return ""

    def reply(self) -> Reply:
        """Return the whole answer."""
        return checked("".join(self._texts), self._end, self._usage, self._documents)


def usage(document: dict[str, Any], before: Usage) -> Usage:
    """Return the tokens that a document tells of, those read from a cache included; `before` where it does not."""
    counts = document.get("usage") or {}
    read = [counts.get(name) for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    tokens = sum(count for count in read if count) if counts.get("input_tokens") is not None else before.input_tokens
    return Usage(tokens, counts.get("output_tokens", before.output_tokens))


def checked(text: str, end: dict[str, Any], used: Usage, raw: Any) -> Reply:
    """Return the reply, unless the model refused."""
    stop = str(end.get("stop_reason") or "stop")
    if stop == "refusal":
        details = end.get("stop_details") or {}
        reason = details.get("explanation") or details.get("category") if isinstance(details, dict) else ""
        raise ProviderError("content", 200, f"refused: {reason}" if reason else "the model refused to answer")
    return Reply(text, used, STOPS.get(stop, stop), raw)
