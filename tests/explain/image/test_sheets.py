"""Grids, enlargement and files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from assay.core.errors import AssayError
from assay.explain.image import enlarge, grid, png, save


def numbered(n, height=2, width=3):
    return np.arange(1, n + 1, dtype=np.uint8).repeat(height * width * 3).reshape(n, height, width, 3)


def test_grid_pixel_by_pixel():
    sheet = grid(numbered(3), columns=2, margin=1, colour=(9, 8, 7))
    assert sheet[..., 0].tolist() == [
        [9, 9, 9, 9, 9, 9, 9, 9, 9],
        [9, 1, 1, 1, 9, 2, 2, 2, 9],
        [9, 1, 1, 1, 9, 2, 2, 2, 9],
        [9, 9, 9, 9, 9, 9, 9, 9, 9],
        [9, 3, 3, 3, 9, 9, 9, 9, 9],
        [9, 3, 3, 3, 9, 9, 9, 9, 9],
        [9, 9, 9, 9, 9, 9, 9, 9, 9]]
    assert sheet[0, 0].tolist() == [9, 8, 7]


@pytest.mark.parametrize(("n", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (5, 2, 3), (9, 3, 3), (10, 3, 4)])
def test_grid_is_near_a_square(n, rows, columns):
    assert grid(numbered(n), margin=0).shape == (rows * 2, columns * 3, 3)


def test_enlarge_without_blur():
    pixels = numbered(2)[0:2].reshape(4, 3, 3)
    large = enlarge(pixels, 3)
    assert large.shape == (12, 9, 3)
    assert (large[::3, ::3] == pixels).all()
    assert (large[2::3, 1::3] == pixels).all()


def test_saved_pixels_come_back(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    path = save(tmp_path / "map.png", pixels, scale=2)
    assert (np.asarray(Image.open(path)) == enlarge(pixels, 2)).all()
    assert (np.asarray(Image.open(io.BytesIO(png(pixels)))) == pixels).all()
    assert save(tmp_path / "many.png", np.stack([pixels] * 4)).stat().st_size
    assert Image.open(tmp_path / "many.png").size == (7 * 2 + 6, 5 * 2 + 6)


@pytest.mark.parametrize(("name", "pixels", "words"), [
    ("map.xyz", np.zeros((2, 2, 3), np.uint8), "suffix '.xyz'"),
    ("none/map.png", np.zeros((2, 2, 3), np.uint8), "no folder"),
    ("map.png", np.zeros((2, 2), np.uint8), "expected uint8"),
    ("map.png", np.zeros((2, 2, 3)), "float64"),
])
def test_refused_and_nothing_left(tmp_path, name, pixels, words):
    with pytest.raises(AssayError, match=words):
        save(tmp_path / name, pixels)
    assert not [path for path in tmp_path.rglob("*") if path.suffix != ".db" and path.is_file()]


def test_refused_grids():
    for images, columns in ((np.zeros((0, 2, 2, 3), np.uint8), None), (numbered(2), 0), (np.zeros((2, 2, 3)), None)):
        with pytest.raises(AssayError, match="expected"):
            grid(images, columns)
    with pytest.raises(AssayError, match="scale"):
        enlarge(numbered(1), 0)
