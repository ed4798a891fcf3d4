"""The body and the answers of Google's generateContent."""

from __future__ import annotations

import pytest

from assay.terminal.wire import ProviderError, Request, Usage
from assay.terminal.wire.gemini import Gemini
from wire_fixtures import SCHEMA

TURNS = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, {"role": "assistant", "content": "A"},
         {"role": "user", "content": "V"}]


def test_roles_parts_and_the_system_text() -> None:
    body = Gemini().body(Request("m", TURNS, 0.2, 9, ("X",)), False, "schema")
    assert body["contents"] == [{"role": "user", "parts": [{"text": "U"}]}, {"role": "model", "parts": [{"text": "A"}]},
                                {"role": "user", "parts": [{"text": "V"}]}]
    assert body["systemInstruction"] == {"parts": [{"text": "S"}]}
    assert body["generationConfig"] == {"temperature": 0.2, "maxOutputTokens": 9, "stopSequences": ["X"]}


def test_the_filters_are_open() -> None:
    settings = Gemini().body(Request("m", TURNS), False, "schema")["safetySettings"]
    assert {item["threshold"] for item in settings} == {"BLOCK_NONE"}
    assert "HARM_CATEGORY_DANGEROUS_CONTENT" in {item["category"] for item in settings}


@pytest.mark.parametrize(("model", "stream", "path"), [
    ("gemini-x", False, "/v1beta/models/gemini-x:generateContent"),
    ("models/gemini-x", True, "/v1beta/models/gemini-x:streamGenerateContent?alt=sse"),
    ("../../evil?x", False, "/v1beta/models/..%2F..%2Fevil%3Fx:generateContent")])
def test_the_model_stands_in_the_path(model: str, stream: bool, path: str) -> None:
    assert Gemini().path(Request(model, TURNS), stream) == path


@pytest.mark.parametrize(("json", "fields"), [
    ("schema", {"responseMimeType": "application/json", "responseSchema": {
        key: value for key, value in SCHEMA.items() if key != "additionalProperties"}}),
    ("object", {"responseMimeType": "application/json"}), ("none", {})])
def test_the_shape_without_the_words_it_does_not_know(json: str, fields: dict[str, object]) -> None:
    config = Gemini().body(Request("m", TURNS, schema=SCHEMA), False, json)["generationConfig"]
    assert {key: value for key, value in config.items() if key.startswith("response")} == fields


def test_an_answer_without_the_thoughts_which_are_paid_for() -> None:
    document = {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}, {"text": "h"}, {"text": "i"}]},
                                "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4, "thoughtsTokenCount": 10}}
    reply = Gemini().reply(document)
    assert (reply.text, reply.stop, reply.usage) == ("hi", "stop", Usage(3, 14))
    assert reply.raw is document


@pytest.mark.parametrize("document", [
    {"promptFeedback": {"blockReason": "SAFETY"}},
    {"candidates": [{"finishReason": "SAFETY"}]}, {"candidates": [{"finishReason": "PROHIBITED_CONTENT"}]},
    {"candidates": [{"content": {"parts": [{"text": "half"}]}, "finishReason": "RECITATION"}]}])
def test_blocked(document: dict[str, object]) -> None:
    with pytest.raises(ProviderError, match="blocked") as caught:
        Gemini().reply(document)
    assert caught.value.kind == "content"


def test_an_answer_without_candidates() -> None:
    with pytest.raises(ProviderError) as caught:
        Gemini().reply({"usageMetadata": {"promptTokenCount": 3}})
    assert caught.value.kind == "server"


@pytest.mark.parametrize(("reason", "stop"), [("STOP", "stop"), ("MAX_TOKENS", "length"), ("OTHER", "OTHER")])
def test_reasons_for_the_end(reason: str, stop: str) -> None:
    assert Gemini().reply({"candidates": [{"finishReason": reason}]}).stop == stop


def test_a_stream_of_answers() -> None:
    reader = Gemini().reader()
    assert reader.take({"candidates": [{"content": {"parts": [{"text": "h"}]}}]}) == "h"
    assert not reader.done
    assert reader.take({"candidates": [{"content": {"parts": [{"text": "i"}]}, "finishReason": "STOP"}],
                        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}}) == "i"
    assert reader.done
    assert (reader.reply().text, reader.reply().usage) == ("hi", Usage(1, 2))
