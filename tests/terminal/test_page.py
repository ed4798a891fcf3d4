"""The page of language models: what its figures draw."""

from __future__ import annotations

from typing import Any

import pytest

from assay.terminal import caselist, page, sharpness, tally
from assay.terminal.page import Measured


def rows(right: int, cost: float | None) -> list[dict[str, Any]]:
    """Return ten requests of two groups, the first `right` of them answered right."""
    ids = [case.id for case in caselist.own() if not case.refused][:10]
    return [{"case": case, "tags": [f"group:{'git' if number < 5 else 'text'}", "kind:valid"], "kind": "valid",
             "outcome": "right" if number < right else "wrong", "via": "raw", "commands": ["ls"], "clean": True,
             "effect": True, "collateral": [], "risk": "read-only", "seconds": 0.1, "cost_usd": cost}
            for number, case in enumerate(ids)]


def measured(model: str, variant: str, right: int, cost: float | None = None) -> Measured:
    found = rows(right, cost)
    return Measured(model, variant, tally.tally(found), found)


@pytest.fixture
def models() -> list[Measured]:
    return [measured("one", "regular-few-chat", 8, 0.001), measured("other", "regular-few-chat", 6),
            measured("one@fast-few-chat", "fast-few-chat", 5, 0.0002)]


def test_the_fast_prompt_stands_hatched_beside_the_regular_one(models: list[Measured]) -> None:
    drawn = page.groups(models)
    assert [bar.name for bar in drawn.data] == ["one", "one@fast-few-chat", "other"]
    assert [bar.marker.pattern.shape for bar in drawn.data] == ["", "/", ""]
    assert drawn.data[0].marker.color == drawn.data[1].marker.color != drawn.data[2].marker.color
    assert [list(bar.y) for bar in drawn.data] == [[1.0, 0.6], [1.0, 0.0], [1.0, 0.2]]


def test_right_answers_against_cost(models: list[Measured]) -> None:
    drawn = page.costs(models)
    assert [(point.name, *point.x, *point.y) for point in drawn.data] == [
        ("one", pytest.approx(0.1), 0.8), ("one@fast-few-chat", pytest.approx(0.02), 0.5)]
    assert drawn.layout.xaxis.type == "log"
    low, high = 0.8 - drawn.data[0].error_y.arrayminus[0], 0.8 + drawn.data[0].error_y.array[0]
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson's interval of 8 of 10


def test_refusals_are_a_point_a_model(models: list[Measured]) -> None:
    assert [point.marker.symbol for point in page.refusals(models).data] == ["circle", "circle", "circle-open"]


def test_what_the_checkers_are_worth_is_said(models: list[Measured], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "right commands damaged a little" in page.sharp(models)
    monkeypatch.setattr(sharpness, "measured", lambda cases: None)
    assert "not checked" in page.sharp(models)
