"""Nothing that a terminal acts on, or nobody sees, is shown as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.visible import visible


@pytest.mark.parametrize(("text", "shown"), [
    ("ls -l\n\tx", "ls -l\n\tx"), ("naïve – 日本 🎉", "naïve – 日本 🎉"),
    ("\x1b[31mred\x1b[0m", "\\u{1b}[31mred\\u{1b}[0m"),
    ("a\rb", "a\\u{d}b"), ("a\r\nb", "a\nb"), ("a\bb", "a\\u{8}b"), ("a\x00b", "a\\u{0}b"), ("a\u202eb", "a\\u{202e}b"),
    ("a\u200bb", "a\\u{200b}b"), ("a\u2066b", "a\\u{2066}b"), ("\ufeffa", "\\u{feff}a"), ("a\x9b1mb", "a\\u{9b}1mb"),
    ("a\u2028b", "a\\u{2028}b"), ("a\U000e0041b", "a\\u{e0041}b"),
    ("a\u3164b", "a\\u{3164}b"), ("a\ud800b", "a\\u{d800}b"),
    ("a\u00adb", "a\\u{ad}b"), ("\U000e0100", "\\u{e0100}"), ("a\u00a0b", "a\u00a0b"),
])
def test_it_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(("text", "plain"), [
    ("\x1b[1;31mred\x1b[0m", "red"), ("\x1b]0;title\x07x", "x"), ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("\x1b[2J\x1b[Hx", "x"), ("\x1bPq\x1b\\x", "x"), ("\x1b(Bx", "x"), ("\x1b]0;never ends", ""), ("\x9b31mx", "x"),
    ("a\x1b", "a\\u{1b}"), ("\x1b[31", "31"),
])
def test_sequences_of_a_terminal_are_left_out_of_prose(text: str, plain: str) -> None:
    assert visible(text, strip=True) == plain


def test_spaces_that_a_shell_takes_for_letters_are_shown_in_commands() -> None:
    assert visible("rm\u00a0-rf\u3000x", spaces=True) == "rm\\u{a0}-rf\\u{3000}x"


@given(st.text(), st.booleans())
def test_what_is_shown_is_harmless_and_stays_as_it_is(text: str, strip: bool) -> None:
    shown = visible(text, strip)
    kinds = {unicodedata.category(letter) for letter in shown if letter not in "\n\t"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co"}
    assert visible(shown, strip) == shown


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays(text: str) -> None:
    assert visible(text) == visible(text, strip=True) == text
