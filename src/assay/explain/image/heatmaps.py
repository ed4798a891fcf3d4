"""Relevance as pixels: scaled, coloured, laid over the image it explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from assay.core.errors import AssayError
from assay.explain.image.colours import paint

Per = Literal["sample", "batch"]


def to_rgb(relevance: Any, cmap: str | Sequence[str] = "coldnhot", symmetric: bool = True,
           percentile: float | None = None, per: Per = "sample") -> np.ndarray:
    """Return the heatmaps of relevance maps.

    Parameters
    ----------
    relevance : array or tensor [N, H, W] or [N, C, H, W]
        Summed over the channels where there are any.
    cmap : str or sequence of str
        A name of `CMAPS`, or a list of stops such as ``"00f [fff] f00"``.
    symmetric : bool
        Whether 0 is the centre of the colour map and the largest |R| an end; else the smallest value is one end
        and the largest the other.
    percentile : float, optional
        Take this percentile of |R| for the largest (0 < percentile <= 100); what lies beyond has the end's colour.
        Without symmetry the values' percentile, and 100 minus it for the smallest.
    per : {"sample", "batch"}
        Whether each map has a scale of its own, or all have one.

    Returns
    -------
    array of uint8 [N, H, W, 3]
        A map of zeros has the centre's colour throughout.

    Raises
    ------
    AssayError
        If the shape is another, a value is not finite, or an option is wrong.

    Examples
    --------
    >>> to_rgb([[[0.0, -2.0, 1.0, 2.0]]], "00f [fff] f00").tolist()
    [[[[255, 255, 255], [0, 0, 255], [255, 128, 128], [255, 0, 0]]]]
    """
    values = to_array(relevance)
    if values.ndim == 4:
        values = values.sum(axis=1)
    if values.ndim != 3:
        raise AssayError(f"relevance of shape {values.shape} is no stack of maps: expected [N, H, W] or [N, C, H, W]")
    return paint(unit(values, symmetric, percentile, per), cmap)


def unit(values: np.ndarray, symmetric: bool = True, percentile: float | None = None,
         per: Per = "sample") -> np.ndarray:
    """Return the values [N, ...] as positions in 0..1 of a colour map; parameters and errors as in `to_rgb`."""
    if percentile is not None and not 0 < percentile <= 100:
        raise AssayError(f"percentile must be above 0 and at most 100, found {percentile}")
    if per not in ("sample", "batch"):
        raise AssayError(f"per must be 'sample' or 'batch', found {per!r}")
    if not np.isfinite(values).all():
        raise AssayError("relevance that is not finite cannot be drawn")
    axes = tuple(range(1 if per == "sample" else 0, values.ndim))
    top = 100.0 if percentile is None else percentile
    if symmetric:
        scale = np.percentile(np.abs(values), top, axis=axes, keepdims=True)
        # Where the percentile is 0, the few places that are not lie beyond it.
        safe = np.where(scale > 0, scale, 1.0)
        return 0.5 + np.clip(np.where(scale > 0, values / safe, np.sign(values)), -1, 1) / 2
    low, high = (np.percentile(values, p, axis=axes, keepdims=True) for p in (100 - top, top))
    span = np.where(high > low, high - low, 1.0)
    return np.clip((values - low) / span, 0, 1)


def picture(images: Any) -> np.ndarray:
    """Return images [N, 3, H, W] or [N, 1, H, W] in 0..1 as pixels ``uint8`` [N, H, W, 3].

    Raises
    ------
    AssayError
        If the shape is another.
    """
    values = to_array(images)
    if values.ndim != 4 or values.shape[1] not in (1, 3):
        raise AssayError(f"images of shape {values.shape}: expected [N, 3, H, W] or [N, 1, H, W] in 0..1")
    pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return np.broadcast_to(pixels.transpose(0, 2, 3, 1), (len(pixels), *pixels.shape[2:], 3)).copy()


def overlay(image: Any, relevance: Any, alpha: float = 0.5, cmap: str | Sequence[str] = "coldnhot",
            **options: Any) -> np.ndarray:
    """Return heatmaps laid over the images they explain, ``uint8`` [N, H, W, 3].

    Parameters
    ----------
    image : array or tensor [N, 3, H, W] or [N, 1, H, W]
        In 0..1.
    relevance : array or tensor [N, h, w] or [N, C, h, w]
        A smaller map is enlarged without blur.
    alpha : float
        Share of the heatmap: 0 shows the image alone, 1 the heatmap alone.
    cmap, **options
        As in `to_rgb`.

    Raises
    ------
    AssayError
        If the shapes do not fit or alpha is not in 0..1.
    """
    if not 0 <= alpha <= 1:
        raise AssayError(f"alpha must be in 0..1, found {alpha}")
    below, above = picture(image), to_rgb(relevance, cmap, **options)
    if len(below) != len(above):
        raise AssayError(f"{len(below)} images and {len(above)} relevance maps: expected as many of both")
    above = nearest(above, (below.shape[1], below.shape[2]))
    return np.rint((1 - alpha) * below + alpha * above).astype(np.uint8)


def nearest(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the pixels [N, h, w, ...] at another size, each taken from the nearest one: no blur."""
    rows, columns = (((np.arange(new) + 0.5) * old / new).astype(int)
                     for new, old in zip(size, pixels.shape[1:3], strict=True))
    return pixels[:, rows][:, :, columns]


def to_array(values: Any) -> np.ndarray:
    """Return an array or a tensor, on whatever device, as an array of floats."""
    plain = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    return plain.astype(np.float64)
