"""A conversation on a real terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.terminal.history import History
from fake_provider import FakeProvider
from pseudo_terminal import CTRL_C, CTRL_D, ENTER, TAB, Terminal, assay

PROMPT = "› "


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    table = {"hello": "Hi, **you**.\n\n```bash\nls -la\n```\n\nThat is all.", "bad": "a\x1b]0;t\x07b\u202ec \x1b[2Jd",
             "long": {"script": "slow:0.3"}, "broken": {"script": "http:500"}, "no": {"script": "http:401"},
             "key": "use __ASSAY_SECRET_1__ there"}
    with FakeProvider("table", table=table, default="what?") as running:
        yield running


@pytest.fixture
def chat(provider: FakeProvider, folders: Path) -> Callable[..., Terminal]:
    def begin(*args: str, until: str = PROMPT, **environ: str | None) -> Terminal:
        terminal = assay("chat", *args, environ={**provider.environment, **environ})
        terminal.expect(until)
        return terminal

    return begin


def test_answers_are_rendered_and_the_conversation_goes_on(chat: Any, provider: FakeProvider) -> None:
    with chat() as terminal:
        terminal.type("hello", ENTER)
        terminal.expect("That is all.")
        assert "Hi, you." in terminal.shown
        assert "```" not in terminal.shown
        terminal.expect(PROMPT)
        terminal.type("more", ENTER)
        terminal.expect("what?")
        terminal.expect(PROMPT)
        terminal.type("quit", ENTER)
        terminal.expect("2 answers")
        assert terminal.end() == 0
    assert [turn["role"] for turn in provider.log[-1]["body"]["messages"]] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("end", [["exit", ENTER], ["QUIT", ENTER], [CTRL_D]])
def test_ways_to_end(chat: Any, end: list[str]) -> None:
    with chat() as terminal:
        terminal.type(*end)
        assert terminal.end() == 0


def test_the_first_text_may_be_given(chat: Any) -> None:
    with chat("hello", until="That is all.") as terminal:
        terminal.expect(PROMPT)
        terminal.type(CTRL_D)
        assert terminal.end() == 0


def test_tab_completes_paths_and_keeps_their_case(chat: Any, provider: FakeProvider) -> None:
    Path("MyDocs").mkdir()
    Path("MyDocs/ReadMe.TXT").write_text("")
    with chat() as terminal:
        terminal.type("see myd", TAB)
        terminal.expect("MyDocs/")
        terminal.type("R", TAB)
        terminal.expect("ReadMe.TXT")
        terminal.type(ENTER)
        terminal.expect("what?")
    assert provider.log[-1]["body"]["messages"][-1]["content"] == "see MyDocs/ReadMe.TXT"


def test_what_was_asked_before_is_suggested(chat: Any, provider: FakeProvider) -> None:
    log = History()
    log.add(log.begin("chat", "m", "t"), "user", "show me the moon")
    with chat() as terminal:
        terminal.type("show")
        terminal.expect("me the moon")
        terminal.type("\x1b[C", ENTER)
        terminal.expect("what?")
    assert provider.log[-1]["body"]["messages"][-1]["content"] == "show me the moon"


def test_pasted_lines_are_one_text(chat: Any, provider: FakeProvider) -> None:
    with chat() as terminal:
        terminal.type("\x1b[200~one\ntwo\x1b[201~", ENTER)
        terminal.expect("what?")
    assert provider.log[-1]["body"]["messages"][-1]["content"] == "one\ntwo"


def test_ctrl_c_stops_an_answer_and_keeps_the_conversation(chat: Any, provider: FakeProvider) -> None:
    with chat() as terminal:
        terminal.type("long", ENTER)
        terminal.expect("cmd_to")
        terminal.type(CTRL_C)
        terminal.expect("stopped")
        terminal.expect(PROMPT)
        terminal.type("hello", ENTER)
        terminal.expect("That is all.")
    messages = provider.log[-1]["body"]["messages"]
    assert [turn["role"] for turn in messages] == ["system", "user", "assistant", "user"]


def test_ctrl_c_at_the_prompt_is_no_end(chat: Any) -> None:
    with chat() as terminal:
        terminal.type("unfinished", CTRL_C)
        terminal.expect(PROMPT)
        terminal.type("quit", ENTER)
        assert terminal.end() == 0


def test_a_failure_is_told_and_the_conversation_goes_on(chat: Any, provider: FakeProvider) -> None:
    with chat() as terminal:
        terminal.type("no", ENTER)
        terminal.expect("HTTP 401")
        terminal.expect(PROMPT)
        terminal.type("hello", ENTER)
        terminal.expect("That is all.")
        terminal.expect(PROMPT)
        terminal.type("quit", ENTER)
        terminal.expect("1 answer")
        assert terminal.end() == 0
    assert [turn["role"] for turn in provider.log[-1]["body"]["messages"]] == ["system", "user"]


def test_nothing_in_an_answer_acts_on_the_terminal(chat: Any) -> None:
    with chat() as terminal:
        terminal.type("bad", ENTER)
        terminal.expect("\\u{202e}c d")
        for raw in (b"\x1b]0;", b"\x1b[2J", "\u202e".encode()):
            assert raw not in terminal.raw


def test_secrets_stay_here_and_are_shown(chat: Any, provider: FakeProvider) -> None:
    with chat() as terminal:
        terminal.type("key sk-abcdefghij1234567890", ENTER)
        terminal.expect("use sk-abcdefghij1234567890 there")
        terminal.expect(PROMPT)
        terminal.type("quit", ENTER)
        assert terminal.end() == 0
    assert "sk-abcdefghij" not in json.dumps(provider.log)
    assert b"sk-abcdefghij" not in History().file.read_bytes()


def test_going_on_with_a_conversation(chat: Any, provider: FakeProvider) -> None:
    with chat("hello", until="That is all.") as terminal:
        terminal.expect(PROMPT)
        terminal.type("quit", ENTER)
        terminal.expect("assay chat -c 1 goes on with it")
        assert terminal.end() == 0
    with chat("-c") as terminal:
        assert "goes on with 1: hello" in terminal.shown
        terminal.type("more", ENTER)
        terminal.expect("what?")
        terminal.expect(PROMPT)
        terminal.type("quit", ENTER)
        assert terminal.end() == 0
    assert [turn["content"] for turn in provider.log[-1]["body"]["messages"]][1::2] == ["hello", "more"]
    assert len(History().entries()) == 1
    assert len(History().entry(1).parts) == 4


def test_nothing_is_kept_while_the_log_is_off(chat: Any) -> None:
    History().turn(False)
    with chat("hello", until="That is all.") as terminal:
        terminal.expect(PROMPT)
        terminal.type("quit", ENTER)
        assert "goes on" not in terminal.rest()
    assert History().entries() == []


def test_a_simple_terminal_gets_lines(chat: Any) -> None:
    with chat(until="> ", TERM="dumb") as terminal:
        terminal.type("hello", ENTER)
        terminal.expect("```bash\nls -la\n```")
        terminal.expect("> ")
        terminal.type("quit", ENTER)
        assert terminal.end() == 0
        assert b"\x1b[" not in terminal.raw.replace(b"\x1b[?2004h", b"").replace(b"\x1b[?2004l", b"")


def test_no_color_is_honoured(chat: Any) -> None:
    with chat(NO_COLOR="1") as terminal:
        terminal.type("hello", ENTER)
        terminal.expect("That is all.")
        assert b";36m" not in terminal.raw
        assert b"\x1b[36" not in terminal.raw
