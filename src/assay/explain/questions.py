"""What benchmarks ask methods about: networks and scenes, loaded and rendered once a process."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from assay.core.errors import Skip
from assay.explain import scenes
from assay.explain.models.network import Network
from assay.explain.models.registered import named


@dataclass(frozen=True)
class Scene:
    """One scene as a question.

    Parameters
    ----------
    network : Network
    image : tensor [1, 3, 64, 64]
        In 0..1.
    inputs : tensor [1, 3, 64, 64]
        In the network's units.
    label : int
        The true class.
    mask : tensor of bool [1, 64, 64]
        The pixels that decide.
    """

    network: Network
    image: Tensor
    inputs: Tensor
    label: int
    mask: Tensor


network = functools.lru_cache(maxsize=4)(named)


def scene(network: Network, count: int, seed: int, index: int) -> Scene:
    """Return one of `count` scenes of a seed, for a network."""
    images, labels, masks = _rendered(count, seed)
    one = slice(index, index + 1)
    return Scene(network, images[one], network.normalise(images[one]), int(labels[index]), masks[one])


def sure_of(asked: Scene, least: float) -> float:
    """Return the network's probability of the true class.

    Raises
    ------
    Skip
        If another class is more probable, or this one is less probable than `least`.
    """
    with torch.no_grad():
        probabilities = asked.network.module(asked.inputs).softmax(1)[0]
    top, probability = int(probabilities.argmax()), float(probabilities[asked.label])
    if top != asked.label:
        raise Skip(f"{asked.network.name} takes the {asked.network.label(asked.label)} for a "
                   f"{asked.network.label(top)}")
    if probability < least:
        raise Skip(f"{asked.network.name} is only {probability:.2f} sure of the {asked.network.label(asked.label)}")
    return probability


@functools.lru_cache(maxsize=4)
def _rendered(count: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    return scenes.render(count, seed)
