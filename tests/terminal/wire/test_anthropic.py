"""The body and the answers of Anthropic's messages."""

from __future__ import annotations

import pytest

from assay.terminal.wire import ProviderError, Request, Usage
from assay.terminal.wire.anthropic import Anthropic
from wire_fixtures import SCHEMA

TURNS = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, {"role": "system", "content": "T"}]


def test_the_system_text_stands_apart_and_the_most_tokens_are_always_there() -> None:
    assert Anthropic().body(Request("m", TURNS), False, "schema") == {
        "model": "m", "system": "S\n\nT", "messages": [{"role": "user", "content": "U"}], "max_tokens": 1024,
        "temperature": 0.0}


def test_without_a_system_text_there_is_no_empty_one() -> None:
    assert "system" not in Anthropic().body(Request("m", [{"role": "user", "content": "U"}]), False, "schema")


def test_a_temperature_above_one_and_a_blank_stop_would_be_refused() -> None:
    body = Anthropic().body(Request("m", TURNS, 1.5, stop=("\n", "X")), False, "schema")
    assert body["temperature"] == 1.0
    assert body["stop_sequences"] == ["X"]


@pytest.mark.parametrize(("json", "schema", "asked"), [
    ("schema", SCHEMA, True), ("object", SCHEMA, False), ("none", SCHEMA, False),
    ("schema", {"type": "object", "properties": {}}, False), ("schema", None, False)])
def test_only_a_closed_schema_is_asked_for(json: str, schema: object, asked: bool) -> None:
    body = Anthropic().body(Request("m", TURNS, schema=schema), False, json)
    assert body.get("output_config") == (
        {"format": {"type": "json_schema", "schema": SCHEMA}} if asked else None)


def test_the_text_is_that_of_the_text_blocks() -> None:
    reply = Anthropic().reply({
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "h"},
                    {"type": "text", "text": "i"}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 3, "cache_read_input_tokens": 10, "output_tokens": 4}})
    assert (reply.text, reply.stop, reply.usage) == ("hi", "stop", Usage(13, 4))


@pytest.mark.parametrize(("reason", "stop"), [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"),
                                              ("pause_turn", "pause_turn"), (None, "stop")])
def test_reasons_for_the_end(reason: str | None, stop: str) -> None:
    assert Anthropic().reply({"content": [], "stop_reason": reason}).stop == stop


@pytest.mark.parametrize(("more", "words"), [({}, "the model refused to answer"),
                                             ({"stop_details": {"category": "cyber"}}, "refused: cyber")])
def test_a_refusal(more: dict[str, object], words: str) -> None:
    with pytest.raises(ProviderError, match=words) as caught:
        Anthropic().reply({"content": [{"type": "text", "text": "I"}], "stop_reason": "refusal", **more})
    assert caught.value.kind == "content"


def test_a_stream_of_events() -> None:
    reader = Anthropic().reader()
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 7, "output_tokens": 1}}},
        {"type": "content_block_start", "content_block": {"type": "thinking"}},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "ping"}, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "h"}},
        {"type": "something_new"}, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "i"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 5}}]
    assert "".join(reader.take(event) for event in events) == "hi"
    assert not reader.done
    reader.take({"type": "message_stop"})
    assert reader.done
    reply = reader.reply()
    assert (reply.text, reply.stop, reply.usage) == ("hi", "length", Usage(7, 5))
