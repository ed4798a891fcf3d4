import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.atoms.statistics import spearman


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3, max_size=30))
def test_spearman_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    from scipy.stats import spearmanr

    x, y = np.array(pairs, float).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert spearman(x, y) == 0.0
    else:
        assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_spearman_sees_order_alone() -> None:
    x = np.linspace(0.1, 3, 20)
    assert spearman(x, np.exp(x)) == pytest.approx(1.0)
    assert spearman(x, 1 / x) == pytest.approx(-1.0)
