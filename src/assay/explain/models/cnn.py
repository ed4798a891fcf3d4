"""A plain convolutional network of any size, for signals, images and volumes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

CONVOLUTION = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}


class CNN(nn.Module):
    """Convolutions with relu, an average to a fixed size, dense layers.

    Parameters
    ----------
    classes : int
    in_channels : int
    layers : sequence of int or "M"
        Channels of each convolution; "M" halves the map by its maxima.
    kernel : int
        Odd side of the convolutions' windows; the maps keep their size.
    pool : int
        Side of the map that the dense layers see; 1 is the global average.
    hidden : sequence of int
        Units of the dense layers before the last one.
    dropout : float
        Before each dense layer.
    batch_norm : bool
    dims : {1, 2, 3}
        Spatial axes of the input.

    Raises
    ------
    ValueError
        If `layers` holds something else, the kernel is even, or `dims` is not 1, 2 or 3.
    """

    def __init__(self, classes: int = 10, *, in_channels: int = 3, layers: Sequence[int | str] = (16, "M", 32, "M", 64),
                 kernel: int = 3, pool: int = 1, hidden: Sequence[int] = (), dropout: float = 0.0,
                 batch_norm: bool = False, dims: int = 2) -> None:
        super().__init__()
        if dims not in CONVOLUTION or kernel % 2 == 0 or any(isinstance(s, str) and s != "M" for s in layers):
            raise ValueError(f"expected dims 1, 2 or 3, an odd kernel and layers of numbers and 'M', "
                             f"found {dims}, {kernel} and {tuple(layers)}")
        features: list[nn.Module] = []
        channels = in_channels
        for step in layers:
            if isinstance(step, str):
                features.append(MAX_POOL[dims](2))
                continue
            features.append(CONVOLUTION[dims](channels, step, kernel, padding=kernel // 2))
            features += [NORM[dims](step)] if batch_norm else []
            features.append(nn.ReLU())
            channels = step
        self.features = nn.Sequential(*features)
        self.avgpool = AVERAGE[dims](pool)
        self.classifier = nn.Sequential(*_dense([channels * pool**dims, *hidden, classes], dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs [N, K] of inputs [N, C, ...]."""
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def _dense(units: Sequence[int], dropout: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(units):
        layers += [nn.Dropout(dropout)] if dropout else []
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers[:-1]
