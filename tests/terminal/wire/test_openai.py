"""The body and the answers of chat completions, and of plain ones."""

from __future__ import annotations

import pytest

from assay.terminal.wire import ProviderError, Request, Usage
from assay.terminal.wire.completions import Completions
from assay.terminal.wire.openai import OpenAI
from wire_fixtures import SCHEMA

TURNS = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]


def test_a_body_holds_what_was_asked_and_no_more() -> None:
    assert OpenAI().body(Request("m", TURNS), False, "schema") == {
        "model": "m", "messages": TURNS, "max_tokens": 1024, "temperature": 0.0}
    assert OpenAI().body(Request("m", TURNS, None, 5, ("a", "b")), True, "schema") == {
        "model": "m", "messages": TURNS, "max_tokens": 5, "stop": ["a", "b"], "stream": True,
        "stream_options": {"include_usage": True}}


@pytest.mark.parametrize(("json", "shape"), [
    ("none", None), ("object", {"type": "json_object"}),
    ("schema", {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}})])
def test_the_shape_is_asked_for_as_the_model_takes_it(json: str, shape: object) -> None:
    assert OpenAI().body(Request("m", TURNS, schema=SCHEMA), False, json).get("response_format") == shape


def test_a_loose_schema_is_not_called_strict() -> None:
    body = OpenAI().body(Request("m", TURNS, schema={"type": "object", "properties": {}}), False, "schema")
    assert body["response_format"]["json_schema"]["strict"] is False


def test_a_base_model_gets_the_whole_transcript() -> None:
    body = Completions().body(Request("m", [{"role": "user", "content": "User: a\nAssistant:"}], stop=("User:",),
                                      schema=SCHEMA), False, "schema")
    assert body == {"model": "m", "prompt": "User: a\nAssistant:", "max_tokens": 1024, "temperature": 0.0,
                    "stop": ["User:"]}


def test_an_answer() -> None:
    reply = OpenAI().reply({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],
                            "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    assert (reply.text, reply.stop, reply.usage) == ("hi", "stop", Usage(3, 4))


def test_an_answer_without_usage_or_reason() -> None:
    reply = OpenAI().reply({"choices": [{"message": {"content": None, "reasoning_content": "hm"}}]})
    assert (reply.text, reply.stop, reply.usage) == ("", "stop", Usage(None, None))


@pytest.mark.parametrize("choice", [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"},
                                    {"message": {"content": "half"}, "finish_reason": "content_filter"}])
def test_refusals_and_filters(choice: dict[str, object]) -> None:
    with pytest.raises(ProviderError) as caught:
        OpenAI().reply({"choices": [choice]})
    assert caught.value.kind == "content"


def test_a_stream_of_chunks_with_the_usage_last_and_no_choice_in_it() -> None:
    reader = OpenAI().reader()
    chunks = [{"choices": [{"delta": {"role": "assistant", "content": ""}}]},
              {"choices": [{"delta": {"content": "h"}}]},
              {"choices": [{"delta": {"content": "i"}}], "usage": None},
              {"choices": [{"delta": {}, "finish_reason": "length"}]}]
    assert [reader.take(chunk) for chunk in chunks] == ["", "h", "i", ""]
    assert reader.done
    assert reader.take({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}) == ""
    reply = reader.reply()
    assert (reply.text, reply.stop, reply.usage) == ("hi", "length", Usage(1, 2))
    assert len(reply.raw) == 5


def test_a_refusal_that_comes_in_pieces() -> None:
    reader = OpenAI().reader()
    for piece in ("I can", "not."):
        assert reader.take({"choices": [{"delta": {"refusal": piece}}]}) == ""
    reader.take({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    with pytest.raises(ProviderError, match=r"I cannot\."):
        reader.reply()
