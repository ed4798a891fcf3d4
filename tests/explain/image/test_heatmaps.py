"""Heatmaps and overlays, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.core.errors import AssayError
from assay.explain.image import CMAPS, overlay, paint, to_rgb

# Smaller numbers than these lose digits, or vanish, when they are multiplied.
NUMBERS = st.floats(-100, 100).map(lambda value: value if abs(value) > 1e-200 else 0.0)
MAPS = arrays(np.float64, (2, 3, 4), elements=NUMBERS)


def test_pixels_of_a_small_map():
    relevance = np.array([[[4.0, 2.0], [0.0, -2.0]]])
    assert to_rgb(relevance, "bwr").tolist() == [[[[255, 0, 0], [255, 128, 128]], [[255, 255, 255], [128, 128, 255]]]]
    assert to_rgb(relevance, "bwr", symmetric=False)[0, 1].tolist() == [[170, 170, 255], [0, 0, 255]]
    assert to_rgb(relevance).dtype == np.uint8


def test_channels_are_summed():
    relevance = np.random.default_rng(0).normal(size=(2, 3, 5, 6))
    assert (to_rgb(relevance) == to_rgb(relevance.sum(axis=1))).all()
    assert (to_rgb(torch.tensor(relevance, requires_grad=True)) == to_rgb(relevance)).all()


@pytest.mark.parametrize("cmap", CMAPS)
def test_a_zero_map_is_the_centre(cmap):
    assert (to_rgb(np.zeros((1, 3, 3)), cmap) == paint(np.array(0.5), cmap)).all()


@given(MAPS, st.sampled_from(["sample", "batch"]))
@example(np.array([[[1.0, 10.0]]]), "sample")  # a tenth lies half-way between two colours
def test_turning_the_sign_mirrors_a_symmetric_map(relevance, per):
    blue_and_red = to_rgb(relevance, "bwr", per=per)
    assert (blue_and_red[..., ::-1] == to_rgb(-relevance, "bwr", per=per)).all()
    zero = relevance == 0
    assert (blue_and_red[zero] == 255).all()
    assert (blue_and_red[relevance > 0][:, 0] == 255).all()


@given(MAPS, st.sampled_from([0.25, 8.0, 2.0**40]))
def test_scale_does_not_matter(relevance, factor):
    assert (to_rgb(relevance) == to_rgb(relevance * factor)).all()


def test_scale_of_a_sample_or_of_the_batch():
    relevance = np.array([[[1.0, 0.5]], [[4.0, 2.0]]])
    alone, together = to_rgb(relevance, "gray"), to_rgb(relevance, "gray", per="batch")
    assert (alone[0] == alone[1]).all()
    assert alone[1].tolist() == together[1].tolist()
    assert together[0, 0, :, 0].tolist() == [round(255 * 0.625), round(255 * 0.5625)]


def test_percentile_keeps_one_pixel_from_darkening_the_rest():
    relevance = np.ones((1, 10, 10))
    relevance[0, 0, 0] = 1000
    assert (to_rgb(relevance, "bwr")[0, 5, 5] == [255, 255, 255]).all()
    assert (to_rgb(relevance, "bwr", percentile=90)[0] == [255, 0, 0]).all()
    lonely = np.zeros((1, 10, 10))
    lonely[0, 0, :2] = 3, -3
    found = to_rgb(lonely, "bwr", percentile=50)[0]
    assert found[0, :3].tolist() == [[255, 0, 0], [0, 0, 255], [255, 255, 255]]


def test_overlay():
    image, relevance = np.full((1, 3, 4, 4), 0.4), np.zeros((1, 2, 2))
    relevance[0, 0, 0] = 1
    assert (overlay(image, relevance, alpha=0)[0] == 102).all()
    assert (overlay(image, relevance, alpha=1) == to_rgb(relevance).repeat(2, 1).repeat(2, 2)).all()
    half = overlay(image[:, :1], relevance, alpha=0.5, cmap="bwr")[0]
    assert half[:2, :2].tolist() == [[[178, 51, 51]] * 2] * 2
    assert (half[2:] == 178).all()


@pytest.mark.parametrize(("call", "words"), [
    (lambda: to_rgb(np.zeros((3, 3))), r"\(3, 3\)"),
    (lambda: to_rgb(np.full((1, 3, 3), np.nan)), "not finite"),
    (lambda: to_rgb(np.zeros((1, 3, 3)), percentile=0), "percentile"),
    (lambda: to_rgb(np.zeros((1, 3, 3)), per="pixel"), "'sample' or 'batch'"),
    (lambda: overlay(np.zeros((1, 3, 3, 3)), np.zeros((1, 3, 3)), alpha=2), "alpha"),
    (lambda: overlay(np.zeros((1, 2, 3, 3)), np.zeros((1, 3, 3))), r"\(1, 2, 3, 3\)"),
    (lambda: overlay(np.zeros((2, 3, 3, 3)), np.zeros((1, 3, 3))), "2 images and 1"),
])
def test_refused(call, words):
    with pytest.raises(AssayError, match=words):
        call()
