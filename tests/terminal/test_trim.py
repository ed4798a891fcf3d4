"""A conversation that has to fit."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.trim import shorten, tokens, trim

TEXT = st.text(max_size=400)


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, str]]:
    """A system text or none, then turns that alternate and end with the user's."""
    texts = draw(st.lists(TEXT, min_size=1, max_size=9))
    turns = [{"role": ("user", "assistant")[place % 2], "content": text}
             for place, text in enumerate(reversed(texts))][::-1]
    system = [{"role": "system", "content": draw(TEXT)}] if draw(st.booleans()) else []
    return system + turns


def size(messages: list[dict[str, str]]) -> int:
    return sum(tokens(message["content"]) for message in messages)


@given(st.text())
def test_tokens_are_bytes_by_three_and_a_half_rounded_up(text: str) -> None:
    assert tokens(text) == math.ceil(len(text.encode("utf-8", "surrogatepass")) / 3.5)


@given(conversations(), st.integers(4, 500), st.sampled_from([1, 3]))
def test_the_budget_is_kept_and_so_are_the_newest_turns(messages: list[dict[str, str]], budget: int,
                                                        newest: int) -> None:
    trimmed = trim(messages, budget, newest)
    assert size(trimmed) <= budget
    roles = [message["role"] for message in messages]
    assert roles[-len(trimmed):] == [message["role"] for message in trimmed] or trimmed[0]["role"] == "system"
    assert (trimmed[0]["role"] == "system") == (roles[0] == "system")
    turns = [message for message in trimmed if message["role"] != "system"]
    assert len(turns) >= min(newest, len(roles) - roles.count("system"))
    assert turns[0]["role"] == "user" or len(turns) <= newest
    assert all(one["role"] != other["role"] for one, other in itertools.pairwise(turns))


@given(conversations(), st.integers(4, 500))
def test_what_fits_stays_as_it_is_and_the_rest_is_the_oldest(messages: list[dict[str, str]], budget: int) -> None:
    trimmed = trim(messages, budget)
    if size(messages) <= budget and messages[-len(messages)]["role"] != "assistant":
        start = 1 if messages[0]["role"] == "system" else 0
        expected = messages[start:] if messages[start]["role"] == "user" else messages[start + 1:]
        assert trimmed == messages[:start] + expected
    if len(trimmed) > 2:
        assert trimmed[-1] in messages, "a message was cut though older ones could have gone"


def test_old_turns_go_before_anything_is_cut() -> None:
    messages = [{"role": "system", "content": "s" * 35}, *(
        {"role": role, "content": text * 35} for role, text in zip(["user", "assistant"] * 3, "abcdef", strict=True)),
        {"role": "user", "content": "now"}]
    assert trim(messages, 1000) == messages
    assert [m["content"][0] for m in trim(messages, 71)] == ["s", "a", "b", "c", "d", "e", "f", "n"]
    assert [m["content"][0] for m in trim(messages, 70)] == ["s", "c", "d", "e", "f", "n"]
    assert [m["content"][0] for m in trim(messages, 11)] == ["s", "n"]


def test_one_long_message_loses_its_middle_and_says_so() -> None:
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "head " + "x" * 9000 + " tail"}]
    system, user = trim(messages, 100)
    assert system == messages[0]
    assert user["content"].startswith("head x")
    assert user["content"].endswith("x tail")
    assert "characters left out" in user["content"]
    assert 90 <= size([system, user]) <= 100


def test_the_longest_of_those_that_must_stay_is_cut() -> None:
    messages = [{"role": "user", "content": "the request"}, {"role": "assistant", "content": "y" * 5000},
                {"role": "user", "content": "what was wrong"}]
    request, reply, complaint = trim(messages, 120, newest=3)
    assert (request, complaint) == (messages[0], messages[2])
    assert "left out" in reply["content"]


def test_a_system_text_gives_way_only_when_nothing_else_could_stand() -> None:
    messages = [{"role": "system", "content": "s" * 700}, {"role": "user", "content": "u" * 700}]
    assert trim(messages, 240)[0] == messages[0]
    assert [len(m["content"]) < 700 for m in trim(messages, 210)] == [True, True]


@given(st.text(min_size=1), st.integers(1, 60))
def test_shortening_keeps_the_limit_and_never_makes_longer(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert tokens(short) <= limit
    assert (short == text) == (tokens(text) <= limit)
    if "left out" in short and "left out" not in text:
        head, tail = short.split("\n[... ")[0], short.split(" ...]\n")[-1]
        assert text.startswith(head)
        assert text.endswith(tail)


def test_another_way_to_count_is_honoured() -> None:
    def words(text: str) -> int:
        return len(text.split())

    assert words(trim([{"role": "user", "content": "a b c " * 100}], 20, count=words)[0]["content"]) <= 20


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="budget of 1 tokens for 2 messages"):
        trim([{"role": "system", "content": "s" * 50}, {"role": "user", "content": "u" * 50}], 1)
