"""Blocks: what is asked for is a beginning of the same endless row of samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.explain.blocks import BLOCK, in_blocks


def numbers(n, rng):
    return rng.random((n, 2)), rng.integers(0, 9, n)


@given(st.integers(1, 3 * BLOCK + 1), st.integers(0, 2**40))
def test_every_count_begins_alike(n, seed):
    found, whole = in_blocks("numbers", n, seed, numbers), in_blocks("numbers", 4 * BLOCK, seed, numbers)
    for part, long in zip(found, whole, strict=True):
        assert len(part) == n
        assert (part == long[:n]).all()
        assert part.dtype == long.dtype


def test_blocks_and_seeds_differ():
    first, _ = in_blocks("numbers", 2 * BLOCK, 1, numbers)
    other, _ = in_blocks("numbers", 2 * BLOCK, 2, numbers)
    every = np.concatenate([first, other]).ravel()
    assert len(set(every.tolist())) == every.size


@pytest.mark.parametrize(("n", "seed", "words"), [(0, 0, "things: expected 1 or more, found 0"),
                                                  (1, -1, "a seed of 0 or more, found -1")])
def test_refused(n, seed, words):
    with pytest.raises(AssayError, match=words):
        in_blocks("things", n, seed, numbers)
