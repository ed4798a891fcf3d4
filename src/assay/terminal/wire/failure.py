"""What a provider says when it does not answer, read from whatever shape it says it in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.terminal.wire import retry
from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.types import Request

# What providers call an error where there is no number, as in the middle of a stream.
STATUS_OF = {
    "authentication_error": 401, "permission_error": 403, "billing_error": 402, "not_found_error": 404,
    "invalid_request_error": 400, "request_too_large": 413, "rate_limit_error": 429, "rate_limit_exceeded": 429,
    "insufficient_quota": 429, "timeout_error": 504, "api_error": 500, "server_error": 500, "overloaded_error": 529,
    "exceed_context_size_error": 400,
}
SCHEMA_WORDS = ("schema", "response_format", "output_format", "output_config", "responsemimetype", "json mode",
                "structured output", "grammar")


def of_response(status: int, headers: Mapping[str, str], data: bytes) -> ProviderError:
    """Return the error that an HTTP answer is."""
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    after = retry.asked(headers, document)
    if 300 <= status < 400:
        return ProviderError("bad_request", status, f"sent on to {headers.get('location', 'elsewhere')}",
                             advice="give the address that answers itself as the base URL")
    words = message_of(document) or data[:2000].decode("utf-8", "replace").strip() or "no reason given"
    return ProviderError(retry.kind_of(status), status, words, after)


def of_document(document: Any) -> ProviderError | None:
    """Return the error that a document with status 200, or an event of a stream, carries; None if it carries none."""
    error = document.get("error") if isinstance(document, dict) else None
    if not error:
        return None
    fields = error if isinstance(error, dict) else {}
    names = [str(fields.get(name)) for name in ("code", "type", "status")]
    number = next((int(name) for name in names if name.isdecimal() and 400 <= int(name) < 600), None)
    status = number or next((STATUS_OF[name] for name in names if name in STATUS_OF), 500)
    return ProviderError(retry.kind_of(status), status, message_of(document) or "no reason given",
                         retry.asked({}, document))


def message_of(document: Any) -> str:
    """Return the words of an error document: OpenAI's, Anthropic's, Google's, and what servers at home send."""
    if isinstance(document, list):
        return message_of(document[0]) if document else ""
    if not isinstance(document, dict):
        return document if isinstance(document, str) else ""
    for name in ("error", "message", "detail"):
        value = document.get(name)
        if isinstance(value, dict):
            return message_of(value) or json.dumps(value)
        if value:
            return value if isinstance(value, str) else json.dumps(value)
    return ""


def schema_refused(error: ProviderError, request: Request) -> bool:
    """Whether a request failed for the shape that it asked the answer to have."""
    words = error.message.lower()
    return error.status == 400 and request.schema is not None and any(word in words for word in SCHEMA_WORDS)
