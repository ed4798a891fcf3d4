"""How much of an explanation lies where the truth is: two numbers for a map and a mask of what decides.

After Arras, Osman and Samek, "CLEVR-XAI", Information Fusion 81 (2022), 14-40. Chance is the mask's share of the area.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from assay.core.errors import AssayError, did_you_mean

POOLS = ("positive", "l2")

Array = TypeVar("Array")


def relevance_mass(relevance: Array, mask: Any, pool: str = "positive") -> Array:
    """Return the share of the relevance that lies in the mask, [N], in 0..1.

    Parameters
    ----------
    relevance : array or tensor [N, ...] or [N, C, ...]
    mask : bool array or tensor [N, ...]
        Of the relevance's shape, without its channels if it has any.
    pool : {"positive", "l2"}
        What is counted at a place: the positive part of the sum over channels, or the root of their summed squares.

    Returns
    -------
    array or tensor [N]
        As `relevance` came. A map with nothing to count scores 0.

    Raises
    ------
    AssayError
        If the shapes do not fit, a mask is empty, the relevance is not finite, or `pool` is unknown.

    Examples
    --------
    >>> relevance_mass(np.array([[3.0, 1.0, -5.0]]), np.array([[True, False, False]]))
    array([0.75])
    """
    counted, inside = _pooled(relevance, mask, pool)
    total = counted.sum(axis=1)
    mass = np.divide((counted * inside).sum(axis=1), total, out=np.zeros_like(total), where=total > 0)
    return _like(np.minimum(mass, 1.0), relevance)


def relevance_rank(relevance: Array, mask: Any, pool: str = "positive") -> Array:
    """Return the share of the K highest places that lie in the mask of K places, [N], in 0..1.

    Places of equal relevance are taken in the order of their index. Parameters, result and errors are those of
    `relevance_mass`.

    Examples
    --------
    >>> relevance_rank(np.array([[3.0, 1.0, 2.0, 0.0]]), np.array([[True, True, False, False]]))
    array([0.5])
    """
    counted, inside = _pooled(relevance, mask, pool)
    order = np.argsort(-counted, axis=1, kind="stable")
    sizes = inside.sum(axis=1)
    among = np.arange(counted.shape[1]) < sizes[:, None]
    hits = (np.take_along_axis(inside, order, axis=1) & among).sum(axis=1)
    return _like(np.where(counted.any(axis=1), hits / sizes, 0.0), relevance)


def _pooled(relevance: Any, mask: Any, pool: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what is counted and the mask, both [N, places]."""
    values, inside = _array(relevance).astype(np.float64), _array(mask).astype(bool)
    if pool not in POOLS:
        raise AssayError(f"no pool {pool!r}", did_you_mean(pool, POOLS) or f"there are {', '.join(POOLS)}")
    if values.shape == inside.shape:
        values = values[:, None] if values.ndim else values
    if values.ndim < 3 or values.shape[:1] + values.shape[2:] != inside.shape:
        raise AssayError(f"relevance {_array(relevance).shape} and mask {inside.shape} do not fit",
                         "expected the same shape, or the mask without the channels: [N, C, ...] and [N, ...]")
    if not np.isfinite(values).all():
        raise AssayError("the relevance has values that are not finite")
    inside = inside.reshape(len(inside), -1)
    if not inside.any(axis=1).all():
        raise AssayError(f"the mask of sample {int(np.argmin(inside.any(axis=1)))} is empty")
    # Scaled by a power of two, which is exact: neither huge nor tiny relevance may overflow or vanish.
    _, exponents = np.frexp(np.abs(values).reshape(len(values), -1).max(axis=1))
    values = np.ldexp(values, -exponents.reshape(-1, *[1] * (values.ndim - 1)))
    counted = np.maximum(values.sum(axis=1), 0.0) if pool == "positive" else np.linalg.norm(values, axis=1)
    return counted.reshape(len(counted), -1), inside


def _array(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)


def _like(values: np.ndarray, given: Any) -> Any:
    # Torch is not imported for this: who hands in a tensor has it.
    return given.new_tensor(values) if hasattr(given, "new_tensor") else values
