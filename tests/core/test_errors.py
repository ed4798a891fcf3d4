"""What an error says, and which names are near."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import AssayError
from assay.core.errors import LOAD, LoadError, describe, did_you_mean, printable

MODELS = ["chgnet-0.2.0", "chgnet-0.3.0", "chgnet-0.3.0+d3", "chgnet-r2scan", "gfn1-xtb", "gfn2-xtb"]


def test_an_error_shows_its_message_and_then_what_to_do() -> None:
    error = AssayError("the file is gone", "put it back", 3)
    assert (str(error), error.code) == ("the file is gone\nput it back", 3)
    assert str(AssayError("the file is gone")) == "the file is gone"


def test_usage_is_the_code_unless_another_is_given_and_a_model_that_cannot_load_has_its_own() -> None:
    assert AssayError("x").code == 2
    assert LoadError("x", "y").code == LOAD == 4


@pytest.mark.parametrize(("word", "expected"), [
    ("gfn3-xtb", ["gfn1-xtb", "gfn2-xtb"]),
    ("*XTB*", ["gfn1-xtb", "gfn2-xtb"]),
    ("chgnet", MODELS[:3]),
])
def test_near_names_are_offered_three_at_most(word: str, expected: list[str]) -> None:
    sentence = did_you_mean(word, MODELS)
    assert sentence.startswith("did you mean ")
    named = sentence.removeprefix("did you mean ").removesuffix("?").split(", ")
    assert len(named) <= 3
    assert set(named) <= set(MODELS)
    assert set(expected) & set(named)


@pytest.mark.parametrize("word", ["", "*", "zzz"])
def test_where_nothing_is_near_nothing_is_said(word: str) -> None:
    assert did_you_mean(word, MODELS) == ""


def test_a_reason_is_one_line_with_the_type_first() -> None:
    assert describe(ValueError("two lines\n  of text")) == "ValueError: two lines of text"
    assert describe(KeyError()) == "KeyError"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=50))
def test_what_is_printable_stays_and_everything_can_be_encoded(text: str) -> None:
    printable(text).encode()
    describe(OSError(text)).encode()


@given(st.text(max_size=50))
def test_ordinary_text_is_not_changed(text: str) -> None:
    assert printable(text) == text
