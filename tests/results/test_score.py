"""Scores: the formula, failures, skips, coverage, categories, ranks and ties, and what belongs to which case."""

from __future__ import annotations

import dataclasses
import json
import math
import tempfile
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay import AssayError, Benchmark, Case, Metric, Model, Record, Store
from assay.core.record import StoredRecord
from assay.core.registry import registry
from assay.core.store import record_key
from assay.results.score import Scheme, gather, leaderboard, metric_score, scoreboard

FINITE = st.floats(-1e6, 1e6)
THRESHOLDS = st.tuples(FINITE, FINITE).filter(lambda pair: abs(pair[0] - pair[1]) > 1e-3)
MAE = Metric("mae", "eV", good=0.0, bad=1.0)


def mean(records: Any) -> float:
    return sum(record["x"] for record in records) / len(records)


class Plain(Benchmark):
    """Ten cases; the metric is the mean of their x."""

    name, category, metrics = "lab/plain", "A", (MAE,)
    count, tags = 10, ()

    def cases(self) -> list[Case]:
        return [Case(f"c{n}", {"n": n}, self.tags) for n in range(self.count)]

    def analyse(self, records: Any) -> dict[str, float]:
        return {"mae": mean(records)}


def kind(name: str, **attributes: Any) -> Benchmark:
    return type("Some", (Plain,), {"name": name, **attributes})()


def board(store: Store, *items: Benchmark, **options: Any) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Cells by (benchmark, model), rows by (category, model)."""
    cells, rows = scoreboard(store, items, **{"intervals": "none", **options})
    return {(c.benchmark, c.model): c for c in cells}, {(r.category, r.model): r for r in rows}


def only(store: Store, item: Benchmark, **options: Any) -> Any:
    (cell,) = board(store, item, **options)[0].values()
    return cell


# -- the formula


@given(FINITE, THRESHOLDS)
def test_a_score_lies_between_0_and_1_and_is_linear_between_the_thresholds(value: float,
                                                                           thresholds: tuple[float, float]) -> None:
    good, bad = thresholds
    score = float(metric_score(value, good, bad))
    assert 0.0 <= score <= 1.0
    assert score == pytest.approx(min(1.0, max(0.0, (value - bad) / (good - bad))))


@given(THRESHOLDS)
def test_good_scores_1_and_bad_scores_0(thresholds: tuple[float, float]) -> None:
    good, bad = thresholds
    assert metric_score(good, good, bad) == 1.0
    assert metric_score(bad, good, bad) == 0.0
    assert metric_score((good + bad) / 2, good, bad) == pytest.approx(0.5, abs=1e-6)


@given(FINITE, FINITE, THRESHOLDS)
def test_nearer_to_good_is_never_worse(one: float, other: float, thresholds: tuple[float, float]) -> None:
    good, bad = thresholds
    low, high = sorted((one, other), reverse=good < bad)
    assert metric_score(low, good, bad) <= metric_score(high, good, bad)


@given(FINITE, THRESHOLDS)
def test_swapped_thresholds_give_what_is_missing_to_1(value: float, thresholds: tuple[float, float]) -> None:
    good, bad = thresholds
    assert float(metric_score(value, good, bad) + metric_score(value, bad, good)) == pytest.approx(1.0)


@given(FINITE, THRESHOLDS, st.floats(0.1, 10.0), st.floats(-100.0, 100.0))
def test_another_unit_does_not_change_the_score(value: float, thresholds: tuple[float, float], scale: float,
                                                shift: float) -> None:
    good, bad = thresholds
    assert float(metric_score(scale * value + shift, scale * good + shift, scale * bad + shift)) == pytest.approx(
        float(metric_score(value, good, bad)), abs=1e-4)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("good", "bad"), [(0.0, 1.0), (1.0, 0.0)])
def test_what_is_not_finite_scores_0(value: float, good: float, bad: float) -> None:
    assert metric_score(value, good, bad) == 0.0
    assert metric_score(np.array([value, good]), good, bad).tolist() == [0.0, 1.0]


# -- cells


def test_the_example_of_the_documentation(store: Store, fill: Any) -> None:
    item = kind("lab/s22", count=22, metrics=(Metric("mae", "kcal/mol", good=0.5, bad=20.0),
                                              Metric("me", "kcal/mol", good=0.5, bad=20.0, weight=0.0)))
    fill(item, "m", {**{f"c{n}": 2.45 for n in range(20)}, "c20": "failed: broke", "c21": "failed: broke"})
    cell = only(store, item)
    assert cell.metrics["mae"].value == pytest.approx(2.45)
    assert cell.metrics["mae"].score == pytest.approx(0.9)
    assert cell.score == pytest.approx(0.9 * 20 / 22)
    assert (cell.ok, cell.failed, cell.total, cell.coverage, cell.state) == (20, 2, 22, 1.0, "partial")
    assert cell.reason == "broke"
    fill(item, "m", {"c20": "skipped: no", "c21": "skipped: no"})
    cell = only(store, item)
    assert cell.score == pytest.approx(0.9)
    assert (cell.skipped, cell.coverage, cell.ranked) == (2, pytest.approx(20 / 22), True)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["ok", "failed", "skipped", "missing"]), min_size=1, max_size=12))
def test_counts_coverage_and_score_follow_from_the_statuses(statuses: list[str]) -> None:
    item = kind("lab/some", count=len(statuses))
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        for case, status in zip(item.cases(), statuses, strict=True):
            if status != "missing":
                store.add("lab/some", 1, "m", "d", case, Record({"x": 0.25}, status=status))  # type: ignore[arg-type]
        cell = only(store, item, models=["m"])
    ok, failed = statuses.count("ok"), statuses.count("failed")
    assert (cell.ok, cell.failed, cell.skipped, cell.missing) == (
        ok, failed, statuses.count("skipped"), statuses.count("missing"))
    assert cell.total == len(statuses)
    assert cell.coverage == pytest.approx((ok + failed) / len(statuses))
    assert cell.ranked == (cell.coverage >= 0.8)
    assert cell.score == (pytest.approx(0.75 * ok / (ok + failed)) if ok + failed else None)
    assert cell.state == ("none" if not ok + failed else "partial" if failed or cell.missing else "ok")


@pytest.mark.parametrize(("answered", "expected"), [(7, False), (8, True), (9, True)])
def test_from_a_coverage_of_eight_tenths_on_a_model_is_ranked(store: Store, fill: Any, answered: int,
                                                             expected: bool) -> None:
    items = [kind(f"lab/b{n}") for n in range(3)]
    for item in items:
        fill(item, "m", {f"c{n}": 0.0 if n % 2 else "failed: x" for n in range(answered)})
    cells, rows = board(store, *items, scheme=Scheme(weights={"lab/b0": 0.1, "lab/b1": 0.7, "lab/b2": 0.3}))
    assert cells["lab/b0", "m"].ranked is expected
    assert rows["A", "m"].ranked is expected
    assert rows[None, "m"].ranked is expected


def test_weights_of_metrics(store: Store, fill: Any) -> None:
    class Two(Plain):
        name = "lab/two"
        metrics = (Metric("a", "", good=0.0, bad=1.0, weight=3.0), Metric("b", "", good=0.0, bad=1.0),
                   Metric("shown", "", good=0.0, bad=1.0, weight=0.0))

        def analyse(self, records: Any) -> dict[str, float]:
            return {"a": 0.0, "b": 1.0, "shown": 1.0}

    item = Two()
    fill(item, "m", {f"c{n}": 0.0 for n in range(10)})
    assert only(store, item).score == pytest.approx(0.75)
    scheme = Scheme(weights={"lab/two.a": 1.0, "lab/two.shown": 2.0})
    assert only(store, item, scheme=scheme).score == pytest.approx(0.25)
    scheme = Scheme(thresholds={"lab/two.b": (1.0, 0.0)})
    assert only(store, item, scheme=scheme).score == pytest.approx(1.0)
    nothing = Scheme(weights={"lab/two.a": 0.0, "lab/two.b": 0.0})
    assert only(store, item, scheme=nothing).score is None


@pytest.mark.parametrize("found", [{}, {"mae": math.nan}, {"mae": None}, {"mae": "text"}, {"mae": math.inf}])
def test_a_metric_without_a_number_scores_0_and_poisons_nothing(store: Store, fill: Any, found: Any) -> None:
    class Lacking(Plain):
        name = "lab/lacking"
        metrics = (MAE, Metric("other", "", good=0.0, bad=1.0))

        def analyse(self, records: Any) -> dict[str, float]:
            return {**found, "other": 0.0}

    item, fine = Lacking(), kind("lab/fine")
    for benchmark in (item, fine):
        fill(benchmark, "m", {f"c{n}": 0.0 for n in range(10)})
    cells, rows = board(store, item, fine)
    cell = cells["lab/lacking", "m"]
    assert (cell.metrics["mae"].value, cell.metrics["mae"].score) == (None, 0.0)
    assert cell.score == pytest.approx(0.5)
    assert cell.reason == "metric mae is missing or not finite"
    assert rows["A", "m"].score == rows[None, "m"].score == pytest.approx(0.75)


def test_a_metric_of_signed_values_is_judged_by_its_magnitude(store: Store, fill: Any) -> None:
    item = kind("lab/signed", metrics=(Metric("mae", "eV", good=0.0, bad=1.0, signed=True),))
    fill(item, "m", {f"c{n}": -0.25 for n in range(10)})
    cell = only(store, item, intervals="compute")
    assert (cell.metrics["mae"].value, cell.score) == (-0.25, 0.75)
    assert (cell.metrics["mae"].low, cell.low) == (-0.25, 0.75)


def test_an_analysis_that_raises_is_an_error_in_the_cell(store: Store, fill: Any) -> None:
    class Raising(Plain):
        name = "lab/raising"

        def analyse(self, records: Any) -> dict[str, float]:
            raise ZeroDivisionError("no cases")

    item = Raising()
    fill(item, "m", {f"c{n}": 0.0 for n in range(10)})
    cell = only(store, item, intervals="compute")
    assert (cell.state, cell.score, cell.ranked, cell.low) == ("error", 0.0, False, None)
    assert cell.reason == "analyse: ZeroDivisionError: no cases"


def test_the_commonest_reason_is_shown(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    fill(item, "m", {"c0": "failed: rare", "c1": "failed: often", "c2": "skipped: often", "c3": 0.0})
    assert only(store, item).reason == "often"


def test_ok_records_come_to_the_analysis_sorted_and_no_others(store: Store, fill: Any) -> None:
    seen: list[list[str]] = []

    class Watching(Plain):
        name = "lab/watching"

        def analyse(self, records: Any) -> dict[str, float]:
            seen.append([record.case for record in records])
            return {"mae": 0.0}

    fill(Watching(), "m", {"c3": 0.0, "c1": 0.0, "c0": "failed: x", "c2": "skipped: x"})
    only(store, Watching())
    assert seen == [["c1", "c3"]]


def test_without_an_ok_record_nothing_is_analysed(store: Store, fill: Any) -> None:
    item = kind("lab/some", analyse=lambda self, records: 1 / 0)
    fill(item, "m", {f"c{n}": "failed: broke" for n in range(10)})
    cell = only(store, item)
    assert (cell.score, cell.state, cell.ranked) == (0.0, "partial", True)


def test_the_fields_are_the_documented_ones(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    fill(item, "m", {"c0": 0.5})
    cells, rows = scoreboard(store, [item])
    assert set(cells[0].to_json()) == {"benchmark", "version", "model", "metrics", "score", "low", "high", "ok",
                                       "failed", "skipped", "missing", "total", "coverage", "ranked", "state", "reason"}
    assert set(cells[0].to_json()["metrics"]["mae"]) == {"value", "unit", "score", "low", "high"}
    assert set(rows[0].to_json()) == {"family", "category", "model", "score", "low", "high", "rank", "tied_with",
                                      "coverage", "ranked"}


# -- cases tagged full


def test_full_cases_enter_only_metrics_that_say_so(store: Store, fill: Any) -> None:
    class Full(Plain):
        name = "lab/full"
        metrics = (MAE, Metric("mae_full", "eV", good=0.0, bad=1.0, weight=0.0))

        def cases(self) -> list[Case]:
            return [Case("a"), Case("b"), Case("rare", tags=("full",))]

        def analyse(self, records: Any) -> dict[str, float]:
            return {"mae": mean(records), "mae_full": mean(records)}

    item = Full()
    fill(item, "m", {"a": 0.0, "b": 0.5})
    cell = only(store, item, intervals="compute")
    assert (cell.total, cell.coverage, cell.state) == (2, 1.0, "ok")
    assert (cell.metrics["mae"].value, cell.metrics["mae_full"].value) == (0.25, None)
    assert cell.reason == ""
    fill(item, "m", {"rare": 1.0})
    cell = only(store, item, intervals="compute")
    assert (cell.metrics["mae"].value, cell.metrics["mae_full"].value) == (0.25, 0.5)
    assert (cell.total, cell.ok, cell.score) == (2, 2, 0.75)
    assert cell.metrics["mae_full"].low is None
    fill(item, "m", {"rare": "failed: broke"})
    assert only(store, item).reason == ""


# -- which record answers which case


def test_a_missing_record_leaves_the_others_where_they_are(store: Store, fill: Any) -> None:
    class Reference(Plain):
        name = "lab/reference"

        def analyse(self, records: Any) -> dict[str, float]:
            return {"mae": sum(abs(r["x"] - int(r.case[1:])) for r in records) / len(records)}

    item = Reference()
    fill(item, "whole", {f"c{n}": float(n) for n in range(10)})
    fill(item, "gap", {f"c{n}": float(n) for n in range(10) if n != 4})
    cells, _ = board(store, item)
    assert cells["lab/reference", "whole"].metrics["mae"].value == 0.0
    assert cells["lab/reference", "gap"].metrics["mae"].value == 0.0
    assert cells["lab/reference", "gap"].missing == 1


def test_a_record_of_other_inputs_does_not_answer_the_case(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    fill(item, "m", {f"c{n}": 0.0 for n in range(10)})
    changed = kind("lab/some", cases=lambda self: [Case(f"c{n}", {"n": n + (n == 3)}) for n in range(10)])
    cell = only(store, changed)
    assert (cell.ok, cell.missing, cell.coverage) == (9, 1, 0.9)


def test_records_of_other_options_do_not_mix(store: Store, fill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    item = kind("lab/some")
    entry = Model("m", "lab", "a:b", {"now": True})
    monkeypatch.setitem(registry.models, "m", entry)
    fill(item, "m", {f"c{n}": 1.0 for n in range(10)}, digest="older")
    cell = only(store, item)
    assert cell.ok == 10
    assert cell.reason == "computed with other options or weights than the registered model has"
    fill(item, "m", {"c0": 0.0}, digest=entry.digest)
    cell = only(store, item)
    assert (cell.ok, cell.missing, cell.metrics["mae"].value, cell.reason) == (1, 9, 0.0, "")


def test_of_a_model_that_is_not_registered_the_newest_digest_counts(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    fill(item, "gone", {f"c{n}": 1.0 for n in range(10)}, digest="older")
    fill(item, "gone", {"c0": 0.0}, digest="newer")
    cell = only(store, item)
    assert (cell.ok, cell.missing, cell.reason) == (1, 9, "")


def test_another_version_is_another_benchmark(store: Store, fill: Any) -> None:
    fill(kind("lab/some"), "m", {"c0": 0.0})
    assert board(store, kind("lab/some", version=2))[0] == {}


def test_where_the_cases_cannot_be_had_the_store_still_counts(store: Store, fill: Any) -> None:
    def unknown(self: Any) -> Any:
        raise AssayError("numbers.txt: not found\n  expected: 0000", "fetch it", 3)

    fill(kind("lab/some"), "m", {f"c{n}": 0.25 for n in range(4)})
    cell = only(store, kind("lab/some", cases=unknown))
    assert (cell.ok, cell.total, cell.score) == (4, 4, 0.75)
    assert cell.reason == "cases unknown: numbers.txt: not found"
    broken = only(store, kind("lab/some", cases=lambda self: 1 / 0))
    assert (broken.ok, broken.reason) == (4, "cases unknown: lab/some: its cases cannot be had: ZeroDivisionError: "
                                             "division by zero")


def test_cases_can_be_left_out(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    fill(item, "m", {f"c{n}": float(n == 0) for n in range(10)})
    cell = only(store, item, keep=lambda case: case.id != "c0", intervals="compute")
    assert (cell.total, cell.ok, cell.metrics["mae"].value, cell.coverage) == (9, 9, 0.0, 1.0)
    assert cell.high == 1.0


def test_a_pair_without_a_record_has_a_cell_when_it_is_asked_for(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    fill(item, "m", {"c0": 0.0})
    cells, _ = board(store, item, models=["m", "n"])
    cell = cells["lab/some", "n"]
    assert (cell.state, cell.score, cell.missing, cell.total, cell.coverage) == ("none", None, 10, 10, 0.0)
    assert set(board(store, item)[0]) == {("lab/some", "m")}


# -- rows


def full(value: float) -> dict[str, float]:
    return {f"c{n}": value for n in range(10)}


def test_categories_are_means_of_benchmarks_and_families_of_categories(store: Store, fill: Any) -> None:
    items = [kind("lab/a1"), kind("lab/a2", weight=3.0), kind("lab/b", category="B")]
    for item, value in zip(items, (0.0, 1.0, 0.5), strict=True):
        fill(item, "m", full(value))
    _, rows = board(store, *items)
    assert rows["A", "m"].score == pytest.approx(0.25)
    assert rows["B", "m"].score == pytest.approx(0.5)
    assert rows[None, "m"].score == pytest.approx(0.375)
    scheme = Scheme(weights={"lab/a2": 1.0, "B": 3.0})
    _, rows = board(store, *items, scheme=scheme)
    assert rows["A", "m"].score == pytest.approx(0.5)
    assert rows[None, "m"].score == pytest.approx(0.5)
    _, rows = board(store, *items, scheme=Scheme(weights={"A": 0.0}))
    assert rows[None, "m"].score == pytest.approx(0.5)
    assert rows["A", "m"].score == pytest.approx(0.25)


def test_a_model_without_a_cell_where_others_have_one_covers_nothing_of_it(store: Store, fill: Any) -> None:
    items = [kind(f"lab/a{n}") for n in range(5)]
    for item in items:
        fill(item, "whole", full(0.5))
    for item in items[:4]:
        fill(item, "most", full(0.0))
    for item in items[:3]:
        fill(item, "little", full(0.0))
    _, rows = board(store, *items)
    assert (rows["A", "most"].coverage, rows["A", "most"].ranked) == (0.8, True)
    assert (rows["A", "little"].coverage, rows["A", "little"].ranked, rows["A", "little"].rank) == (0.6, False, None)
    assert rows["A", "little"].score == 1.0
    assert [rows["A", name].rank for name in ("most", "whole")] == [1, 2]
    # A benchmark that nobody has run does not count.
    _, rows = board(store, *items, kind("lab/never"))
    assert rows["A", "whole"].coverage == 1.0


def test_ranked_rows_come_first_and_best_first(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    for name, value in (("worse", 0.5), ("better", 0.1), ("equal", 0.5)):
        fill(item, name, full(value))
    fill(item, "partial", {"c0": 0.0})
    rows = [row for row in scoreboard(store, [item], intervals="none")[1] if row.category == "A"]
    assert [(row.model, row.rank) for row in rows] == [("better", 1), ("equal", 2), ("worse", 2), ("partial", None)]


def test_derived_benchmarks_and_other_families_stay_apart(store: Store, fill: Any) -> None:
    items = [kind("lab/a"), kind("lab/derived", derived=True), kind("other/a")]
    for item, value in zip(items, (0.0, 1.0, 0.5), strict=True):
        fill(item, "m", full(value))
    rows = {(row.family, row.category): row.score for row in scoreboard(store, items, intervals="none")[1]}
    assert rows == {("lab", "A"): 1.0, ("lab", None): 1.0, ("other", "A"): 0.5, ("other", None): 0.5}


def test_skipped_everything_has_no_score_and_no_rank(store: Store, fill: Any) -> None:
    item = kind("lab/some")
    fill(item, "m", {f"c{n}": "skipped: no parameters for Cs" for n in range(10)})
    cells, rows = board(store, item)
    cell, row = cells["lab/some", "m"], rows["A", "m"]
    assert (cell.score, cell.state, cell.reason) == (None, "none", "no parameters for Cs")
    assert (row.score, row.rank, row.coverage) == (None, None, 0.0)


# -- intervals and ties


def noisy(seed: int, count: int, offset: float = 0.0, noise: float = 0.2) -> dict[str, float]:
    values = np.random.default_rng(seed).normal(0.5, noise, count)
    return {f"c{n}": float(value + offset) for n, value in enumerate(values)}


def test_a_constant_difference_is_no_tie_although_the_intervals_overlap(store: Store, fill: Any) -> None:
    item = kind("lab/some", count=40)
    fill(item, "a", noisy(1, 40))
    fill(item, "b", noisy(1, 40, offset=0.02))
    fill(item, "c", noisy(2, 40))
    cells, rows = board(store, item, intervals="compute")
    one, other = cells["lab/some", "a"], cells["lab/some", "b"]
    assert other.low < one.low < other.high < one.high
    assert "b" not in rows["A", "a"].tied_with
    assert rows["A", "a"].rank < rows["A", "b"].rank


def test_ties_are_mutual_and_the_same_ranks(store: Store, fill: Any) -> None:
    item = kind("lab/some", count=15)
    for seed in range(5):
        fill(item, f"m{seed}", noisy(seed, 15))
    _, rows = board(store, item, intervals="compute")
    for (category, model), row in rows.items():
        for other in row.tied_with:
            assert model in rows[category, other].tied_with
    assert sorted(row.rank for (category, _), row in rows.items() if category == "A") == [1, 2, 3, 4, 5]


def test_the_interval_of_a_category_shrinks_with_independent_benchmarks(store: Store, fill: Any) -> None:
    def cases(prefix: str) -> Any:
        return lambda self: [Case(f"{prefix}{n:02d}", {"n": n}) for n in range(40)]

    one, other = kind("lab/one", cases=cases("p")), kind("lab/two", cases=cases("q"))
    values = list(noisy(1, 40).values())
    for item, prefix in ((one, "p"), (other, "q")):
        fill(item, "m", {f"{prefix}{n:02d}": value for n, value in enumerate(values)})
    cells, rows = board(store, one, other, intervals="compute")
    cell, row = cells["lab/one", "m"], rows["A", "m"]
    assert (row.high - row.low) == pytest.approx((cell.high - cell.low) / math.sqrt(2), rel=0.12)


def test_failed_cases_widen_the_interval(store: Store, fill: Any) -> None:
    item = kind("lab/some", count=20)
    fill(item, "m", {**{f"c{n}": 0.0 for n in range(16)}, **{f"c{n}": "failed: x" for n in range(16, 20)}})
    cell = only(store, item, intervals="compute")
    assert cell.score == pytest.approx(0.8)
    error = math.sqrt(0.8 * 0.2 / 20)
    assert (cell.high - cell.low) / 2 == pytest.approx(1.96 * error, rel=0.15)


def test_one_case_has_no_interval_and_enters_as_a_constant(store: Store, fill: Any) -> None:
    single, many = kind("lab/single", count=1), kind("lab/many", count=20)
    fill(single, "m", {"c0": 0.0})
    fill(many, "m", noisy(3, 20))
    cells, rows = board(store, single, many, intervals="compute")
    assert cells["lab/single", "m"].low is None
    cell, row = cells["lab/many", "m"], rows["A", "m"]
    assert (row.low, row.high) == (pytest.approx((cell.low + 1) / 2), pytest.approx((cell.high + 1) / 2))
    _, rows = board(store, single, intervals="compute")
    assert (rows["A", "m"].low, rows["A", "m"].tied_with, rows["A", "m"].rank) == (None, None, 1)


def test_intervals_are_kept_and_follow_the_records(store: Store, fill: Any) -> None:
    item = kind("lab/some", count=20)
    fill(item, "m", noisy(1, 20))
    assert only(store, item, intervals="cached").low is None
    computed = only(store, item, intervals="compute")
    assert computed.low is not None
    cached = only(store, item, intervals="cached")
    assert (cached.low, cached.high) == (computed.low, computed.high)
    # Thresholds are applied to what is kept, so they need no new resampling.
    narrower = only(store, item, intervals="cached", scheme=Scheme(thresholds={"lab/some.mae": (0.0, 2.0)}))
    assert narrower.high - narrower.low == pytest.approx((computed.high - computed.low) / 2, rel=0.05)
    fill(item, "m", {"c0": 0.9})
    assert only(store, item, intervals="cached").low is None
    assert only(store, item, intervals="none").low is None


def test_clusters_are_drawn_whole(store: Store, fill: Any) -> None:
    frames = kind("lab/frames", cases=lambda self: [Case(f"c{n:03d}", {"n": n}, (f"cluster:{n // 10}",))
                                                    for n in range(100)])
    drives = kind("lab/drives", cases=lambda self: [Case(f"c{n:03d}", {"n": n}) for n in range(100)])
    values = {f"c{n:03d}": value for n, value in enumerate(np.repeat(list(noisy(4, 10).values()), 10).tolist())}
    for item in (frames, drives):
        fill(item, "m", values)
    cells, _ = board(store, frames, drives, intervals="compute")
    one, other = cells["lab/frames", "m"], cells["lab/drives", "m"]
    assert one.high - one.low > 2 * (other.high - other.low)


def test_a_statistic_that_some_resamples_lack_still_has_an_interval(store: Store, fill: Any) -> None:
    def correlation(self: Any, records: Any) -> dict[str, float]:
        x = [record["x"] for record in records]
        if len(set(x)) < 2:
            raise ValueError("all equal")
        return {"mae": float(np.corrcoef(x, range(len(x)))[0, 1])}

    item = kind("lab/some", count=4, analyse=correlation)
    fill(item, "m", {f"c{n}": float(n) for n in range(4)})
    cell = only(store, item, intervals="compute")
    assert cell.metrics["mae"].low is not None


def test_the_leaderboard_of_nothing_is_empty(store: Store) -> None:
    assert scoreboard(store, [kind("lab/some")]) == ([], [])
    assert leaderboard([], []) == []
    assert gather(store, kind("lab/some")) == []


def test_a_cell_is_json(store: Store, fill: Any) -> None:
    fill(kind("lab/some"), "m", full(0.5))
    cells, rows = scoreboard(store, [kind("lab/some")])
    for item in (*cells, *rows):
        assert json.loads(json.dumps(item.to_json(), allow_nan=False)) == item.to_json()
        assert "samples" in {field.name for field in dataclasses.fields(item)}


def test_how_long_a_large_leaderboard_takes(store: Store) -> None:
    """A figure to read (-rP), not to fail on: 60 benchmarks, 30 models, 12 cases would take 6 times as long."""
    items = [kind(f"lab/b{n:02d}", count=12, category=f"C{n % 3}") for n in range(20)]
    store.put((StoredRecord(record_key(item.name, 1, f"m{m}", "d", case), item.name, 1, f"m{m}", "d", case.id, (), "ok",
                            "", Record({"x": 0.1 * m}).values, {}, 0.1, "p", 1.0)
               for item in items for m in range(15) for case in item.cases()), {"p": "{}"})
    began = time.process_time()
    cells, _ = scoreboard(store, items, intervals="none")
    print(f"{len(cells)} cells of 12 records in {time.process_time() - began:.2f} CPU-s without intervals")
    assert len(cells) == 300
