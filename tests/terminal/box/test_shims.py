"""The log of calls; that stand-ins write it is tested in the sandbox."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.box.shims import read

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.lists(WORDS, min_size=1)))
def test_calls_come_back_as_they_were_written(calls: list[list[str]]) -> None:
    log = "".join("\0".join([str(len(call)), *call]) + "\0" for call in calls)
    assert read(os.fsencode(log)) == calls


@given(st.binary())
def test_a_log_that_was_tampered_with_is_no_trouble(log: bytes) -> None:
    assert all(isinstance(word, str) for call in read(log) for word in call)
