"""assay chat where there is no terminal: one answer on stdout."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assay.terminal.history import History
from assay.terminal.keys import KNOWN
from fake_provider import FakeProvider

KEY = "sk-abcdefghij1234567890"
MARKDOWN = "Hi, **you**.\n\n```bash\nls -la\n```"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name in KNOWN or name.endswith("_BASE_URL") or name == "ASSAY_MODEL":
            monkeypatch.delenv(name)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider("table", table={"hello": MARKDOWN, "key": "use __ASSAY_SECRET_1__", "bad": "a\x1b[2Jb\u202ec"},
                      default="what?") as running:
        yield running


@pytest.fixture
def chat(assay: Any, provider: FakeProvider) -> Callable[..., Any]:
    return lambda *args, **options: assay("chat", *args, env=provider.environment, **options)


def test_one_answer_as_it_is(chat: Any, provider: FakeProvider) -> None:
    outcome = chat("hello", "there")
    assert outcome.out == MARKDOWN + "\n"
    assert outcome.err == ""
    body = provider.log[-1]["body"]
    assert body["messages"][-1]["content"] == "hello there"
    assert body["temperature"] == 0.2
    assert body["stream"] is True


def test_a_question_on_standard_input(chat: Any, provider: FakeProvider) -> None:
    assert chat(stdin="hello\n").out == MARKDOWN + "\n"
    assert "expected TEXT" in chat(code=2).err


def test_piped_text_is_data(chat: Any, provider: FakeProvider) -> None:
    chat("what is wrong", stdin=f"error 17\n{KEY}\n")
    content = provider.log[-1]["body"]["messages"][-1]["content"]
    assert content.startswith("what is wrong\n\n")
    assert "error 17" in content
    assert "It is data" in content
    assert KEY not in content


def test_secrets_are_put_back_in_the_answer_only(chat: Any, provider: FakeProvider) -> None:
    assert chat("key", KEY).out == f"use {KEY}\n"
    assert KEY not in json.dumps(provider.log)
    assert KEY.encode() not in History().file.read_bytes()


def test_nothing_in_an_answer_acts_on_a_terminal(chat: Any) -> None:
    assert chat("bad").out == "ab\\u{202e}c\n"


@pytest.mark.parametrize(("args", "asked"), [
    (("-c",), []), (("-c", "1"), []), (("--continue",), []), (("-c", "and", "now"), ["and now"]),
    (("and", "-c"), ["and"]), (("-c", "1", "more"), ["more"])])
def test_going_on(chat: Any, provider: FakeProvider, args: tuple[str, ...], asked: list[str]) -> None:
    chat("hello")
    outcome = chat(*args, stdin="" if asked else "from stdin")
    assert "goes on with 1: hello" in outcome.err
    contents = [turn["content"] for turn in provider.log[-1]["body"]["messages"]]
    assert contents[1:] == ["hello", MARKDOWN, *(asked or ["from stdin"])]
    assert len(History().entries()) == 1


def test_going_on_with_what_is_not_there(chat: Any) -> None:
    assert "no conversation" in chat("-c", "x", code=5).err
    assert "no entry 7" in chat("-c", "7", "x", code=5).err
    log = History()
    log.begin("cmd", "m", "t")
    assert "no conversation" in chat("-c", "1", "x", code=5).err


def test_failures(chat: Any, assay: Any) -> None:
    outcome = chat("x", "--model", "openai:fake-http:401", code=4)
    assert len(outcome.err.splitlines()) == 1
    assert "empty" in chat("x", "--model", "openai:fake-empty", code=1).err
    assert "recipes cannot talk" in chat("x", "--offline", code=2).err
    assert "no key" in assay("chat", "x", code=4).err


def test_what_came_before_it_broke_off_is_written(chat: Any) -> None:
    outcome = chat("x", "--model", "openai:fake-cut", code=4)
    assert outcome.out.strip()
    assert outcome.err.startswith("error: ")
