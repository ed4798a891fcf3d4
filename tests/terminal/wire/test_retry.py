"""Waits between tries."""

from __future__ import annotations

import email.utils
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.wire import ProviderError
from assay.terminal.wire.retry import LONGEST, asked, kind_of, wait, worthwhile


@pytest.mark.parametrize(("tried", "least"), [(1, 0.5), (2, 1.0), (3, 2.0)])
def test_waits_double_with_a_little_jitter(tried: int, least: float) -> None:
    waits = [wait(tried, None) for _ in range(50)]
    assert all(least <= seconds <= 1.25 * least for seconds in waits)
    assert len(set(waits)) > 1


def test_four_tries_and_no_more() -> None:
    assert wait(4, None) is None
    assert wait(4, 1.0) is None


@pytest.mark.parametrize(("after", "seconds"), [(0.0, 0.0), (7.0, 7.0), (60.0, 60.0), (60.5, None), (3600.0, None)])
def test_what_a_provider_asks_for_is_kept_to_up_to_a_minute(after: float, seconds: float | None) -> None:
    assert wait(1, after) == seconds


@pytest.mark.parametrize(("headers", "seconds"), [
    ({}, None), ({"retry-after": "3"}, 3.0), ({"retry-after": "1.5"}, 1.5), ({"retry-after-ms": "250"}, 0.25),
    ({"retry-after-ms": "250", "retry-after": "9"}, 0.25), ({"retry-after": "soon"}, None),
    ({"retry-after": "-1"}, None), ({"retry-after": "inf"}, None), ({"retry-after": "nan"}, None),
    ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0)])
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert asked(headers) == seconds


def test_a_date_is_a_wait_until_then() -> None:
    seconds = asked({"retry-after": email.utils.formatdate(time.time() + 30, usegmt=True)})
    assert seconds is not None
    assert 25 < seconds <= 31


def test_google_tells_it_in_the_document() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.Help"},
               {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}]
    assert asked({}, {"error": {"details": details}}) == 7.5


json_values = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(
    inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "details", "retryDelay", "x"]), inner), max_leaves=8)


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()), json_values)
def test_whatever_is_sent_gives_a_number_or_nothing(headers: dict[str, str], document: object) -> None:
    seconds = asked(headers, document)
    assert seconds is None or 0 <= seconds < float("inf")
    assert seconds is None or wait(1, seconds) is None or wait(1, seconds) <= LONGEST


@pytest.mark.parametrize(("status", "kind", "again"), [
    (400, "bad_request", False), (401, "auth", False), (402, "auth", False), (403, "auth", False),
    (404, "bad_request", False), (408, "server", True), (413, "bad_request", False), (422, "bad_request", False),
    (429, "rate", True), (500, "server", True), (502, "server", True), (503, "server", True), (529, "server", True)])
def test_what_is_tried_again(status: int, kind: str, again: bool) -> None:
    assert kind_of(status) == kind
    assert worthwhile(ProviderError(kind_of(status), status)) is again


def test_the_network_is_tried_again_and_a_timed_out_call_is_not() -> None:
    assert worthwhile(ProviderError("network"))
    assert not worthwhile(ProviderError("timeout"))
    assert not worthwhile(ProviderError("content", 200))
