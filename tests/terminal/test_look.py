"""Colour where it is wanted, never colour alone; text fits the width."""

from __future__ import annotations

import io

import pytest

from assay.terminal.look import LEVELS, WIDEST, Look, counted, money
from assay.terminal.risk import LEVELS as RISKS


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("environ", "colour"), [
    ({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({}, False)])
def test_colour(environ: dict[str, str], colour: bool) -> None:
    assert Look.of(Screen(), environ).colour is colour
    assert not Look.of(io.StringIO(), environ).colour


@pytest.mark.parametrize("colour", [True, False])
def test_every_level_has_words_of_its_own(colour: bool) -> None:
    assert set(LEVELS) == set(RISKS)
    shown = {Look(colour).level(level) for level in LEVELS}
    assert len(shown) == len(LEVELS)
    for level in LEVELS:
        assert level.replace("-", " ") in Look().level(level).lower().replace("-", " ")


@pytest.mark.parametrize("width", [30, 80, 200])
def test_running_text_fits(width: int) -> None:
    lines = Look(width=width).lines("some words " * 50 + "\n\nlast", "    ", "  - ")
    assert max(map(len, lines)) <= min(width, WIDEST)
    assert lines[0].startswith("  - some")
    assert lines[-2:] == ["", "    last"]


def test_a_command_is_not_broken() -> None:
    command = "find . -name '*.tmp' " * 20
    assert Look(width=40).code(command) == ["  " + command]
    assert Look().code("a\nb", "   ", "1  ") == ["1  a", "   b"]


@pytest.mark.parametrize(("dollars", "text"), [
    (None, ""), (0.0, "$0.00"), (12.345, "$12.35"), (0.1, "$0.10"), (0.05, "$0.050"), (0.000123, "$0.00012"),
    (1e-12, "$0.00000000")])
def test_money(dollars: float | None, text: str) -> None:
    assert money(dollars) == text


def test_counted() -> None:
    assert [counted(number, "entry", "entries") for number in (0, 1, 1200)] == ["0 entries", "1 entry", "1,200 entries"]
