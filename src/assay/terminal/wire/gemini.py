"""Google's generateContent: the model stands in the path, turns have parts, filters can be opened.

Reference: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.schemas import without
from assay.terminal.wire.types import Reply, Request, Usage, split_system

STOPS = {"STOP": "stop", "MAX_TOKENS": "length"}
BLOCKED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY"}
HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
# With the usual thresholds "kill all Python processes" is taken for a threat.
OPEN = [{"category": f"HARM_CATEGORY_{harm}", "threshold": "BLOCK_NONE"} for harm in HARMS]
ROLES = {"assistant": "model", "user": "user"}
UNKNOWN = ("additionalProperties", "$schema", "$id")  # words of JSON schema that this interface has no field for


class Gemini:
    """``POST {base}/v1beta/models/{id}:generateContent``; the key stands in a header, never in the address."""

    name: ClassVar[str] = "gemini"
    default: ClassVar[str] = "https://generativelanguage.googleapis.com"
    variables: ClassVar[tuple[str, ...]] = ("ASSAY_GEMINI_BASE_URL",)
    keys: ClassVar[tuple[str, ...]] = ("GEMINI_API_KEY", "GOOGLE_API_KEY")

    def path(self, request: Request, stream: bool) -> str:
        """Return the path."""
        what = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/v1beta/models/{quote(request.model.removeprefix('models/'), safe='')}:{what}"

    def headers(self, key: str) -> dict[str, str]:
        """Return the key's header."""
        return {"x-goog-api-key": key} if key else {}

    def body(self, request: Request, stream: bool, json: str) -> dict[str, Any]:
        """Return the request's JSON."""
        system, turns = split_system(request.messages)
        config: dict[str, Any] = {"maxOutputTokens": request.max_tokens}
        if request.temperature is not None:
            config["temperature"] = request.temperature
        if request.stop:
            config["stopSequences"] = list(request.stop)
        if request.schema is not None and json != "none":
            config["responseMimeType"] = "application/json"
        if request.schema is not None and json == "schema":
            config["responseSchema"] = without(request.schema, *UNKNOWN)
        body: dict[str, Any] = {
            "contents": [{"role": ROLES[turn["role"]], "parts": [{"text": turn["content"]}]} for turn in turns],
            "generationConfig": config, "safetySettings": OPEN}
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        return body

    def reply(self, document: dict[str, Any]) -> Reply:
        """Read an answer."""
        reader = Reader()
        reader.take(document)
        reply = reader.reply()
        return Reply(reply.text, reply.usage, reply.stop, document)

    def reader(self) -> Reader:
        """Return what reads a stream: each event is an answer in itself."""
        return Reader()


class Reader:
    """Gathers answers; the reason for the end comes with the last one."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._stop = ""
        self._usage = Usage()
        self._documents: list[dict[str, Any]] = []

    @property
    def done(self) -> bool:
        """Whether a reason for the end has come."""
        return bool(self._stop)

    def take(self, document: dict[str, Any]) -> str:
        """Return the text of an answer, without the model's thoughts."""
        self._documents.append(document)
        if document.get("usageMetadata"):
            self._usage = usage(document["usageMetadata"])
        reason = (document.get("promptFeedback") or {}).get("blockReason")
        if reason:
            raise ProviderError("content", 200, f"the request was blocked: {reason}")
        candidate = (document.get("candidates") or [{}])[0]
        self._stop = candidate.get("finishReason") or self._stop
        parts = (candidate.get("content") or {}).get("parts") or []
        text = "".join(part.get("text") or "" for part in parts if not part.get("thought"))
        self._texts.append(text)
        return text

    def reply(self) -> Reply:
        """Return the whole answer."""
        if self._stop in BLOCKED:
            raise ProviderError("content", 200, f"the answer was blocked: {self._stop}")
        if not self._stop:
            raise ProviderError("server", 200, "an answer without candidates")
        return Reply("".join(self._texts), self._usage, STOPS.get(self._stop, self._stop), self._documents)


def usage(counts: dict[str, Any]) -> Usage:
    """Return the tokens of an answer; what the model thought is paid for as well."""
    given = [counts.get("candidatesTokenCount"), counts.get("thoughtsTokenCount")]
    known = [count for count in given if count is not None]
    return Usage(counts.get("promptTokenCount"), sum(known) if known else None)
