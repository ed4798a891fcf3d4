"""The worked example of the page on scores is what the module computes."""

from pathlib import Path

import pytest

from assay.results.score import RANKED_FROM, metric_score

PAGE = (Path(__file__).parents[2] / "docs" / "scores.md").read_text("utf-8")


def test_the_worked_example() -> None:
    metric = float(metric_score(2.45, good=0.5, bad=20))
    assert f"s = (2.45 - 20) / (0.5 - 20) = {metric:.2f}" in PAGE
    assert f"S = {metric:.2f} * 20 / 22           = {metric * 20 / 22:.2f}" in PAGE
    assert f"coverage of 20/22 = {20 / 22:.2f}" in PAGE


def test_the_limit_of_ranking() -> None:
    assert f"**ranked** from a coverage of {RANKED_FROM:g} on" in PAGE


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_score_0(value: float) -> None:
    assert "NaN\nor infinite" in PAGE
    assert metric_score(value, good=0.0, bad=1.0) == 0.0
