"""Comparison of two models: on the cases both have, paired, and a verdict only where the interval says so."""

from __future__ import annotations

import math
import tempfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay import Benchmark, Case, Metric, Record, Store
from assay.results.compare import compare
from assay.results.score import Scheme


class Plain(Benchmark):
    name, category = "lab/plain", "A"
    metrics = (Metric("mae", "eV", good=0.0, bad=1.0),)
    count = 30

    def cases(self) -> list[Case]:
        return [Case(f"c{n:02d}", {"n": n}) for n in range(self.count)]

    def analyse(self, records: Any) -> dict[str, float]:
        return {metric.name: sum(record["x"] for record in records) / len(records) for metric in self.metrics}


def kind(name: str = "lab/plain", **attributes: Any) -> Benchmark:
    return type("Some", (Plain,), {"name": name, **attributes})()


def noisy(seed: int, count: int = 30, offset: float = 0.0) -> dict[str, float]:
    return {f"c{n:02d}": float(value + offset)
            for n, value in enumerate(np.random.default_rng(seed).normal(0.5, 0.2, count))}


def test_a_constant_difference_has_a_verdict_although_cases_scatter(store: Store, fill: Any) -> None:
    item = kind()
    fill(item, "a", noisy(1))
    fill(item, "b", noisy(1, offset=0.03))
    (line,), score = compare(store, [item], "a", "b")
    assert (line.benchmark, line.metric, line.n) == ("lab/plain", "mae", 30)
    assert line.difference == pytest.approx(-0.03)
    assert (line.low, line.high) == (pytest.approx(-0.03), pytest.approx(-0.03))
    assert line.a == pytest.approx(np.mean(list(noisy(1).values())))
    assert line.verdict == "a"  # the smaller error
    assert (score.benchmark, score.metric, score.n, score.verdict) == (None, "score", 30, "a")
    assert score.difference == pytest.approx(0.03)


def test_a_difference_within_the_scatter_is_a_tie(store: Store, fill: Any) -> None:
    item = kind()
    fill(item, "a", noisy(1))
    fill(item, "b", noisy(2))
    (line,), score = compare(store, [item], "a", "b")
    assert line.low is not None
    assert line.high is not None
    assert line.low < 0 < line.high
    assert (line.verdict, score.verdict) == ("tie", "tie")


def test_the_interval_of_the_difference_is_that_of_its_standard_error(store: Store, fill: Any) -> None:
    item = kind(count=80)
    one, other = noisy(1, 80), noisy(2, 80)
    fill(item, "a", one)
    fill(item, "b", other)
    (line,), _ = compare(store, [item], "a", "b")
    differences = np.array([one[case] - other[case] for case in one])
    error = differences.std() / math.sqrt(80)
    assert line.low is not None
    assert line.high is not None
    assert (line.high - line.low) / 2 == pytest.approx(1.96 * error, rel=0.08)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=2, max_size=8))
def test_the_other_way_round_is_the_mirror_image(pairs: list[tuple[float, float]]) -> None:
    item = kind(count=len(pairs))
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        for case, (x, y) in zip(item.cases(), pairs, strict=True):
            store.add(item.name, 1, "a", "d", case, Record({"x": x}))
            store.add(item.name, 1, "b", "d", case, Record({"x": y}))
        (one,), score = compare(store, [item], "a", "b")
        (other,), mirrored = compare(store, [item], "b", "a")
    mirror = {"a": "b", "b": "a", "tie": "tie"}
    for line, back in ((one, other), (score, mirrored)):
        assert line.difference == pytest.approx(-back.difference, abs=1e-12)
        assert line.low == pytest.approx(-back.high, abs=1e-12)
        assert line.high == pytest.approx(-back.low, abs=1e-12)
        assert line.verdict == mirror[back.verdict]


def test_only_cases_that_are_ok_for_both_count(store: Store, fill: Any) -> None:
    item = kind(count=6)
    fill(item, "a", {"c00": 0.0, "c01": 0.0, "c02": 0.0, "c03": "failed: x", "c04": 9.0})
    fill(item, "b", {"c00": 0.5, "c01": 0.5, "c02": 0.5, "c03": 9.0, "c04": "skipped: x", "c05": 9.0})
    (line,), _ = compare(store, [item], "a", "b")
    assert (line.n, line.a, line.b, line.verdict) == (3, 0.0, 0.5, "a")


def test_where_more_is_better_the_larger_one_is(store: Store, fill: Any) -> None:
    item = kind(metrics=(Metric("r2", "", good=1.0, bad=0.0),))
    fill(item, "a", noisy(1))
    fill(item, "b", noisy(1, offset=0.1))
    (line,), score = compare(store, [item], "a", "b")
    assert (line.verdict, score.verdict) == ("b", "b")
    # Thresholds that are turned round turn the verdict.
    (line,), score = compare(store, [item], "a", "b", Scheme(thresholds={"lab/plain.r2": (0.0, 1.0)}))
    assert (line.verdict, score.verdict) == ("a", "a")


def test_a_signed_metric_is_compared_by_its_magnitude(store: Store, fill: Any) -> None:
    item = kind(metrics=(Metric("me", "eV", good=0.0, bad=1.0, signed=True),))
    fill(item, "a", {f"c{n:02d}": -0.5 for n in range(30)})
    fill(item, "b", {f"c{n:02d}": 0.1 for n in range(30)})
    (line,), score = compare(store, [item], "a", "b")
    assert line.difference == pytest.approx(-0.6)
    assert (line.verdict, score.verdict) == ("b", "b")


def test_the_score_is_a_mean_over_categories(store: Store, fill: Any) -> None:
    items = [kind("lab/one"), kind("lab/two"), kind("lab/three", category="B")]
    for item, better in zip(items, (0.0, 0.0, 1.0), strict=True):
        fill(item, "a", {f"c{n:02d}": better for n in range(30)})
        fill(item, "b", {f"c{n:02d}": 0.5 for n in range(30)})
    lines, score = compare(store, items, "a", "b")
    assert [line.benchmark for line in lines] == ["lab/one", "lab/two", "lab/three"]
    assert (score.n, score.a, score.b) == (90, pytest.approx(0.5), pytest.approx(0.5))
    assert score.verdict == "tie"
    _, score = compare(store, items, "a", "b", Scheme(weights={"B": 0.0}))
    assert (score.a, score.verdict) == (pytest.approx(1.0), "a")


def test_metrics_over_full_cases_and_derived_benchmarks_are_left_out(store: Store, fill: Any) -> None:
    items = [kind(metrics=(*Plain.metrics, Metric("mae_full", "eV", good=0.0, bad=1.0, weight=0.0))),
             kind("lab/derived", derived=True)]
    for item in items:
        fill(item, "a", noisy(1))
        fill(item, "b", noisy(2))
    lines, score = compare(store, items, "a", "b")
    assert [(line.benchmark, line.metric) for line in lines] == [("lab/plain", "mae")]
    assert score.n == 30


def test_a_single_common_case_has_a_difference_and_no_verdict(store: Store, fill: Any) -> None:
    item = kind()
    fill(item, "a", {"c00": 0.0})
    fill(item, "b", {"c00": 1.0})
    (line,), score = compare(store, [item], "a", "b")
    assert (line.difference, line.low, line.high, line.verdict) == (-1.0, None, None, "tie")
    assert (score.difference, score.verdict) == (1.0, "tie")


def test_without_a_common_case_there_is_nothing_to_compare(store: Store, fill: Any) -> None:
    item = kind()
    fill(item, "a", {"c00": 0.0})
    fill(item, "b", {"c01": 1.0})
    for other in ("b", "nobody"):
        lines, score = compare(store, [item], "a", other)
        assert lines == []
        assert (score.n, score.a, score.difference, score.verdict) == (0, None, None, "tie")


def test_an_analysis_that_raises_gives_no_number_and_no_traceback(store: Store, fill: Any) -> None:
    item = kind(analyse=lambda self, records: 1 / 0)
    fill(item, "a", noisy(1))
    fill(item, "b", noisy(2))
    (line,), score = compare(store, [item, kind("lab/never")], "a", "b")
    assert (line.a, line.b, line.difference, line.low, line.verdict) == (None, None, None, None, "tie")
    assert score.verdict == "tie"


def test_a_line_is_the_documented_json(store: Store, fill: Any) -> None:
    item = kind()
    fill(item, "a", noisy(1))
    fill(item, "b", noisy(2))
    (line,), _ = compare(store, [item], "a", "b")
    assert set(line.to_json()) == {"benchmark", "metric", "n", "a", "b", "difference", "low", "high", "verdict", "p"}


def test_a_benchmark_may_bring_a_test_of_its_own(store: Store, fill: Any) -> None:
    seen: list[Any] = []

    def paired_test(self: Benchmark, metric: str, a: Any, b: Any) -> float:
        seen.append((metric, [record.case for record in a], [record.case for record in b]))
        return 0.25

    item = kind(paired_test=paired_test)
    fill(item, "a", noisy(1))
    fill(item, "b", noisy(1, count=20))
    (line,), score = compare(store, [item], "a", "b")
    common = [f"c{n:02d}" for n in range(20)]
    assert seen == [("mae", common, common)]
    assert line.p == 0.25
    assert line.to_json()["p"] == 0.25
    assert score.p is None
