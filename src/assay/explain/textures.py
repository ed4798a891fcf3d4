"""Patches of three photographed textures, brick, grass and gravel, from the pictures that scikit-image comes with.

Patches for training are cut from the left of each picture, those for the test from the right: none shares a pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assay.core import data
from assay.core.errors import AssayError
from assay.explain.blocks import in_blocks

if TYPE_CHECKING:
    from torch import Tensor

CLASSES = ("brick", "grass", "gravel")
SIDE = 48
SPLIT = 352  # of 512 columns: left of it is for training
PARTS = ("train", "test")
PICTURES = data.RemoteSet(
    "skimage-textures", "https://raw.githubusercontent.com/scikit-image/scikit-image/v0.22.0/skimage/data/",
    {"brick.png": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
     "grass.png": "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
     "gravel.png": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12"})


def patches(n: int, seed: int = 0, part: str = "train") -> tuple[Tensor, Tensor]:
    """Return `n` patches and their classes.

    Parameters
    ----------
    n : int
    seed : int
        The same seed gives the same patches, patch i whatever `n` is.
    part : {"train", "test"}

    Returns
    -------
    images : tensor of float32 [N, 1, 48, 48]
        In 0..1.
    labels : tensor of int64 [N]
        Index into `CLASSES`.

    Raises
    ------
    AssayError
        If `n` is less than 1 or the part is unknown; exit code 3 if the pictures are not at hand.
    """
    import torch

    pictures = load()
    images, labels = (torch.from_numpy(found) for found in cut(pictures, n, seed, part))
    return images, labels


def load() -> np.ndarray:
    """Return the pictures [3, H, W] in 0..1, from a mirror, the cache or their URL.

    Raises
    ------
    AssayError
        Exit code 3 if they are not at hand.
    """
    from PIL import Image

    folder = data.fetch(PICTURES, PICTURES.name)
    return np.stack([np.asarray(Image.open(folder / f"{name}.png"), np.float32) / 255 for name in CLASSES])


def cut(pictures: np.ndarray, n: int, seed: int, part: str) -> list[np.ndarray]:
    """Return patches and classes of pictures [3, H, W]; parameters and errors as for `patches`."""
    if part not in PARTS:
        raise AssayError(f"textures: no part {part!r}", f"expected one of {', '.join(PARTS)}")
    _, height, width = pictures.shape
    low, high = (0, SPLIT) if part == "train" else (SPLIT, width)
    windows = np.lib.stride_tricks.sliding_window_view(pictures[:, :, low:high], (SIDE, SIDE), axis=(1, 2))

    def make(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        label = rng.integers(0, len(CLASSES), count)
        row, column = rng.integers(0, height - SIDE + 1, count), rng.integers(0, high - low - SIDE + 1, count)
        return windows[label, row, column][:, None], label

    return in_blocks("textures", n, seed, make)
