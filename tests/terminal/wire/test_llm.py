"""The bridge to the `llm` package, with a real plugin of one small model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import llm
import pytest
from llm.plugins import pm

from assay.terminal.models import find
from assay.terminal.wire import ProviderError, Usage
from wire_fixtures import SCHEMA

TURNS = [{"role": "system", "content": "S"}, {"role": "user", "content": "one"}, {"role": "assistant", "content": "A"},
         {"role": "user", "content": "two"}]
KEY = "llm-key-that-nobody-may-see"
RELEASE = threading.Event()


class StatusError(Exception):
    status_code = 429


class Echo(llm.Model):
    """Answers with what it was asked."""

    model_id = "assay-echo"
    can_stream = True
    supports_schema = True

    class Options(llm.Options):
        temperature: float | None = None
        max_output_tokens: int | None = None

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any = None) -> Iterator[str]:
        response.set_usage(input=3, output=4)
        if prompt.prompt == "hang":
            RELEASE.wait(30)
        if prompt.prompt == "fail":
            raise ValueError(f"failed with {KEY}")
        if prompt.prompt == "slowly":
            raise StatusError("too many requests")
        yield "|".join(f"{turn.role}={turn.parts[0].text}" for turn in prompt.messages)
        yield f" {prompt.prompt} {prompt.system} {prompt.options.temperature} {prompt.options.max_output_tokens}"
        yield f" {sorted(prompt.schema or {})} {stream}"


class Keyed(llm.KeyModel):
    """Needs a key."""

    model_id = "assay-keyed"
    needs_key = "assay-test"
    key_env_var = "ASSAY_TEST_LLM_KEY"

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any, key: str | None) -> Iterator[str]:
        raise ValueError(f"refused {key}")


class Single(Echo):
    """Takes one turn only."""

    model_id = "assay-single"
    supports_conversation = False


class Plugin:
    @llm.hookimpl
    def register_models(self, register: Any) -> None:
        for model in (Echo(), Keyed(), Single()):
            register(model)


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[None]:
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    one = Plugin()
    pm.register(one, name="assay-test")
    yield
    pm.unregister(one)
    RELEASE.set()
    RELEASE.clear()


def test_turns_system_options_schema_and_usage_arrive() -> None:
    reply = find("llm:assay-echo").complete(TURNS, temperature=0.5, max_tokens=9, schema=SCHEMA)
    assert reply.text == ("system=S|user=one|assistant=A|user=two two S 0.5 9 "
                          "['additionalProperties', 'properties', 'required', 'type'] False")
    assert (reply.usage, reply.stop) == (Usage(3, 4), "stop")


def test_a_stream_in_pieces() -> None:
    model = find("llm:assay-echo")
    deltas = list(model.stream(TURNS))
    assert len(deltas) == 4
    assert deltas[-1].reply.text == "".join(delta.text for delta in deltas)
    assert deltas[-1].reply.text.endswith("True")
    assert deltas[-1].reply.first_token_seconds > 0
    assert model.calls == 1


def test_a_model_of_single_turns_gets_them_in_one() -> None:
    assert "user=one\n\nA\n\ntwo" in find("llm:assay-single").complete(TURNS).text


def test_a_stop_text_that_the_plugin_does_not_know_is_cut_here() -> None:
    assert find("llm:assay-echo").complete(TURNS, stop=("|user",)).text == "system=S"


def test_what_would_be_asked() -> None:
    body = find("llm:assay-echo").request_body(TURNS, temperature=0.1)
    assert body["system"] == "S"
    assert [turn["content"] for turn in body["messages"]] == ["one", "A", "two"]
    assert body["options"] == {"temperature": 0.1, "max_output_tokens": 1024}


def test_a_plugin_that_hangs_is_left_at_the_time_out() -> None:
    with pytest.raises(ProviderError) as caught:
        find("llm:assay-echo", timeout=0.2).complete([{"role": "user", "content": "hang"}])
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize(("text", "kind", "status"), [("fail", "server", None), ("slowly", "rate", 429)])
def test_errors_of_a_plugin(text: str, kind: str, status: int | None) -> None:
    with pytest.raises(ProviderError) as caught:
        find("llm:assay-echo").complete([{"role": "user", "content": text}])
    assert (caught.value.kind, caught.value.status, caught.value.wire) == (kind, status, "llm")


def test_no_such_model() -> None:
    with pytest.raises(ProviderError, match="Unknown model: assay-none") as caught:
        find("llm:assay-none").complete(TURNS)
    assert "llm models" in caught.value.advice


def test_offline_a_model_with_a_key_is_not_asked() -> None:
    with pytest.raises(ProviderError, match="ASSAY_OFFLINE"):
        find("llm:assay-keyed").complete(TURNS)


def test_without_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_OFFLINE")
    with pytest.raises(ProviderError) as caught:
        find("llm:assay-keyed").complete(TURNS)
    assert caught.value.kind == "auth"
    assert "ASSAY_TEST_LLM_KEY" in caught.value.message


def test_its_key_is_kept_out_of_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_OFFLINE")
    monkeypatch.setenv("ASSAY_TEST_LLM_KEY", KEY)
    with pytest.raises(ProviderError) as caught:
        find("llm:assay-keyed").complete(TURNS)
    assert KEY not in f"{caught.value} {caught.value!r}"
    assert "refused [key]" in caught.value.message
