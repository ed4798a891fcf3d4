"""Turns of a conversation, as providers take them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.wire.types import merged, split_system

turns = st.lists(st.fixed_dictionaries({
    "role": st.sampled_from(["system", "user", "assistant"]), "content": st.text()}))


@given(turns)
def test_merged_turns_alternate_and_lose_nothing(messages: list[dict[str, str]]) -> None:
    result = merged(messages)
    assert all(a["role"] != b["role"] for a, b in itertools.pairwise(result))
    assert "".join(turn["content"] for turn in result).replace("\n", "") == \
        "".join(turn["content"] for turn in messages).replace("\n", "")


@given(turns)
def test_the_system_text_is_taken_apart(messages: list[dict[str, str]]) -> None:
    system, rest = split_system(messages)
    assert all(turn["role"] != "system" for turn in rest)
    assert all(message["content"] in system for message in messages if message["role"] == "system")
