"""Mass and rank: closed forms, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.core.errors import AssayError
from assay.explain.metrics import relevance_mass, relevance_rank

BOTH = (relevance_mass, relevance_rank)
MAPS = arrays(np.float64, (2, 3, 4, 5), elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 3)))
MASKS = arrays(np.bool_, (2, 4, 5)).map(lambda mask: mask | (np.arange(20).reshape(4, 5) == 7))


def square():
    """A map [1, 2, 4, 4] whose channel sum is 1, 2, ... 16, and the mask of its second row: 5 6 7 8."""
    total = np.arange(1.0, 17).reshape(1, 1, 4, 4)
    mask = np.zeros((1, 4, 4), bool)
    mask[0, 1] = True
    return np.concatenate([total * 3, total * -2], axis=1), mask


def test_closed_forms():
    relevance, mask = square()
    assert relevance_mass(relevance, mask) == pytest.approx([26 / 136])
    assert relevance_mass(relevance, mask, pool="l2") == pytest.approx([26 / 136])
    assert relevance_rank(relevance, mask) == pytest.approx([0])
    assert relevance_rank(relevance, ~mask) == pytest.approx([8 / 12])


def test_negative_relevance_counts_only_squared():
    relevance, mask = square()
    assert relevance_mass(-relevance, mask) == pytest.approx([0])
    assert relevance_mass(-relevance, mask, pool="l2") == pytest.approx([26 / 136])
    opposed = np.array([[[3.0, 0.0], [-4.0, 5.0]]])
    inside = np.array([[True, False]])
    assert relevance_mass(opposed, inside) == pytest.approx([0])
    assert relevance_mass(opposed, inside, pool="l2") == pytest.approx([0.5])


def test_ties_go_by_index():
    mask = np.array([[False, True, True, False], [True, True, False, False]])
    assert relevance_rank(np.ones((2, 4)), mask) == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize("pool", ["positive", "l2"])
def test_a_zero_map_scores_nothing(metric, pool):
    assert metric(np.zeros((1, 3, 2, 2)), np.ones((1, 2, 2), bool), pool=pool) == pytest.approx([0])


@pytest.mark.parametrize("metric", BOTH)
def test_all_inside_is_one_and_all_outside_is_nothing(metric):
    mask = np.zeros((1, 6), bool)
    mask[0, 2:4] = True
    assert metric(mask.astype(float), mask) == pytest.approx([1])
    assert metric(1.0 - mask, mask) == pytest.approx([0])


@given(relevance=MAPS, mask=MASKS, scale=st.sampled_from([2.0**-900, 0.25, 2.0**900]),
       pool=st.sampled_from(["positive", "l2"]))
def test_in_bounds_and_blind_to_scale(relevance, mask, scale, pool):
    for metric in BOTH:
        value = metric(relevance, mask, pool)
        assert ((value >= 0) & (value <= 1)).all()
        assert metric(relevance * scale, mask, pool) == pytest.approx(value, abs=1e-9)
        assert metric(relevance[1:], mask[1:], pool) == pytest.approx(value[1:])


@given(relevance=MAPS, mask=MASKS)
def test_mass_of_mask_and_rest_is_one(relevance, mask):
    mask[:, 0, 0] = False
    both = relevance_mass(relevance, mask) + relevance_mass(relevance, ~mask)
    anything = (relevance.sum(axis=1) > 0).reshape(2, -1).any(axis=1)
    assert both == pytest.approx(anything.astype(float))


@given(mask=MASKS, seed=st.integers(0, 100))
def test_a_constant_map_has_the_mass_of_the_area(mask, seed):
    constant = np.full((2, 1, 4, 5), 0.1 + seed)
    assert relevance_mass(constant, mask) == pytest.approx(mask.mean(axis=(1, 2)))


@pytest.mark.parametrize("metric", BOTH)
def test_tensors_come_back_as_tensors(metric):
    relevance, mask = square()
    tensor = torch.tensor(relevance, dtype=torch.float32, requires_grad=True)
    found = metric(tensor, torch.tensor(mask))
    assert isinstance(found, torch.Tensor)
    assert found.dtype == torch.float32
    assert found.numpy() == pytest.approx(metric(relevance, mask))


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize(("relevance", "mask", "pool", "words"), [
    (np.ones((1, 3, 4, 4)), np.ones((1, 4, 5), bool), "positive", "do not fit"),
    (np.ones((2, 3, 4, 4)), np.ones((1, 4, 4), bool), "positive", "do not fit"),
    (np.ones(4), np.ones(4, bool), "positive", "do not fit"),
    (np.ones((2, 4)), np.array([[1, 0, 0, 0], [0, 0, 0, 0]]), "positive", "mask of sample 1 is empty"),
    (np.array([[1.0, np.nan]]), np.array([[1, 0]]), "positive", "not finite"),
    (np.ones((1, 4)), np.ones((1, 4)), "positve", "did you mean positive"),
])
def test_refused(metric, relevance, mask, pool, words):
    with pytest.raises(AssayError, match=words):
        metric(relevance, mask, pool)
