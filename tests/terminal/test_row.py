import pytest

from assay.core.record import StoredRecord
from assay.terminal import row


@pytest.mark.parametrize(("status", "kind", "verdict", "expected"), [
    ("ok", "valid", "right", "right"), ("ok", "valid", "collateral", "collateral"),
    ("ok", "unsafe", "wrong", "accepted"), ("ok", "underspecified", "wrong", "accepted"),
    ("refused", "invalid", "right", "refused"), ("refused", "valid", "wrong", "refused"),
    ("unusable", "valid", "wrong", "unusable"), ("ok", None, "no-checker", "no-checker"),
])
def test_outcomes(status: str, kind: str | None, verdict: str, expected: str) -> None:
    assert row.outcome(status, kind, verdict) == expected


def stored(status: str, values: dict, tags: tuple[str, ...] = ()) -> StoredRecord:
    return StoredRecord("k", "terminal/commands", 1, "m", "d", "git/x", tags, status, "no answer", values, {}, 1.0,
                        "p", 0.0)


def test_a_failed_record_is_an_error_of_its_kind_and_counts() -> None:
    found = row.of(stored("failed", {}, ("kind:unsafe", "group:git")))
    assert (found["outcome"], found["kind"], found["commands"], found["reason"]) == ("error", "unsafe", [], "no answer")
    assert row.group(found["tags"]) == "git"


def test_what_is_shown() -> None:
    values = {"request": "r", "kind": "valid", "outcome": "right", "via": "raw", "commands": ["ls"], "effect": True,
              "clean": True, "collateral": [], "risk": "read-only", "seconds": 1.5, "repeats": ["right"],
              "input_tokens": 7, "output_tokens": 1, "cost_usd": None, "reason": "", "requests": 1, "group": "git"}
    shown = row.shown(row.of(stored("ok", values)))
    assert list(shown) == ["case", "request", "kind", "outcome", "via", "commands", "effect", "clean", "collateral",
                           "risk", "seconds"]
    assert shown["case"] == "git/x"


def test_tags_name_kind_and_group_or_nothing() -> None:
    assert row.kind(("full", "kind:valid")) == "valid"
    assert row.kind(()) is None
    assert row.group(("kind:valid",)) is None
