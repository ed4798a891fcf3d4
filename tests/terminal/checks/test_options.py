"""Arguments as programs read them."""

from __future__ import annotations

import pytest

from assay.terminal.checks.options import flags, option, plain


@pytest.mark.parametrize(("call", "value"), [
    (["-c", "3"], "3"), (["-c3"], "3"), (["--count", "3"], "3"), (["--count=3"], "3"), (["-c", "1", "-c", "3"], "3"),
    (["x"], None), (["-c"], None), (["--counter=3"], None), (["-C", "3"], None),
])
def test_the_value_of_an_option(call: list[str], value: str | None) -> None:
    assert option(call, "-c", "--count") == value


@pytest.mark.parametrize(("call", "words"), [
    (["run", "-d", "-p", "80:80", "nginx"], ["run", "nginx"]),
    (["run", "-dp", "80:80", "nginx"], ["run", "nginx"]),
    (["run", "-p80:80", "nginx"], ["run", "nginx"]),
    (["run", "--name", "web", "nginx"], ["run", "nginx"]),
    (["run", "--name=web", "--rm", "nginx"], ["run", "nginx"]),
    (["-", "a"], ["-", "a"]),
])
def test_the_words_that_are_left(call: list[str], words: list[str]) -> None:
    assert plain(call, "p", ["--name"]) == words


def test_flags_together_and_alone() -> None:
    assert flags(["rm", "-rf", "--force", "--x=1", "-v", "a"]) == {"r", "f", "v", "--force", "--x"}
