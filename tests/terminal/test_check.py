"""models check: the smallest call there is."""

from __future__ import annotations

from fake_provider import FakeProvider


def test_a_model_that_answers(assay) -> None:
    with FakeProvider("text:ready") as provider:
        outcome = assay("models", "check", "-m", "gpt-6-luna", "--json", env=provider.environment)
        body = provider.log[-1]["body"]
        assert len(provider.log) == 1
    result, = outcome.json["models"]
    assert result["ok"] is True
    assert "'ready'" in str(result["values"])
    assert body["max_completion_tokens"] <= 16
    assert len(str(body["messages"])) < 100


def test_a_model_that_refuses_says_wire_host_and_status(assay) -> None:
    with FakeProvider("http:401") as provider:
        outcome = assay("models", "check", "-m", "claude-haiku-5-5", "--json", env=provider.environment, code=4)
        host = provider.url.removeprefix("http://")
    result, = outcome.json["models"]
    assert result["ok"] is False
    assert f"anthropic at {host}: HTTP 401" in result["reason"]


def test_a_model_without_a_key_says_what_to_do(assay) -> None:
    outcome = assay("models", "check", "-m", "gpt-6-luna", env={"ASSAY_OFFLINE": "0", "OPENAI_API_KEY": ""}, code=4)
    assert "OPENAI_API_KEY" in outcome.out + outcome.err


def test_recipes_need_no_provider(assay) -> None:
    assert assay("models", "check", "recipes", "--json").json["models"][0]["ok"] is True


def test_an_entry_that_is_wrong_cannot_load(assay) -> None:
    assay("models", "add", "mine", "--family", "terminal", "--loader", "assay.terminal.models:load",
          "--option", "wire=opnai", "--option", "model=m")
    assert "expected one of openai" in assay("models", "check", "mine", code=4).out
