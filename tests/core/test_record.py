"""Cases, records, artefacts, metrics: what they accept, their canonical JSON and their digests."""

from __future__ import annotations

import hashlib
import json
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import Artefact, Case, Metric, Record
from assay.core.record import canonical_json, digest

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
                    max_leaves=20)


def shuffled(value: Any) -> Any:
    """The same value with the keys of every dict in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item)) for key, item in value.items()]
        random.Random(1).shuffle(items)
        return dict(items)
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(JSON)
def test_canonical_json_is_read_back_as_the_same_value(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(JSON)
def test_canonical_json_and_digest_do_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert canonical_json(shuffled(value)) == canonical_json(value)
    assert digest(shuffled(value)) == digest(value)


@given(JSON, JSON)
def test_digests_are_equal_only_for_equal_texts(one: Any, other: Any) -> None:
    assert (digest(one) == digest(other)) == (canonical_json(one) == canonical_json(other))


@given(JSON)
def test_reading_back_does_not_change_the_digest(value: Any) -> None:
    assert digest(json.loads(canonical_json(value))) == digest(value)


def test_a_digest_is_the_sha256_of_the_utf8_text() -> None:
    assert digest({"b": "Ä", "a": 1}) == hashlib.sha256('{"a":1,"b":"Ä"}'.encode()).hexdigest()


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": -math.inf}, {"a": object()}, {1: 0, "a": 1}, {1, 2},
                                   "\ud800", {"\udcff": 1}, np.float32(1), np.int64(1)])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical_json(value)


# -- Case


@given(st.characters(categories=["Cc"]), st.text(max_size=5), st.text(max_size=5))
def test_a_case_id_has_no_control_characters(character: str, before: str, after: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        Case(before + character + after)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_other_text_is_a_case_id(text: str) -> None:
    assert Case(text).id == text


@pytest.mark.parametrize(("arguments", "message"), [
    ({"id": ""}, "without control characters"),
    ({"id": "a", "inputs": {"x": math.nan}}, "'a'.*not JSON"),
    ({"id": "a", "inputs": {"x": object()}}, "'a'.*not JSON"),
    ({"id": "\udce4"}, "not JSON"),
    ({"id": "a", "tags": "full"}, "'a': tags must be a tuple"),
    ({"id": "a", "tags": ("\udce4",)}, "not JSON"),
    ({"id": "a", "cost": math.nan}, "'a': cost"),
    ({"id": "a", "cost": -1.0}, "'a': cost"),
])
def test_a_wrong_case_says_which_and_what(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Case(**arguments)


def test_the_tag_full_marks_a_case_that_runs_only_when_asked_for() -> None:
    assert Case("a", tags=("el:H", "full")).full
    assert not Case("a", tags=("fuller",)).full
    assert Case("a", tags=["el:H"]).tags == ("el:H",)  # type: ignore[arg-type]


# -- Artefact, Record


def test_an_artefact_is_named_by_the_sha256_of_its_bytes() -> None:
    artefact = Artefact("text", b"hello", ".txt", "a greeting")
    assert artefact.sha256 == hashlib.sha256(b"hello").hexdigest()
    reference = artefact.reference
    assert (reference.kind, reference.sha256, reference.suffix, reference.label) == (
        "text", artefact.sha256, ".txt", "a greeting")


@pytest.mark.parametrize("suffix", ["/x", "/../../x", "\\x", "\0"])
def test_a_suffix_cannot_lead_elsewhere(suffix: str) -> None:
    with pytest.raises(ValueError, match="holds a path"):
        Artefact("text", b"", suffix)


def test_the_bytes_of_an_artefact_are_bytes() -> None:
    with pytest.raises(ValueError, match="expected bytes, found str"):
        Artefact("text", "hello")  # type: ignore[arg-type]


@pytest.mark.parametrize(("values", "named"), [
    ({"a": math.nan}, "values['a'] is nan"),
    ({"a": {"b": [1.0, math.inf]}}, "values['a']['b'][1] is inf"),
    ({"a": (0.0, -math.inf)}, "values['a'][1] is -inf"),
    ({"a": np.float64("nan")}, "values['a'] is nan"),
])
def test_a_number_that_is_not_finite_fails_the_record_and_is_named(values: dict[str, Any], named: str) -> None:
    record = Record(values).checked()
    assert (record.status, record.values) == ("failed", {})
    assert record.reason == f"{named}: expected finite numbers"


@pytest.mark.parametrize("record", [
    Record({"a": object()}), Record({"a": {1, 2}}), Record({"a": "\udce4"}), Record({"a": np.zeros(2)}),
    Record([1.0]), Record(None), Record({}, {"a": b"bytes"}),  # type: ignore[arg-type, dict-item]
    Record({}, {"a": Artefact("text", b"", label="\udce4")}),
])
def test_what_cannot_be_stored_fails_with_a_reason(record: Record) -> None:
    checked = record.checked()
    assert checked.status == "failed"
    assert "expected" in checked.reason or "not JSON" in checked.reason


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_json_with_finite_numbers_is_left_as_it_is(values: dict[str, Any]) -> None:
    record = Record(values)
    assert record.checked() is record


def test_the_status_is_one_of_three() -> None:
    with pytest.raises(ValueError, match="ok, failed, skipped"):
        Record(status="done")  # type: ignore[arg-type]
    assert (Record.failed("why").status, Record.skipped("why").status) == ("failed", "skipped")


def test_a_reason_can_always_be_stored() -> None:
    assert Record.failed("no file \udce4").reason == "no file \\udce4"
    assert Record.failed(ValueError("text")).reason == "text"  # type: ignore[arg-type]


# -- Metric


@pytest.mark.parametrize(("good", "bad", "weight"), [
    (1.0, 1.0, 1.0), (math.nan, 1.0, 1.0), (0.0, math.inf, 1.0), (0.0, 1.0, -1.0), (0.0, 1.0, math.nan),
])
def test_a_metric_that_cannot_score_names_itself(good: float, bad: float, weight: float) -> None:
    with pytest.raises(ValueError, match="'mae'"):
        Metric("mae", "eV", good, bad, weight)
