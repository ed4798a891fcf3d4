"""Drawings of what is no image: every number can be found again in the colours."""

from __future__ import annotations

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.explain.image import draw, paint, signal, to_rgb, tokens, volume


def test_a_signals_strip_has_the_colours_of_its_relevance():
    relevance = np.array([[0.0, 1.0, -1.0, 0.5], [2.0, 0.0, 0.0, 0.0]])
    picture = signal(relevance, width=8, height=10, cmap="bwr")
    assert picture.shape == (23, 8, 3)
    top, bottom = picture[0], picture[13]
    assert (top[::2] == paint(0.5 + relevance[0] / 4, "bwr")).all()
    assert (bottom[::2] == paint(0.5 + relevance[1] / 4, "bwr")).all()
    assert (picture[10:13] == 255).all()


def test_a_long_signal_loses_none_of_its_peaks():
    relevance = np.zeros((2, 30_000))
    relevance[0, 12_345], relevance[1, 29_999] = 1.0, -1.0
    picture = signal(relevance, np.ones((2, 30_000)), height=9, cmap="00f [fff] f00")
    assert picture.shape == (21, 2400, 3)
    assert np.argwhere((picture[0] == (255, 0, 0)).all(axis=1)).tolist() == [[int(12_345 / 12.5)]]
    assert np.argwhere((picture[-1] == (0, 0, 255)).all(axis=1)).tolist() == [[2399]]


def test_the_curve_is_where_the_signal_is():
    rising = np.linspace(0, 1, 50)
    picture = signal(np.zeros(50), rising, width=200, height=100).max(axis=2)
    rows = picture.argmax(axis=0)[5:-5]
    assert picture.max() == 255
    assert np.corrcoef(rows, np.arange(190))[0, 1] < -0.99
    assert rows[0] > 85 > 15 > rows[-1]
    flat = signal(np.zeros(50), np.ones(50), width=100, height=100).max(axis=2)
    assert abs(int(np.median(flat.argmax(axis=0))) - 49) <= 2


def test_a_volumes_three_middle_slices():
    values = np.zeros((3, 4, 5))
    values[1, 2, 2] = 1.0
    picture = volume(values, side=5, cmap="00f [000] f00")
    assert picture.shape == (4 + 8, 5 + 5 + 4 + 4 * 4, 3)
    ends = picture[..., 0] == 255
    red = np.argwhere(ends & (picture[..., 1] == 0))
    assert red.tolist() == [[5, 15], [5, 24], [6, 6]]
    with_input = volume(values, values, side=5)
    assert with_input.shape[0] == 4 + 4 + 4 + 4 + 4
    assert (volume(values[None], side=5) == volume(values, side=5)).all()


def test_tokens_stand_in_lines_of_their_colours():
    relevance, texts = np.array([1.0, 0.0, -1.0, 0.5]), ["one", "two", "three", "four"]
    picture = tokens(relevance, texts, cmap="bwr", width=400)
    colours = {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}
    assert {(255, 0, 0), (255, 255, 255), (0, 0, 255), (255, 128, 128)} <= colours
    narrow = tokens(relevance, texts, cmap="bwr", width=60)
    assert narrow.shape[0] > 3 * picture.shape[0] > 3 * 30
    assert narrow.shape[1] < picture.shape[1]


def test_draw_goes_by_the_layout():
    rng = np.random.default_rng(0)
    image, row, box = rng.normal(size=(3, 6, 7)), rng.normal(size=9), rng.normal(size=(2, 4, 5, 6))
    unit = rng.uniform(size=(3, 6, 7))
    assert (draw(image) == to_rgb(image[None])[0]).all()
    assert (draw(image.sum(0)) == to_rgb(image[None])[0]).all()
    assert (draw(image, unit, alpha=0) == draw(image)).all()
    assert not (draw(image, unit, alpha=0.3) == draw(image)).all()
    assert (draw(row, layout="array") == signal(row)).all()
    assert (draw(box, layout="array") == volume(box)).all()
    assert (draw(np.stack([row, 2 * row]), layout="tokens") == tokens([row.sum(), 2 * row.sum()])).all()


@pytest.mark.parametrize(("call", "words"), [
    (lambda: signal(np.zeros(4), np.zeros(5)), r"\(5,\)"),
    (lambda: volume(np.zeros((4, 5))), r"\(4, 5\)"),
    (lambda: volume(np.zeros((3, 4, 5)), np.zeros((3, 4, 6))), r"\(3, 4, 6\)"),
    (lambda: tokens(np.zeros(3), ["one"]), "1 texts"),
    (lambda: draw(np.zeros(3)), r"\(3,\)"),
])
def test_refused(call, words):
    with pytest.raises(AssayError, match=words):
        call()
