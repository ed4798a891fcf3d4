"""Relevance at a layer as a map of the input's size, to be looked at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.explain.image.heatmaps import nearest, to_array

if TYPE_CHECKING:
    from assay.explain.models.network import Network


def spread(relevance: Any, network: Network) -> tuple[np.ndarray, str]:
    """Return one sample's relevance at a layer, summed over channels and scaled up, and the layout to draw it in.

    Parameters
    ----------
    relevance : array or tensor
        [C, h, w] of a map, [C, t] of a signal, [T, D] of tokens, [K] of dense units, ...
    network : Network
        Whose input's size the map gets. Tokens that are patches of a picture are laid out as such; a class token in
        front of them is left out.

    Returns
    -------
    array, str
        [H, W] with "image", [T] with "signal" or "tokens", [D, H, W] with "volume".
    """
    values, size = to_array(relevance), network.input_shape[1:]
    if network.layout == "tokens":
        return (values.sum(axis=-1) if values.ndim == 2 else values), "tokens"
    if values.ndim == len(size) + 1:
        return _enlarged(values.sum(axis=0), size), {1: "signal", 2: "image", 3: "volume"}.get(len(size), "array")
    side = math.isqrt(len(values))
    before = len(values) - side * side
    if values.ndim == 2 and len(size) == 2 and before in (0, 1):
        return _enlarged(values.sum(axis=1)[before:].reshape(side, side), size), "image"
    # Dense units have no place in the input: they stand side by side.
    flat = values.reshape(len(values), -1).sum(axis=1)
    return flat, "signal"


def _enlarged(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    if values.ndim == 2:
        return nearest(values[None], size)[0]  # type: ignore[arg-type]
    index = np.ix_(*(((np.arange(new) + 0.5) * old / new).astype(int)
                     for new, old in zip(size, values.shape, strict=True)))
    return values[index]
