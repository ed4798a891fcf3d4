import math

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from assay.terminal.stats import mcnemar, wilson

COUNTS = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("k", "n", "low", "high"), [
    (81, 85, 0.885, 0.982), (71, 85, 0.742, 0.899), (66, 85, 0.677, 0.852), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0),
])
def test_published_shares(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))


@given(COUNTS)
def test_interval_of_scipy(counts: tuple[int, int]) -> None:
    k, n = counts
    if n:
        theirs = scipy.stats.binomtest(k, n).proportion_ci(0.95, "wilson")
        assert wilson(k, n) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high, abs=1e-9))


@given(COUNTS)
def test_interval_holds_the_share_and_is_its_own_mirror(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = wilson(k, n)
    assert 0 <= low <= (k / n if n else 0.5) <= high <= 1
    mirrored = wilson(n - k, n)
    assert (1 - mirrored[1], 1 - mirrored[0]) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


def test_nothing_is_known_of_no_answer() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3), (0, -1)])
def test_counts_that_cannot_be(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="0 <= k <= n"):
        wilson(k, n)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_a_binomial_test_with_one_half(b: int, c: int) -> None:
    theirs = scipy.stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert math.isclose(mcnemar(b, c), theirs, rel_tol=1e-9)
    assert mcnemar(b, c) == mcnemar(c, b)


def test_mcnemar_of_many_answers_neither_overflows_nor_vanishes() -> None:
    assert mcnemar(5000, 5000) == 1.0
    assert 0 < mcnemar(4500, 5500) < 1e-20


def test_mcnemar_of_counts_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)
