"""Smooth noise for rendered pictures: a few random knots, and what leads from one to the next."""

from __future__ import annotations

import numpy as np


def blend(length: int, knots: int) -> np.ndarray:
    """Return weights [length, knots] that take pixels smoothly from knot to knot; each row adds up to 1.

    ``blend(H, k) @ values @ blend(W, l).T`` is a smooth picture [H, W] of knots [k, l].
    """
    at = np.linspace(0, knots - 1, length)
    left = np.minimum(at.astype(int), knots - 2)
    part = at - left
    part = part * part * (3 - 2 * part)
    weights = np.zeros((length, knots), np.float32)
    weights[np.arange(length), left], weights[np.arange(length), left + 1] = 1 - part, part
    return weights
