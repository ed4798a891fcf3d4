"""Relevance at layers as maps of the input's size."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from assay.explain.layermaps import spread
from assay.explain.models import Network

IMAGE = Network(nn.Identity(), (3, 8, 8))


def test_a_map_is_summed_and_scaled_up_without_blur():
    layer = np.arange(8.0).reshape(2, 2, 2)
    found, layout = spread(layer, IMAGE)
    assert layout == "image"
    assert (found == layer.sum(0).repeat(4, 0).repeat(4, 1)).all()


@pytest.mark.parametrize("before", [0, 1])
def test_patches_are_laid_out_and_the_class_token_left_out(before):
    tokens = np.zeros((before + 4, 5))
    tokens[before + 1] = 1
    found, layout = spread(tokens, IMAGE)
    assert layout == "image"
    assert (found[:4, 4:] == 5).all()
    assert found.sum() == 5 * 16


def test_what_has_no_place_stands_side_by_side():
    found, layout = spread(np.arange(7.0), IMAGE)
    assert (layout, found.tolist()) == ("signal", list(range(7)))
    assert spread(np.ones((6, 3)), IMAGE)[0].tolist() == [3] * 6


def test_other_layouts():
    found, layout = spread(np.ones((2, 5)), Network(nn.Identity(), (1, 10), layout="signal"))
    assert (layout, found.tolist()) == ("signal", [2] * 10)
    found, layout = spread(np.ones((2, 1, 2, 2)), Network(nn.Identity(), (1, 2, 4, 4), layout="volume"))
    assert (layout, found.shape) == ("volume", (2, 4, 4))
    found, layout = spread(np.ones((5, 3)), Network(nn.Identity(), (9,), layout="tokens"))
    assert (layout, found.tolist()) == ("tokens", [3] * 5)
