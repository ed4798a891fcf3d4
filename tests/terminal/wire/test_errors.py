"""How a failed call is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import LOAD
from assay.terminal.models import LanguageModel
from assay.terminal.wire import ProviderError
from assay.terminal.wire.errors import ADVICE, plain, told


@pytest.mark.parametrize("kind", list(ADVICE))
def test_one_line_with_wire_host_status_and_what_to_do(kind: str) -> None:
    error = told(ProviderError(kind, 500, "no\nluck", wire="openai", host="api.openai.com"), "gpt")
    assert error.code == LOAD
    assert error.hint == ""
    status = "" if kind == "content" else "HTTP 500: "
    assert error.message == f"gpt: openai at api.openai.com: {status}no luck; {ADVICE[kind]}"


def test_advice_that_is_known_better_is_given_instead() -> None:
    assert told(ProviderError("auth", None, "no key", advice="set KEY")).message == "no key; set KEY"


def test_a_retired_model_tells_its_successor() -> None:
    model = LanguageModel("old", "openai", "old", retired="shut down: use new")
    assert told(ProviderError("bad_request", 404, "no such model"), model).message.endswith("; shut down: use new")
    assert "use new" not in told(ProviderError("rate", 429, "slowly"), model).message


def test_a_key_that_a_provider_repeats_is_taken_out() -> None:
    error = ProviderError("auth", 401, "Incorrect API key: sk-12345678").placed("openai", "host", "sk-12345678")
    assert "sk-12345678" not in f"{error} {error!r} {error.args} {error.message}"
    assert error.message == "Incorrect API key: [key]"


def test_the_place_is_kept_once_it_is_known() -> None:
    error = ProviderError("auth", wire="gguf", host="here").placed("openai", "there")
    assert (error.wire, error.host) == ("gguf", "here")


@pytest.mark.parametrize("words", [
    "This model's maximum context length is 4097 tokens", "prompt is too long: 210000 tokens > 200000 maximum",
    "The input token count (9000) exceeds the maximum number of tokens allowed (2000).",
    "request (5052 tokens) exceeds the available context size (512 tokens), try increasing it"])
def test_a_request_that_does_not_fit_is_told_from_a_wrong_one(words: str) -> None:
    assert ProviderError("bad_request", 400, words).too_long
    assert not ProviderError("rate", 429, words).too_long


def test_a_wrong_request_is_not_too_long() -> None:
    assert not ProviderError("bad_request", 400, "max_tokens: Field required").too_long
    assert ProviderError("bad_request", 413, "Request exceeds the maximum size").too_long


@given(st.text())
def test_words_of_a_provider_are_one_short_printable_line(words: str) -> None:
    line = plain(words)
    assert line.isprintable() or line == ""
    assert "\n" not in line
    assert len(plain("x" * 5000)) <= 400
