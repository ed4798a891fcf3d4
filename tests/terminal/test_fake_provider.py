"""The provider of the tests is as strict as the true ones, or a test against it would say nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import fake_provider
from fake_provider import FakeProvider
from fake_scripts import SCRIPTS

USER = [{"role": "user", "content": "hi"}]
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "required": ["a"], "additionalProperties": False}
PATHS = {"openai": "/v1/chat/completions", "completions": "/v1/completions", "anthropic": "/v1/messages",
         "gemini": "/v1beta/models/m:generateContent"}
HEADERS = {"openai": {"authorization": "Bearer right"}, "completions": {"authorization": "Bearer right"},
           "anthropic": {"x-api-key": "right", "anthropic-version": "2023-06-01"},
           "gemini": {"x-goog-api-key": "right"}}
BODIES: dict[str, dict[str, Any]] = {
    "openai": {"model": "m", "messages": USER}, "completions": {"model": "m", "prompt": "hi"},
    "anthropic": {"model": "m", "messages": USER, "max_tokens": 5},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}}


@pytest.fixture(scope="module")
def strict() -> Iterator[FakeProvider]:
    with FakeProvider(key="right") as provider:
        yield provider


def post(provider: FakeProvider, wire: str, body: Any = None, headers: Any = None, path: str = "") -> httpx.Response:
    return httpx.post(provider.url + (path or PATHS[wire]), json={**BODIES[wire], **(body or {})},
                      headers=HEADERS[wire] if headers is None else headers, trust_env=False)


@pytest.mark.parametrize("wire", list(PATHS))
def test_a_right_request_is_answered(strict: FakeProvider, wire: str) -> None:
    assert post(strict, wire).status_code == 200


@pytest.mark.parametrize("wire", list(PATHS))
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"x-api-key": "wrong"},
                                     {"x-goog-api-key": "wrong"}])
def test_no_key_or_a_wrong_one(strict: FakeProvider, wire: str, headers: dict[str, str]) -> None:
    assert post(strict, wire, headers=headers).status_code in (400, 401, 403)


@pytest.mark.parametrize("wire", list(PATHS))
def test_the_right_key_in_the_wrong_header(strict: FakeProvider, wire: str) -> None:
    name = "x-api-key" if wire != "anthropic" else "authorization"
    assert post(strict, wire, headers={name: "right", "anthropic-version": "2023-06-01"}).status_code in (401, 403)


def test_a_key_in_the_address(strict: FakeProvider) -> None:
    assert post(strict, "gemini", headers={}, path=PATHS["gemini"] + "?key=right").status_code == 404


def shaped(schema: dict[str, Any], strict: bool, name: str = "a") -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {
        "name": name, "strict": strict, "schema": schema}}}


two = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]


@pytest.mark.parametrize(("wire", "body"), [
    ("openai", {"messages": two}), ("openai", {"messages": []}), ("openai", {"messages": "hi"}),
    ("openai", {"messages": [{"role": "model", "content": "hi"}]}), ("openai", {"messages": [{"role": "user"}]}),
    ("openai", {"temperature": 3}), ("openai", {"max_tokens": 0}), ("openai", {"stop": []}),
    ("openai", {"stop": ["1", "2", "3", "4", "5"]}), ("openai", {"unknown": 1}), ("openai", {"model": ""}),
    ("openai", {"stream_options": {"include_usage": True}}),
    ("openai", {"model": "gpt-6", "max_tokens": 5}), ("openai", {"model": "o3", "temperature": 0}),
    ("openai", {"model": "gpt-6", "stop": ["x"]}),
    ("openai", {"response_format": {"type": "json_object"}}),
    ("openai", shaped(OPEN, strict=True)), ("openai", shaped({**CLOSED, "required": []}, strict=True)),
    ("openai", shaped(CLOSED, name="no good name", strict=True)),
    ("completions", {"prompt": ""}), ("completions", {"messages": USER}), ("completions", {"max_tokens": -1}),
    ("anthropic", {"max_tokens": None}), ("anthropic", {"messages": [{"role": "system", "content": "S"}, *USER]}),
    ("anthropic", {"messages": two}), ("anthropic", {"messages": [{"role": "assistant", "content": "A"}, *USER]}),
    ("anthropic", {"messages": [{"role": "user", "content": " "}]}), ("anthropic", {"system": ""}),
    ("anthropic", {"temperature": 1.5}), ("anthropic", {"stop_sequences": ["\n"]}), ("anthropic", {"stop": ["x"]}),
    ("anthropic", {"messages": [{"role": "tool", "content": "x"}]}),
    ("anthropic", {"output_config": {"format": {"type": "json_schema", "schema": OPEN}}}),
    ("gemini", {"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}), ("gemini", {"contents": []}),
    ("gemini", {"contents": [{"role": "user", "parts": [{"text": "a"}]}, {"role": "user", "parts": [{"text": "b"}]}]}),
    ("gemini", {"messages": USER}), ("gemini", {"generationConfig": {"max_tokens": 5}}),
    ("gemini", {"generationConfig": {"responseSchema": OPEN}}),
    ("gemini", {"generationConfig": {"responseMimeType": "application/json", "responseSchema": CLOSED}}),
    ("gemini", {"safetySettings": [{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "threshold": "NONE"}]}),
    ("gemini", {"systemInstruction": {"parts": []}})])
def test_what_the_true_services_refuse(strict: FakeProvider, wire: str, body: dict[str, Any]) -> None:
    answer = post(strict, wire, body)
    assert answer.status_code == 400
    assert fake_provider.json.loads(answer.text)["error"]["message"]


@pytest.mark.parametrize(("wire", "body"), [
    ("openai", {"model": "gpt-6", "max_completion_tokens": 5, "reasoning_effort": "none", "temperature": 0}),
    ("openai", {"messages": [{"role": "user", "content": "in JSON"}], "response_format": {"type": "json_object"}}),
    ("openai", shaped(CLOSED, strict=True)), ("openai", shaped(OPEN, strict=False)),
    ("anthropic", {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}}),
    ("gemini", {"generationConfig": {"responseMimeType": "application/json", "responseSchema": OPEN}})])
def test_what_they_take(strict: FakeProvider, wire: str, body: dict[str, Any]) -> None:
    assert post(strict, wire, body).status_code == 200


def test_models_and_unknown_paths(strict: FakeProvider) -> None:
    names = [model["id"] for model in httpx.get(strict.openai + "/models", trust_env=False).json()["data"]]
    assert "fake-ok" in names
    assert httpx.get(strict.url + "/", trust_env=False).status_code == 404
    assert post(strict, "openai", path="/v2/chat").status_code == 404
    assert httpx.post(strict.url + PATHS["openai"], content=b"{", headers=HEADERS["openai"]).status_code == 400


def text(provider: FakeProvider, question: str, model: str = "m") -> str:
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    return str(post(provider, "openai", body).json()["choices"][0]["message"]["content"])


def test_a_table_answers_by_the_request() -> None:
    table = {"list files": "ls", "files": "fallback", "object": {"commands": ["pwd"]},
             "twice": {"script": "text:scripted"}}
    with FakeProvider("table", table) as provider:
        assert text(provider, " list files ") == "ls"
        assert text(provider, "please list files now") == "ls"
        assert text(provider, "which files") == "fallback"
        assert json.loads(text(provider, "object")) == {"commands": ["pwd"]}
        assert text(provider, "twice") == "scripted"
        assert json.loads(text(provider, "nothing"))["error"] == 1
        provider.default = "else"
        assert text(provider, "nothing") == "else"


def test_the_table_looks_at_the_last_turn_of_a_transcript() -> None:
    with FakeProvider("table", {"two": "second", "one": "first"}) as provider:
        body = {"prompt": "intro\nUser: one\nAssistant: x\nUser: two\nAssistant:"}
        assert post(provider, "completions", body).json()["choices"][0]["text"] == "second"


def test_scripts_of_a_queue_come_first_and_those_of_a_model_before_them() -> None:
    with FakeProvider("text:usual") as provider:
        provider.queue("text:one", "text:two")
        assert text(provider, "a", "fake-text:own") == "own"
        assert [text(provider, question) for question in "abc"] == ["one", "two", "usual"]
        assert [entry["script"] for entry in provider.log] == ["text:own", "text:one", "text:two", "text:usual"]


def test_a_sequence_is_by_request() -> None:
    with FakeProvider("fenced,text:two") as provider:
        assert text(provider, "a").startswith("```")
        assert text(provider, "b").startswith("```")
        assert text(provider, "a") == text(provider, "a") == "two"


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name not in ("hang", "drop", "stall", "cut", "http",
                                                                           "garbage", "refused", "blocked", "huge")])
def test_every_script_gives_a_text(name: str) -> None:
    with FakeProvider(f"{name}:0" if name == "slow" else name) as provider:
        assert isinstance(text(provider, "hi"), str)


def test_as_a_process_it_prints_its_address_and_logs(tmp_path: Path) -> None:
    table, log = tmp_path / "table.json", tmp_path / "log.jsonl"
    table.write_text('{"hi": "hello"}')
    command = [sys.executable, fake_provider.__file__, "--port", "0", "--table", str(table), "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        answer = httpx.post(address + PATHS["openai"], json=BODIES["openai"], headers=HEADERS["openai"],
                            trust_env=False)
        process.kill()
    assert answer.json()["choices"][0]["message"]["content"] == "hello"
    entry, = map(json.loads, log.read_text().splitlines())
    assert (entry["path"], entry["status"], entry["script"]) == (PATHS["openai"], 200, "table")
