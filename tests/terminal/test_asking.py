"""A request on its way to a model and back: over real wires, to a provider on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assay.core.errors import AssayError
from assay.terminal.asking import Asked, ask, chosen, question
from assay.terminal.context import JUDGED
from assay.terminal.models import LanguageModel, find, load
from assay.terminal.redact import Redactor
from assay.terminal.wire.errors import ProviderError
from fake_provider import FakeProvider

SECRET = "hunter2-hunter2-hunter2"
Ask = Callable[..., Asked]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    with FakeProvider("ok") as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def model(provider: FakeProvider) -> Iterator[LanguageModel]:
    made = find("openai:some-model")
    yield made
    made.close()


@pytest.fixture
def asked(provider: FakeProvider, model: LanguageModel) -> Ask:
    """Ask with scripts queued, one a call."""

    def asked(*scripts: str, request: str = "list files", **options: Any) -> Asked:
        provider.queue(*scripts)
        return ask(options.pop("model", model), request,
                   **{"context": JUDGED, "redactor": Redactor({"API_TOKEN": SECRET}), **options})

    return asked


def sent(provider: FakeProvider, number: int = -1) -> list[dict[str, str]]:
    messages: list[dict[str, str]] = provider.log[number]["body"]["messages"]
    return messages


def test_one_call_brings_commands_with_all_there_is_to_know(asked: Ask, provider: FakeProvider) -> None:
    found = asked("ok:ls -l")
    assert (found.status, found.via, found.source) == ("ok", "raw", "generated")
    assert [command.command for command in found.commands] == ["ls -l"]
    assert found.commands[0].explanations == ("does what was asked",)
    assert (found.model, found.variant, found.requests) == ("openai:some-model", "regular-few-chat", 1)
    assert found.usage.input_tokens
    assert found.usage.output_tokens
    assert (found.cost_usd, found.first_token_seconds, found.redacted, found.marks) == (None, None, (), ((),))
    assert found.seconds > 0
    assert len(found.digest) == 64
    assert json.loads(found.replies[0])["commands"][0]["cmd_to_execute"] == "ls -l"
    assert list(found.messages) == sent(provider)
    assert "Request: list files\n" in found.messages[-1]["content"]


@pytest.mark.parametrize(("wire", "variant"), [
    ("openai", "fast-few-chat"), ("anthropic", "regular-few-chat"), ("gemini", "fast-zero-chat"),
    ("completions", "regular-few-completion"), ("completions", "fast-few-chat")])
def test_every_wire_is_asked_in_its_way(provider: FakeProvider, asked: Ask, wire: str, variant: str) -> None:
    model = find(f"{wire}:some-model")
    found = asked("fast:ls" if variant.startswith("fast") else "ok:ls", model=model, variant=variant)
    assert (found.status, [command.command for command in found.commands]) == ("ok", ["ls"])
    assert found.variant == (variant if wire != "completions" else variant.replace("chat", "completion"))
    body = provider.log[-1]["body"]
    if wire == "completions":
        assert body["stop"] == ["User:"]
        assert body["prompt"].endswith("Assistant:")
    model.close()


@pytest.mark.parametrize(("script", "reason"), [
    ("bare", "no JSON object in the reply"), ("empty", "the reply is empty"), ("truncated", "the reply is cut off"),
    ('text:{"commands": [""]}', "command 1 is blank")])
def test_what_cannot_be_used_is_asked_for_once_more(asked: Ask, provider: FakeProvider, script: str,
                                                    reason: str) -> None:
    found = asked(script, "ok:ls")
    assert (found.status, found.via, found.requests) == ("ok", "repaired", 2)
    assert [command.command for command in found.commands] == ["ls"]
    request, reply, complaint = sent(provider)[-3:]
    assert "list files" in request["content"]
    assert reply["role"] == "assistant"
    assert reason in complaint["content"]
    assert len(found.replies) == 2
    first = asked("ok")
    assert found.usage.input_tokens is not None
    assert found.usage.input_tokens > (first.usage.input_tokens or 0)


@pytest.mark.parametrize("scripts", [("bare", "prose"), ("bare", "refusal")])
def test_a_repaired_answer_is_called_so_whatever_it_took(asked: Ask, scripts: tuple[str, ...]) -> None:
    found = asked(*scripts)
    assert (found.via, found.requests) == ("repaired", 2)


def test_it_is_asked_once_more_and_not_again(asked: Ask, provider: FakeProvider) -> None:
    found = asked("bare", "empty", "ok")
    assert (found.status, found.via, found.reason, found.requests) == ("unusable", "none", "the reply is empty", 2)
    assert found.commands == ()
    assert len(provider.log) == 2


def test_a_reply_that_reached_the_most_tokens_is_called_cut_off(asked: Ask) -> None:
    found = asked("text:" + "ls " * 4000, "text:" + "ls " * 4000)
    assert (found.status, found.reason) == ("unusable", "the reply is cut off")


@pytest.mark.parametrize(("script", "via"), [("refusal", "raw"), ('text:No: {"error": true}', "extracted")])
def test_a_refusal_is_no_reason_to_ask_again(asked: Ask, script: str, via: str) -> None:
    found = asked(script)
    assert (found.status, found.via, found.requests, found.commands) == ("refused", via, 1, ())


@pytest.mark.parametrize("script", ["fenced", "prose", "two-objects"])
def test_an_object_in_prose_needs_no_second_call(asked: Ask, script: str) -> None:
    found = asked(script)
    assert (found.status, found.via, found.requests) == ("ok", "extracted", 1)


def test_secrets_stay_here_and_come_back_into_the_commands(asked: Ask, provider: FakeProvider) -> None:
    found = asked("ok:login __ASSAY_SECRET_1__", request=f"log in with {SECRET}", data=f"token: {SECRET}")
    assert SECRET not in json.dumps(provider.log[-1]["body"])
    assert [command.command for command in found.commands] == [f"login {SECRET}"]
    assert [one["placeholder"] for one in found.redacted] == ["__ASSAY_SECRET_1__"]
    kept = repr((found.request, found.messages, found.replies, found.answer, found.redacted))
    assert SECRET not in kept
    assert "__ASSAY_SECRET_1__" in kept


def test_without_a_redactor_the_environment_is_looked_at(model: LanguageModel, provider: FakeProvider,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVICE_PASSWORD", SECRET)
    ask(model, f"log in with {SECRET}")
    assert SECRET not in json.dumps(provider.log[-1]["body"])


def test_data_goes_behind_the_request_between_lines_that_nobody_foresees(asked: Ask, provider: FakeProvider) -> None:
    data = "it is at http://a.example/x"
    texts = [asked("ok:curl -O http://a.example/x", request="load it", data=data) for _ in "ab"]
    one, other = (found.messages[-1]["content"] for found in texts)
    assert one != other
    assert one.index("load it") < one.index("http://a.example/x")
    fence = one.splitlines()[-1]
    assert len(fence) == 16
    assert one.count(fence) == 3
    assert texts[0].marks == (("http://a.example/x comes from your input",),)


def test_pieces_come_as_they_are_said(asked: Ask) -> None:
    pieces: list[str] = []
    found = asked("ok:ls", on_delta=pieces.append)
    assert len(pieces) > 5
    assert "".join(pieces) == found.replies[0]
    assert found.first_token_seconds is not None
    assert 0 < found.first_token_seconds <= found.seconds


@pytest.mark.parametrize("wire", ["openai", "anthropic", "gemini"])
def test_too_long_a_request_is_sent_once_more_at_half_its_length(provider: FakeProvider, asked: Ask,
                                                                wire: str) -> None:
    model = find(f"{wire}:some-model")
    model.context = 8000
    found = asked("context:14000", "fast:ls", model=model, request="what is in this?", data="word " * 4000,
                  variant="fast-few-chat")
    assert (found.status, found.via, found.requests) == ("ok", "raw", 2)
    first, second = (len(json.dumps(entry["body"])) for entry in provider.log)
    assert first > 20_000
    assert second < 14_000
    assert "left out" in found.messages[-1]["content"]
    assert "what is in this?" in found.messages[-1]["content"]
    model.close()


def test_what_is_still_too_long_is_told(asked: Ask) -> None:
    with pytest.raises(ProviderError) as caught:
        asked("context:10", "context:10", "ok")
    assert caught.value.too_long


@pytest.mark.parametrize(("script", "kind"), [("http:401", "auth"), ("refused", "content"), ("blocked", "content")])
def test_what_the_provider_says_no_to_is_no_answer(asked: Ask, script: str, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        asked(script)
    assert caught.value.kind == kind


def test_prices_add_up(asked: Ask, model: LanguageModel) -> None:
    model.price_in, model.price_out = 1.0, 10.0
    found = asked("bare", "ok")
    assert found.usage.input_tokens is not None
    assert found.usage.output_tokens is not None
    assert found.cost_usd == pytest.approx((found.usage.input_tokens + 10 * found.usage.output_tokens) / 1e6)


@pytest.mark.parametrize(("shots", "variant"), [(None, "fast-few-chat"), ("zero", "fast-zero-chat"),
                                                (0, "fast-zero-chat"), (2, "fast-retrieved-chat"),
                                                ("2", "fast-retrieved-chat"), ("few", "fast-few-chat")])
def test_how_many_examples_is_asked_for_by_name_or_number(shots: Any, variant: str) -> None:
    assert chosen("fast-few-chat", shots) == variant


@pytest.mark.parametrize("shots", ["many", "-1", "1.5"])
def test_no_other_number_of_examples_is_taken(shots: str) -> None:
    with pytest.raises(AssayError, match="few, zero, or how many"):
        chosen("fast-few-chat", shots)


def test_recipes_are_shown_nearest_last_with_slots_in_capitals(asked: Ask, provider: FakeProvider) -> None:
    asked("ok", request="count the lines of a.txt", shots=2)
    turns = sent(provider)[1:]
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 3 + ["user"]
    assert "wc -l FILE" in turns[5]["content"]
    assert json.loads(turns[1]["content"])["error"] == 1


def test_a_model_has_a_favourite_variant(asked: Ask, model: LanguageModel) -> None:
    model.variant = "fast-zero-chat"
    assert asked("fast:ls").variant == "fast-zero-chat"
    assert asked("ok:ls", variant="regular-zero-chat").variant == "regular-zero-chat"


def test_a_question_can_be_looked_at_before_it_is_sent(model: LanguageModel, provider: FakeProvider) -> None:
    ready = question(model, f"use {SECRET}", Redactor({"API_TOKEN": SECRET}), context=JUDGED)
    body = model.request_body(ready.prompt.messages, **ready.sampling)
    assert SECRET not in json.dumps(body)
    assert body["temperature"] == 0.0
    assert provider.log == []


def test_a_small_context_still_holds_the_request(asked: Ask, model: LanguageModel, provider: FakeProvider) -> None:
    model.context = 1200
    found = asked("ok:ls", request="the request itself")
    assert found.status == "ok"
    assert "the request itself" in sent(provider)[-1]["content"]
    assert len(sent(provider)) < 10
    assert provider.log[-1]["body"].get("max_tokens", provider.log[-1]["body"].get("max_completion_tokens")) == 400


def test_a_context_without_room_is_told() -> None:
    with pytest.raises(AssayError, match="no room for a request") as caught:
        ask(load(wire="openai", model="x", context=6), "list files", redactor=Redactor({}))
    assert caught.value.code == 4


def test_recipes_answer_without_a_network() -> None:
    found = ask(find("recipes"), "count the lines of a.txt", redactor=Redactor({}))
    assert (found.status, found.via, found.requests) == ("ok", "raw", 1)
    assert [command.command for command in found.commands] == ["wc -l a.txt"]
    fast = ask(find("recipes"), "count the lines of a.txt", variant="fast-few-chat", redactor=Redactor({}))
    assert (fast.via, [command.command for command in fast.commands]) == ("raw", ["wc -l a.txt"])
