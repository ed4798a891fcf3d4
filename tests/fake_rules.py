"""What providers refuse, and in what words and shape: the rules of `fake_provider`, one function a wire.

Each of them is one that a true service has, or that an assay client must keep: keys stay out of addresses.
"""

from __future__ import annotations

import re
from typing import Any

OPENAI_FIELDS = {
    "model", "messages", "temperature", "max_tokens", "max_completion_tokens", "stop", "stream", "stream_options",
    "response_format", "top_p", "n", "seed", "reasoning_effort", "store", "user", "verbosity"}
COMPLETIONS_FIELDS = {
    "model", "prompt", "temperature", "max_tokens", "stop", "stream", "stream_options", "top_p", "n", "seed", "echo",
    "user"}
ANTHROPIC_FIELDS = {
    "model", "messages", "system", "max_tokens", "temperature", "stop_sequences", "stream", "top_p", "top_k",
    "metadata", "thinking", "output_config"}
GEMINI_FIELDS = {"contents", "systemInstruction", "generationConfig", "safetySettings", "tools", "toolConfig"}
GEMINI_CONFIG = {
    "temperature", "maxOutputTokens", "stopSequences", "responseMimeType", "responseSchema", "responseJsonSchema",
    "topP", "topK", "candidateCount", "seed", "thinkingConfig"}
GEMINI_HARMS = {"HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT",
                "HARM_CATEGORY_DANGEROUS_CONTENT", "HARM_CATEGORY_CIVIC_INTEGRITY"}
GEMINI_THRESHOLDS = {"OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"}
# Words of JSON schema that the Schema message of Gemini has no field for.
GEMINI_UNKNOWN = {"additionalProperties", "$schema", "$defs", "$ref", "const", "patternProperties", "oneOf", "allOf"}
REASONING = re.compile(r"(o\d|gpt-[5-9])")  # models that think


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str, code: str = "", retry_after: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.retry_after = status, message, code, retry_after


def openai(body: dict[str, Any], headers: dict[str, str], key: str | None) -> None:
    """Check a chat request."""
    _bearer(headers, key)
    _known(body, OPENAI_FIELDS, "Unrecognized request argument supplied: {}")
    _turns(body.get("messages"), {"system", "developer", "user", "assistant", "tool"}, "messages")
    reasoning = REASONING.match(str(body.get("model")))
    if reasoning and "max_tokens" in body:
        raise Refused(400, "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                           "'max_completion_tokens' instead.", "unsupported_parameter")
    if reasoning and body.get("temperature", 1) != 1 and body.get("reasoning_effort") != "none":
        raise Refused(400, "Unsupported value: 'temperature' does not support 0 with this model.", "unsupported_value")
    if reasoning and "stop" in body:
        raise Refused(400, "Unsupported parameter: 'stop' is not supported with this model.", "unsupported_parameter")
    _openai_numbers(body)
    shape = body.get("response_format") or {}
    if shape.get("type") == "json_object" and "json" not in str(body["messages"]).lower():
        raise Refused(400, "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
                           "'json_object'.", "invalid_request_error")
    if shape.get("type") == "json_schema":
        _openai_schema(shape.get("json_schema") or {})


def completions(body: dict[str, Any], headers: dict[str, str], key: str | None) -> None:
    """Check a plain completion."""
    _bearer(headers, key)
    _known(body, COMPLETIONS_FIELDS, "Unrecognized request argument supplied: {}")
    if not isinstance(body.get("prompt"), str) or not body["prompt"]:
        raise Refused(400, "you must provide a prompt", "invalid_request_error")
    _openai_numbers(body)


def anthropic(body: dict[str, Any], headers: dict[str, str], key: str | None) -> None:
    """Check a message."""
    if "x-api-key" not in headers or "authorization" in headers:
        raise Refused(401, "x-api-key header is required", "authentication_error")
    if key is not None and headers["x-api-key"] != key:
        raise Refused(401, "invalid x-api-key", "authentication_error")
    if headers.get("anthropic-version") != "2023-06-01":
        raise Refused(400, "anthropic-version: header is required", "invalid_request_error")
    _known(body, ANTHROPIC_FIELDS, "{}: Extra inputs are not permitted")
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        raise Refused(400, "max_tokens: Field required", "invalid_request_error")
    if any(message.get("role") == "system" for message in body.get("messages") or ()):
        raise Refused(400, "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` "
                           "parameter, not \"system\" as an input message role.", "invalid_request_error")
    turns = _turns(body.get("messages"), {"user", "assistant"}, "messages")
    if turns[0]["role"] != "user":
        raise Refused(400, "messages: first message must use the \"user\" role", "invalid_request_error")
    if any(not str(turn["content"]).strip() for turn in turns):
        raise Refused(400, "messages: text content blocks must be non-empty", "invalid_request_error")
    if "system" in body and not body["system"]:
        raise Refused(400, "system: text content blocks must be non-empty", "invalid_request_error")
    if not 0 <= body.get("temperature", 0) <= 1:
        raise Refused(400, "temperature: range: 0..1", "invalid_request_error")
    if any(not text.strip() for text in body.get("stop_sequences", ())):
        raise Refused(400, "stop_sequences: each stop sequence must contain non-whitespace", "invalid_request_error")
    shape = (body.get("output_config") or {}).get("format")
    if shape is not None:
        if shape.get("type") != "json_schema" or not isinstance(shape.get("schema"), dict):
            raise Refused(400, "output_config.format: expected type json_schema and a schema", "invalid_request_error")
        _closed(shape["schema"], "output_config.format.schema: For 'object' type, 'additionalProperties' must be "
                                 "explicitly set to false", required=False)


def gemini(body: dict[str, Any], headers: dict[str, str], key: str | None) -> None:
    """Check a generateContent request."""
    if "x-goog-api-key" not in headers or "authorization" in headers:
        raise Refused(403, "Method doesn't allow unregistered callers. Please use API Key.", "PERMISSION_DENIED")
    if key is not None and headers["x-goog-api-key"] != key:
        raise Refused(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT")
    unknown = 'Invalid JSON payload received. Unknown name "{}": Cannot find field.'
    _known(body, GEMINI_FIELDS, unknown)
    config = body.get("generationConfig") or {}
    _known(config, GEMINI_CONFIG, unknown)
    turns = [{"role": item.get("role"), "content": _parts(item)} for item in body.get("contents") or ()]
    _turns(turns, {"user", "model"}, "contents")
    if "systemInstruction" in body and not _parts(body["systemInstruction"]):
        raise Refused(400, "systemInstruction must have text", "INVALID_ARGUMENT")
    if not 0 <= config.get("temperature", 0) <= 2:
        raise Refused(400, "temperature must be in the range [0, 2]", "INVALID_ARGUMENT")
    if ("responseSchema" in config or "responseJsonSchema" in config) and \
            config.get("responseMimeType") != "application/json":
        raise Refused(400, "response_schema is only supported with response_mime_type application/json",
                      "INVALID_ARGUMENT")
    for word in _words(config.get("responseSchema")):
        if word in GEMINI_UNKNOWN:
            raise Refused(400, unknown.format(f"{word}\" at 'generation_config.response_schema"), "INVALID_ARGUMENT")
    for item in body.get("safetySettings") or ():
        if item.get("category") not in GEMINI_HARMS or item.get("threshold") not in GEMINI_THRESHOLDS:
            raise Refused(400, f"Invalid value at 'safety_settings': {item}", "INVALID_ARGUMENT")


def _bearer(headers: dict[str, str], key: str | None) -> None:
    given = headers.get("authorization", "")
    if "x-api-key" in headers or not given.startswith("Bearer "):
        raise Refused(401, "You didn't provide an API key. You need to provide your API key in an Authorization header "
                           "using Bearer auth.", "invalid_request_error")
    if key is not None and given != f"Bearer {key}":
        raise Refused(401, f"Incorrect API key provided: {given[7:]}.", "invalid_api_key")


def _known(body: dict[str, Any], fields: set[str], words: str) -> None:
    for name in body:
        if name not in fields:
            raise Refused(400, words.format(name), "INVALID_ARGUMENT")


def _turns(messages: Any, roles: set[str], where: str) -> list[dict[str, Any]]:
    """Check roles and contents; two turns of one role in a row are refused, as many chat templates do."""
    if not isinstance(messages, list) or not messages:
        raise Refused(400, f"{where}: at least one message is required", "invalid_request_error")
    for number, message in enumerate(messages):
        if message.get("role") not in roles:
            raise Refused(400, f"Invalid value: '{message.get('role')}' at {where}[{number}].role. Supported values "
                               f"are: {', '.join(sorted(roles))}.", "invalid_request_error")
        if not isinstance(message.get("content"), str):
            raise Refused(400, f"{where}[{number}].content: expected a string", "invalid_request_error")
        if number and message["role"] == messages[number - 1]["role"]:
            raise Refused(400, f"Conversation roles must alternate: {where}[{number}] is another turn of "
                               f"{message['role']}", "invalid_request_error")
    return messages


def _openai_numbers(body: dict[str, Any]) -> None:
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Refused(400, "you must provide a model parameter", "invalid_request_error")
    if not 0 <= body.get("temperature", 1) <= 2:
        raise Refused(400, "Invalid 'temperature': decimal above maximum value.", "decimal_above_max_value")
    for name in ("max_tokens", "max_completion_tokens"):
        if name in body and (not isinstance(body[name], int) or body[name] < 1):
            raise Refused(400, f"Invalid '{name}': integer below minimum value.", "integer_below_min_value")
    stop = body.get("stop")
    if isinstance(stop, list) and not 1 <= len(stop) <= 4:
        raise Refused(400, "Invalid 'stop': array of 1 to 4 strings expected.", "array_above_max_length")
    if body.get("stream_options") and not body.get("stream"):
        raise Refused(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                      "invalid_request_error")


def _openai_schema(shape: dict[str, Any]) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", shape.get("name", "")):
        raise Refused(400, "Missing required parameter: 'response_format.json_schema.name'.", "invalid_request_error")
    if shape.get("strict"):
        _closed(shape.get("schema"), "Invalid schema for response_format: 'additionalProperties' is required to be "
                                     "supplied and to be false, and 'required' to include every key", required=True)


def _closed(schema: Any, words: str, required: bool) -> None:
    if isinstance(schema, list):
        for item in schema:
            _closed(item, words, required)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        missing = set(schema.get("properties", {})) ^ set(schema.get("required", ()))
        if schema.get("additionalProperties") is not False or (required and missing):
            raise Refused(400, words, "invalid_request_error")
    for value in schema.values():
        _closed(value, words, required)


def _words(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_words, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    inner = schema.get("properties", {})
    rest = [value for name, value in schema.items() if name != "properties"]
    return set(schema).union(*map(_words, [*rest, *inner.values()]))


def _parts(content: dict[str, Any]) -> Any:
    parts = content.get("parts")
    if not isinstance(parts, list) or not parts:
        return None
    return "".join(part["text"] for part in parts) if all(isinstance(p.get("text"), str) for p in parts) else None
