"""Scenes: exactly one red object, its mask exact, everything else independent of the class."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from assay.core.errors import AssayError
from assay.explain.scenes import SHAPES, render


@pytest.fixture(scope="module")
def many():
    return render(1500, seed=11)


def excess(images):
    return images[:, 0] - torch.maximum(images[:, 1], images[:, 2])


def test_shapes_types_and_range(many):
    images, labels, masks = many
    assert (images.shape, labels.shape, masks.shape) == ((1500, 3, 64, 64), (1500,), (1500, 64, 64))
    assert (images.dtype, labels.dtype, masks.dtype) == (torch.float32, torch.int64, torch.bool)
    assert 0 <= images.min() < 0.1 < 0.9 < images.max() <= 1
    assert set(labels.tolist()) == set(range(len(SHAPES)))


def test_the_mask_is_where_it_is_red(many):
    images, _, masks = many
    assert excess(images)[masks].min() >= 0.5
    assert excess(images)[~masks].max() < 0.3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_for_any_seed(seed, n):
    images, _, masks = render(n, seed)
    assert excess(images)[masks].min() >= 0.5
    assert excess(images)[~masks].max() < 0.3
    assert masks.flatten(1).any(1).all()


def test_one_red_object_of_the_labels_shape(many):
    _, labels, masks = many
    for label, mask in zip(labels[:400].tolist(), masks[:400].numpy(), strict=True):
        _, pieces = ndimage.label(mask, structure=np.ones((3, 3)))
        filled = ndimage.binary_fill_holes(mask)
        rows, columns = np.nonzero(filled)
        reach = np.hypot(rows - rows.mean(), columns - columns.mean()).max() + 0.5
        share = filled.sum() / (np.pi * reach**2)  # of the circle around it that the outline fills
        assert pieces == 1
        assert (filled.sum() > mask.sum()) == (SHAPES[label] == "ring")
        bounds = {"disc": (0.75, 1.1), "square": (0.52, 0.76), "triangle": (0.3, 0.56), "cross": (0.3, 0.64),
                  "ring": (0.75, 1.1)}[SHAPES[label]]
        assert bounds[0] < share < bounds[1]


def test_same_seed_same_scenes_other_seed_others():
    first, again, other = render(30, 5), render(30, 5), render(30, 6)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    state = np.random.get_state()[1].copy()
    render(3, 7)
    assert (np.random.get_state()[1] == state).all()


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_a_scene_does_not_depend_on_how_many_are_asked_for(many, n):
    for part, all_of_it in zip(render(n, seed=11), many, strict=True):
        assert torch.equal(part, all_of_it[:n])


def test_four_to_seven_objects_that_do_not_touch():
    images, _, masks = render(300, seed=3)
    spread = (images.max(1).values - images.min(1).values).numpy()
    counts = []
    for one, red in zip(spread > 0.4, masks.numpy(), strict=True):
        _, count = ndimage.label(one, structure=np.ones((3, 3)))
        counts.append(count)
        around = ndimage.binary_dilation(red, structure=np.ones((3, 3))) & ~red
        assert not (one & around).any()
    # Of the others, 3 to 6, five in seven are neither black nor white.
    assert max(counts) <= 7
    assert np.mean(counts) == pytest.approx(1 + 4.5 * 5 / 7, abs=0.25)


def test_the_rest_is_independent_of_the_class():
    """Places and numbers by an analysis of variance over 5 seeds: no p value may be small by chance alone."""
    values = []
    for seed in range(5):
        images, labels, masks = render(500, seed)
        rest = torch.where(masks[:, None], torch.nan, images).flatten(2)
        where = torch.stack([torch.stack([m.nonzero()[:, axis].float().mean() for m in masks]) for axis in (0, 1)])
        mean = rest.nanmean(2)
        features = torch.cat([mean.T, (rest**2).nanmean(2).T - mean.T**2, where])
        for feature in features.numpy():
            groups = [feature[labels.numpy() == k] for k in range(5)]
            values.append(stats.f_oneway(*groups).pvalue)
    assert np.min(values) > 1e-4
    assert stats.kstest(values, "uniform").pvalue > 1e-4


def test_labels_are_balanced(many):
    assert stats.chisquare(torch.bincount(many[1], minlength=5).numpy()).pvalue > 1e-3


def test_refused():
    with pytest.raises(AssayError, match="found 0"):
        render(0)
