"""Pictures side by side, enlarged without blur, and as files."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assay.core.errors import AssayError, describe

WHITE = (255, 255, 255)


def grid(images: Any, columns: int | None = None, margin: int = 2,
         colour: Sequence[int] = WHITE) -> np.ndarray:
    """Return pictures of one size in rows and columns, with a margin around each.

    Parameters
    ----------
    images : array of uint8 [N, H, W, 3]
    columns : int, optional
        Near a square without it.
    margin : int
        Pixels between pictures and around all of them.
    colour : sequence of three int
        Of the margin and of places left empty.

    Returns
    -------
    array of uint8 [rows (H + margin) + margin, columns (W + margin) + margin, 3]

    Raises
    ------
    AssayError
        If the shape is another, or there is no picture.

    Examples
    --------
    >>> grid(np.zeros((5, 4, 6, 3), np.uint8), columns=3, margin=1).shape
    (11, 22, 3)
    """
    pixels = np.asarray(images)
    if pixels.ndim != 4 or pixels.shape[3] != 3 or not len(pixels):
        raise AssayError(f"pictures of shape {pixels.shape}: expected [N, H, W, 3] with N of 1 or more")
    if margin < 0 or (columns is not None and columns < 1):
        raise AssayError(f"expected 1 or more columns and a margin of 0 or more, found {columns} and {margin}")
    across = columns or math.ceil(math.sqrt(len(pixels)))
    down, (height, width) = math.ceil(len(pixels) / across), pixels.shape[1:3]
    sheet = np.empty((down * (height + margin) + margin, across * (width + margin) + margin, 3), np.uint8)
    sheet[:] = colour
    for index, one in enumerate(pixels):
        top = margin + index // across * (height + margin)
        left = margin + index % across * (width + margin)
        sheet[top:top + height, left:left + width] = one
    return sheet


def enlarge(pixels: np.ndarray, scale: int) -> np.ndarray:
    """Return the pixels [..., H, W, 3] with each one a square of `scale` times `scale`.

    Raises
    ------
    AssayError
        If the scale is less than 1.
    """
    if scale < 1:
        raise AssayError(f"scale must be a whole number of 1 or more, found {scale}")
    return pixels.repeat(scale, axis=-3).repeat(scale, axis=-2)


def png(pixels: np.ndarray) -> bytes:
    """Return the PNG file of pixels ``uint8`` [H, W, 3]."""
    return _encoded(pixels, "PNG")


def save(path: str | Path, pixels: np.ndarray, scale: int = 1) -> Path:
    """Write pixels to a picture file whose kind the suffix names; several become a `grid`.

    Parameters
    ----------
    path : str or Path
        Its folder exists. The file is written whole or not at all.
    pixels : array of uint8 [H, W, 3] or [N, H, W, 3]
    scale : int
        Enlarge each pixel to a square of this side.

    Returns
    -------
    Path

    Raises
    ------
    AssayError
        If the suffix names no kind of picture, or the file cannot be written.
    """
    from PIL import Image

    from assay.core.files import replacing

    path, pixels = Path(path), np.asarray(pixels)
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise AssayError(f"{path}: no kind of picture has the suffix {path.suffix!r}", "name the file .png")
    if not path.absolute().parent.is_dir():
        raise AssayError(f"{path}: there is no folder {path.parent}", "make it, or name another file")
    sheet = grid(pixels) if pixels.ndim == 4 else pixels
    data = _encoded(enlarge(sheet, scale) if scale != 1 else sheet, kind)
    try:
        with replacing(path) as stream:
            stream.write(data)
    except OSError as error:
        raise AssayError(f"{path}: cannot be written: {describe(error)}") from error
    return path


def _encoded(pixels: np.ndarray, kind: str) -> bytes:
    from PIL import Image

    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise AssayError(f"pixels of shape {pixels.shape} and type {pixels.dtype}: expected uint8 [H, W, 3]")
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, format=kind)
    return stream.getvalue()
