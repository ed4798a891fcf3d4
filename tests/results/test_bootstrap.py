"""Resampling: closed forms, equal draws for equal cases, clusters drawn whole, a cache that may break."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import Case
from assay.results.bootstrap import RESAMPLES, IntervalCache, clusters, finite, interval, resample


def cases(count: int, name: str = "case", cluster: int = 0) -> list[Case]:
    return [Case(f"{name}-{n:03d}", tags=(f"cluster:{n // cluster}",) if cluster else ()) for n in range(count)]


def mean_of(values: dict[str, float]):  # type: ignore[no-untyped-def]
    return lambda ids: [float(np.mean([values[name] for name in ids]))]


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    groups = clusters(cases(80))
    values = dict(zip((group[0] for group in groups), np.random.default_rng(7).normal(5.0, 2.0, 80), strict=True))
    samples = resample(groups, mean_of(values))
    assert samples.shape == (RESAMPLES, 1)
    drawn = np.array(list(values.values()))
    error = drawn.std() / np.sqrt(80)  # of the empirical distribution, which is what is resampled
    low, high = interval(samples[:, 0])
    assert low is not None
    assert high is not None
    assert (low + high) / 2 == pytest.approx(drawn.mean(), abs=0.15 * error)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.08)
    assert samples.std() == pytest.approx(error, rel=0.08)


def test_a_proportion_has_its_binomial_error() -> None:
    groups = clusters(cases(100))
    values = {group[0]: float(n < 30) for n, group in enumerate(groups)}
    samples = resample(groups, mean_of(values))
    assert samples.std() == pytest.approx(np.sqrt(0.3 * 0.7 / 100), rel=0.08)


def test_equal_cases_are_drawn_equally_whoever_asks() -> None:
    def draws(name: str, count: int = 10) -> list[list[str]]:
        seen: list[list[str]] = []
        resample(clusters(cases(count, name)[::-1]), lambda ids: (seen.append(list(ids)), [0.0])[1])
        return seen

    assert draws("a") == draws("a")
    assert draws("a") != draws("a", 11)
    one, other = draws("a"), draws("b")
    assert [[name[2:] for name in ids] for ids in one] != [[name[2:] for name in ids] for ids in other]


def test_draws_of_two_benchmarks_do_not_depend_on_each_other() -> None:
    values = np.random.default_rng(3).normal(size=40)
    means = [resample(groups := clusters(cases(40, name)), mean_of(
        {group[0]: value for group, value in zip(groups, values, strict=True)}))[:, 0] for name in ("a", "b")]
    assert abs(np.corrcoef(means[0], means[1])[0, 1]) < 0.15
    assert (means[0] + means[1]).std() == pytest.approx(means[0].std() * np.sqrt(2), rel=0.1)


# -- clusters


def test_where_every_case_names_a_cluster_they_are_drawn_whole() -> None:
    groups = clusters(cases(12, cluster=4))
    assert [len(group) for group in groups] == [4, 4, 4]
    seen: list[set[str]] = []
    resample(groups, lambda ids: (seen.append(set(ids)), [0.0])[1])
    assert {len(ids) for ids in seen} <= {4, 8, 12}


def test_one_case_without_a_cluster_makes_all_single() -> None:
    mixed = [*cases(4, cluster=2), Case("alone")]
    assert clusters(mixed) == [["alone"], ["case-000"], ["case-001"], ["case-002"], ["case-003"]]


def test_frames_that_repeat_each_other_do_not_make_the_interval_narrower() -> None:
    drives = np.random.default_rng(5).normal(size=20)
    alone = clusters(cases(20))
    single = resample(alone, mean_of({group[0]: value for group, value in zip(alone, drives, strict=True)}))
    frames = cases(200, cluster=10)
    values = {case.id: drives[n // 10] for n, case in enumerate(frames)}
    clustered = resample(clusters(frames), mean_of(values))
    naive = resample([[case.id] for case in frames], mean_of(values))
    assert clustered.std() == pytest.approx(single.std(), rel=0.12)
    assert naive.std() < 0.5 * clustered.std()


def test_the_order_of_the_cases_does_not_matter() -> None:
    some = cases(9, cluster=3)
    assert clusters(some[::-1]) == clusters(some)
    assert clusters([]) == []


# -- interval


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=300))
def test_percentiles_are_those_of_numpy(values: list[float]) -> None:
    low, high = interval(np.array(values))
    assert [low, high] == pytest.approx(np.percentile(values, [2.5, 97.5]), rel=1e-9, abs=1e-6)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(0, 60))
def test_what_is_not_finite_is_left_out_unless_it_is_most(values: list[float], lost: int) -> None:
    found = interval(np.array([*values, *[np.nan] * lost]))
    if lost > len(values):
        assert found == (None, None)
    else:
        assert found == interval(np.array(values))
        assert found[0] is not None
        assert found[1] is not None
        assert min(values) <= found[0] <= found[1] <= max(values)


def test_of_nothing_there_is_no_interval() -> None:
    assert interval(np.array([])) == (None, None)
    assert interval(np.array([np.inf, np.nan])) == (None, None)


@pytest.mark.parametrize(("values", "expected"), [
    ({"x": 1}, 1.0), ({"x": "2.5"}, 2.5), ({"x": np.float32(0.5)}, 0.5), ({"x": True}, 1.0),
    ({}, np.nan), ({"x": None}, np.nan), ({"x": "text"}, np.nan), ({"x": [1.0]}, np.nan),
])
def test_a_metric_that_is_no_number_is_not_a_number(values: dict[str, object], expected: float) -> None:
    assert finite(values, "x") == pytest.approx(expected, nan_ok=True)


# -- the cache


def test_samples_are_kept_on_disk(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(size=(RESAMPLES, 3))
    IntervalCache(tmp_path).put("abcd", samples)
    found = IntervalCache(tmp_path).get("abcd")
    assert found is not None
    np.testing.assert_array_equal(found, samples)
    assert IntervalCache(tmp_path).get("abce") is None


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_counts_as_none_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    cache = IntervalCache(tmp_path)
    cache.put("abcd", np.zeros((2, 2)))
    (path,) = (item for item in tmp_path.rglob("*") if item.is_file())
    path.write_bytes(content)
    assert IntervalCache(tmp_path).get("abcd") is None
    IntervalCache(tmp_path).put("abcd", np.ones((2, 2)))
    assert IntervalCache(tmp_path).get("abcd") is not None


def test_an_array_that_would_run_code_is_not_loaded(tmp_path: Path) -> None:
    IntervalCache(tmp_path).put("abcd", np.zeros((2, 2)))
    (path,) = (item for item in tmp_path.rglob("*") if item.is_file())
    np.save(path, np.array([object()], dtype=object), allow_pickle=True)
    assert IntervalCache(tmp_path).get("abcd") is None


def test_a_folder_that_cannot_be_written_costs_time_not_the_result(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = IntervalCache(tmp_path / "file")
    cache.put("abcd", np.zeros((2, 2)))
    assert cache.get("abcd") is not None
