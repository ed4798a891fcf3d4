"""Samples that networks are trained and judged on: inputs in their own range, and the answers to each task."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from assay.core.errors import AssayError

TRAIN_SEED, TEST_SEED, TESTS = 1, 2, 2000
DIGITS_TESTS = 397  # of 1797


@dataclass(frozen=True)
class Samples:
    """Inputs [N, ...] and the answers to the tasks: classes [N], labels [N, L], targets [N, T]."""

    inputs: Tensor
    answers: dict[str, Tensor]


def samples(data: str, count: int = 0) -> tuple[Samples, Samples]:
    """Return samples for training and for the test, which no training sees.

    Parameters
    ----------
    data : {"digits", "scenes", "driving", "textures"}
    count : int
        For training, of those that are made.

    Raises
    ------
    AssayError
        If there is no such data; exit code 3 if it is not at hand.
    """
    if data == "digits":
        return _digits()
    if data == "textures":
        return _textures(count, TRAIN_SEED, "train"), _textures(TESTS, TEST_SEED, "test")
    if data not in ("scenes", "driving"):
        raise AssayError(f"no data {data!r}", "there are digits, scenes, driving and textures")
    render = _scenes if data == "scenes" else _driving
    return render(count, TRAIN_SEED), render(TESTS, TEST_SEED)


def _digits() -> tuple[Samples, Samples]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(TEST_SEED))
    inputs = torch.tensor(digits.images, dtype=torch.float32)[order, None]
    classes = torch.tensor(digits.target)[order]
    train, test = (Samples(inputs[part], {"classes": classes[part]})
                   for part in (slice(DIGITS_TESTS, None), slice(DIGITS_TESTS)))
    return train, test


def _scenes(count: int, seed: int) -> Samples:
    from assay.explain.scenes import render

    images, labels, _ = render(count, seed)
    return Samples(images, {"classes": labels})


def _driving(count: int, seed: int) -> Samples:
    from assay.explain.driving import drive

    frames = drive(count, seed)
    return Samples(frames.images, {"labels": frames.labels, "targets": frames.targets})


def _textures(count: int, seed: int, part: str) -> Samples:
    from assay.explain.textures import patches

    images, labels = patches(count, seed, part)
    return Samples(images, {"classes": labels})
