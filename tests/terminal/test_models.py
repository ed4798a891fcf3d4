"""Language models by registry name, alias or WIRE:ID."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from assay.core.errors import NOTHING, AssayError
from assay.core.model import Model
from assay.core.registry import registry
from assay.flow import weights
from assay.flow.selection import Selection
from assay.terminal import models
from assay.terminal.models import find, load, unavailable
from assay.terminal.wire import ProviderError, Usage
from fake_provider import FakeProvider
from tiny_gguf import write
from wire_fixtures import SCHEMA

USER = [{"role": "user", "content": "list files"}]
SHORT_NAMES = ["gpt35", "gpt4", "sonnet", "haiku", "gemini", "flash", "zephyr", "gemma", "gemma-base", "mistral",
               "mistral-q6", "mistral-q4"]
SHIPPED = {entry["name"]: entry for entry in tomllib.loads(models.SHIPPED.read_text())["model"]}


def write_entry(**options: object) -> None:
    Path("assay.toml").write_text(
        '[[model]]\nname = "mine"\nfamily = "terminal"\nloader = "assay.terminal.models:load"\n[model.options]\n'
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items()))


# -- what ships


@pytest.mark.parametrize("name", list(SHIPPED))
def test_every_shipped_entry_loads_and_tells_what_it_is(name: str) -> None:
    model = find(name)
    assert model.name == name
    assert model.context >= 4096
    assert (model.price_in is None) == (model.price_out is None)
    assert model.price_in in (None, 0) or model.price_date
    assert SHIPPED[name]["meta"]["provider"]


@pytest.mark.parametrize("name", SHORT_NAMES)
def test_the_short_names_of_earlier_days_are_there_and_the_retired_name_a_successor(name: str) -> None:
    model = find(name)
    if name == "gemma-base":
        assert (model.wire, model.kind, model.json) == ("completions", "base", "none")
        return
    assert ": use " in model.retired
    successor = model.retired.partition(": use ")[2].split()[0].rstrip(",")
    assert successor == "a" or not find(successor).retired


def test_models_in_service_are_not_retired() -> None:
    assert all(not find(name).retired for name in ("gpt-6-luna", "claude-haiku-5-5", "gemini-3.8-flash", "recipes"))


@pytest.mark.parametrize("name", [name for name, entry in SHIPPED.items() if entry["options"]["wire"] in (
    "openai", "anthropic", "gemini", "completions") and "base_url" not in entry["options"]])
def test_every_shipped_request_is_one_that_the_provider_takes(
        provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable, value in provider.environment.items():
        monkeypatch.setenv(variable, value)
    model = find(name)
    turns = [{"role": "system", "content": "Answer in JSON."}, *USER]
    reply = model.complete(USER if model.kind == "base" else turns, schema=SCHEMA)
    assert "echo ok" in reply.text
    assert model.calls == 1
    model.close()


def test_what_a_model_wants_otherwise_is_in_its_request() -> None:
    sonnet = find("claude-sonnet-5-5").request_body(USER, max_tokens=100, schema=SCHEMA)
    assert "temperature" not in sonnet
    assert sonnet["output_config"]["effort"] == "low"
    assert sonnet["output_config"]["format"]["schema"] == SCHEMA
    assert sonnet["max_tokens"] == 4100
    luna = find("gpt-6-luna").request_body(USER, max_tokens=100, stop=("X",))
    assert (luna["max_completion_tokens"], luna["reasoning_effort"], luna["temperature"]) == (100, "none", 0.0)
    assert not {"max_tokens", "stop"} & set(luna)


# -- finding


def test_an_alias_is_the_model() -> None:
    assert find("claude").name == "claude-sonnet-5-5"


@pytest.mark.parametrize(("name", "wire", "id_", "kind", "shape"), [
    ("openai:gpt-x", "openai", "gpt-x", "instruct", "schema"),
    ("openai:ft:gpt-x:me:1", "openai", "ft:gpt-x:me:1", "instruct", "schema"),
    ("completions:base-x", "completions", "base-x", "base", "none"),
    ("anthropic:c", "anthropic", "c", "instruct", "schema"), ("gemini:g", "gemini", "g", "instruct", "schema"),
    ("gguf:/some/file.gguf", "gguf", "/some/file.gguf", "instruct", "schema"),
    ("llm:m", "llm", "m", "instruct", "schema")])
def test_any_id_of_a_wire(name: str, wire: str, id_: str, kind: str, shape: str) -> None:
    model = find(name)
    assert (model.name, model.wire, model.id, model.kind, model.json) == (name, wire, id_, kind, shape)


def test_an_id_that_is_registered_is_asked_as_its_entry_says() -> None:
    model = find("openai:gpt-6-luna")
    assert model.name == "openai:gpt-6-luna"
    assert model.price_in == find("gpt-6-luna").price_in
    assert "max_completion_tokens" in model.request_body(USER)


def test_an_id_at_a_provider_of_its_own_lends_nothing_to_the_wires_own_provider() -> None:
    assert find("openai:openai/gpt-oss-120b").base_url is None


@pytest.mark.parametrize(("name", "hint"), [("sonet", "did you mean sonnet"), ("gpt-7", "did you mean gpt"),
                                            ("nothing-like-it-at-all", "see assay list models"),
                                            ("opnai:x", "one of openai"), ("openai:", "see assay list models")])
def test_no_such_model(name: str, hint: str) -> None:
    with pytest.raises(AssayError) as caught:
        find(name)
    assert caught.value.code == NOTHING
    assert hint in caught.value.hint


def test_a_model_of_ones_own(provider: FakeProvider) -> None:
    write_entry(wire="openai", model="fake-echo", base_url=provider.openai, key_env=["MY_KEY"], aliases=["me"],
                context=5000, price_in=1.0, price_out=2.0, price_date="2026-01-01", json="object",
                variant="fast-few-chat")
    model = find("me")
    assert (model.name, model.context, model.json, model.variant) == ("mine", 5000, "object", "fast-few-chat")
    assert model.cost(Usage(1000, 500)) == pytest.approx(0.002)
    assert unavailable(registry_entry("mine")) is None


def registry_entry(name: str) -> Model:
    return models.entries()[name]


def test_a_key_of_ones_own_name_is_sent(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    write_entry(wire="openai", model="fake-ok", base_url=provider.openai, key_env=["MY_KEY"])
    monkeypatch.setenv("OPENAI_API_KEY", "not-this-one")
    with pytest.raises(ProviderError) as caught:
        find("mine").complete(USER)
    assert caught.value.kind == "auth"
    monkeypatch.setenv("MY_KEY", provider.key or "")
    assert find("mine").complete(USER).text


@pytest.mark.parametrize(("options", "words"), [
    ({"wire": "opnai", "model": "m"}, "wire is 'opnai': expected one of openai"),
    ({"wire": "openai"}, "the option model is missing"),
    ({"wire": "openai", "model": "m", "kind": "chat"}, "kind is 'chat': expected one of instruct, base"),
    ({"wire": "openai", "model": "m", "json": "yes"}, "json is 'yes'"),
    ({"wire": "openai", "model": "m", "contxt": 5}, "unknown option 'contxt'")])
def test_an_entry_that_is_wrong_says_where(options: dict[str, object], words: str) -> None:
    write_entry(**options)
    with pytest.raises(AssayError, match=words):
        find("mine")


def test_a_model_of_a_third_party_is_found_in_the_whole_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Model("theirs", "terminal", models.LOADER, {"wire": "openai", "model": "m"})
    registry.load()
    monkeypatch.setitem(registry.models, "theirs", entry)
    assert find("theirs").id == "m"


# -- asking


def test_a_model_whose_shape_cannot_be_asked_for_gets_no_schema() -> None:
    model = load(wire="openai", model="m", json="none")
    assert "response_format" not in model.request_body(USER, schema=SCHEMA)


def test_the_time_out_reaches_the_client(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in provider.environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(ProviderError) as caught:
        find("openai:fake-hang", timeout=0.2).complete(USER)
    assert caught.value.kind == "timeout"


def test_calls_are_counted_over_closes(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in provider.environment.items():
        monkeypatch.setenv(variable, value)
    model = find("openai:fake-ok")
    assert model.calls == 0
    for _ in range(2):
        model.complete(USER)
        model.close()
    assert model.calls == len(provider.log) == 2


def test_a_stream_ends_with_the_reply(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in provider.environment.items():
        monkeypatch.setenv(variable, value)
    model = find("anthropic:fake-echo")
    *_, last = model.stream(USER)
    assert last.reply.text == "list files"
    model.close()


@pytest.mark.parametrize(("prices", "usage", "cost"), [
    ((1.0, 2.0), Usage(1_000_000, 1_000_000), 3.0), ((None, None), Usage(5, 5), None),
    ((1.0, 2.0), Usage(None, 5), None), ((0.0, 0.0), Usage(0, 0), 0.0)])
def test_cost(prices: tuple[float | None, float | None], usage: Usage, cost: float | None) -> None:
    assert load(wire="openai", model="m", price_in=prices[0], price_out=prices[1]).cost(usage) == cost


def test_a_file_with_a_known_hash_is_fetched_at_the_first_question(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    source = write(tmp_path / "tiny.gguf")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    monkeypatch.setenv("ASSAY_MIRROR", str(tmp_path / "mirror"))
    Path("assay.toml").write_text(
        '[[model]]\nname = "mine"\nfamily = "terminal"\nloader = "assay.terminal.models:load"\n'
        f'url = "https://models.invalid/tiny.gguf"\nsha256 = "{digest}"\n'
        'options = { wire = "gguf", model = "{weights}" }\n')
    model = find("mine")
    assert model.request_body(USER)["messages"] == USER
    with pytest.raises(AssayError, match="not at hand"):
        model.complete(USER, max_tokens=2)
    (tmp_path / "mirror" / "mine").mkdir(parents=True)
    source.rename(tmp_path / "mirror" / "mine" / "tiny.gguf")
    assert model.complete(USER, max_tokens=2).usage.output_tokens == 2
    model.close()


# -- the core's lists


def test_what_cannot_be_asked_here_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    entries = models.entries()
    assert "set the variable OPENAI_API_KEY" in str(unavailable(entries["gpt-6-luna"]))
    assert str(unavailable(entries["sonnet"])).startswith("retired: ")
    assert unavailable(entries["recipes"]) is None
    assert unavailable(entries["ollama"]) is None
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert unavailable(entries["gpt-6-luna"]) is None
    registry.load()
    assert weights.available(entries["gpt-6-luna"]) == (True, "")
    assert weights.available(entries["sonnet"])[0] is False


def test_models_that_may_cost_are_only_found_when_named() -> None:
    registry.load()
    names = {model.name for model in Selection().find_models(registry) if model.family == "terminal"}
    assert names == {"recipes"}
    assert {model.name for model in Selection(models=("claude-*",)).find_models(registry)} == {
        "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"}


def test_a_price_is_not_part_of_what_decides_the_numbers() -> None:
    entry = models.entries()["gpt-6-luna"]
    dearer = Model(**{**entry.to_json(), "meta": {**entry.meta, "price_in": 5.0}})
    assert dearer.digest == entry.digest
