"""Textures: patches are what was photographed, and no test patch shares a pixel with a training patch."""

from __future__ import annotations

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.explain.textures import CLASSES, SIDE, SPLIT, cut, patches

# Every pixel of these pictures says where it is.
PICTURES = np.arange(3 * 512 * 512, dtype=np.float64).reshape(3, 512, 512)


@pytest.mark.parametrize(("part", "columns"), [("train", range(SPLIT)), ("test", range(SPLIT, 512))])
def test_patches_lie_in_their_part_of_their_picture(part, columns):
    images, labels = cut(PICTURES, 300, 4, part)
    assert images.shape == (300, 1, SIDE, SIDE)
    assert set(labels.tolist()) == set(range(len(CLASSES)))
    picture, row, column = np.unravel_index(images[:, 0].astype(int), PICTURES.shape)
    assert (picture == labels[:, None, None]).all()
    assert {int(column.min()), int(column.max())} <= set(columns)
    assert row.min() < 30 < 480 < row.max()
    assert (np.diff(row, axis=1) == 1).all()
    assert (np.diff(column, axis=2) == 1).all()


def test_a_patch_does_not_depend_on_how_many_are_asked_for():
    for few, many in zip(cut(PICTURES, 70, 1, "train"), cut(PICTURES, 200, 1, "train"), strict=True):
        assert (few == many[:70]).all()


def test_pictures_that_are_not_at_hand_are_exit_3():
    with pytest.raises(AssayError, match=r"skimage-textures/brick\.png: not found") as error:
        patches(3)
    assert error.value.code == 3
    assert "ASSAY_MIRROR" in error.value.hint


def test_no_such_part():
    with pytest.raises(AssayError, match="'all'"):
        cut(PICTURES, 3, 0, "all")
