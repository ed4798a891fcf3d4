"""Rendered samples, made in blocks of fixed size: sample i of a seed is the same however many are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from assay.core.errors import AssayError

BLOCK = 64

Make = Callable[[int, np.random.Generator], Sequence[np.ndarray]]


def in_blocks(what: str, n: int, seed: int, make: Make) -> list[np.ndarray]:
    """Return the first `n` samples of a seed, each part of them as one array [N, ...].

    Parameters
    ----------
    what : str
        Begins the message of an error.
    n, seed : int
    make : callable
        Given a count and a generator, returns that many samples, in parts. It is always asked for whole blocks,
        each with a generator of its own; what is too much of the last one is dropped.

    Raises
    ------
    AssayError
        If `n` is less than 1, or the seed is negative.

    Examples
    --------
    >>> few, = in_blocks("numbers", 3, 7, lambda n, rng: [rng.random(n)])
    >>> many, = in_blocks("numbers", 200, 7, lambda n, rng: [rng.random(n)])
    >>> bool((few == many[:3]).all()), len(set(many.tolist()))
    (True, 200)
    """
    if n < 1:
        raise AssayError(f"{what}: expected 1 or more, found {n}")
    if seed < 0:
        raise AssayError(f"{what}: expected a seed of 0 or more, found {seed}")
    found: list[np.ndarray] = []
    for block, start in enumerate(range(0, n, BLOCK)):
        parts = make(BLOCK, np.random.default_rng((seed, block)))
        found = found or [np.empty((n, *part.shape[1:]), part.dtype) for part in parts]
        for whole, part in zip(found, parts, strict=True):
            whole[start:start + BLOCK] = part[:n - start]
    return found
