"""VGG (Simonyan and Zisserman, arXiv:1409.1556), with the state-dict names that published weights have."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Channels of each convolution in units of the first one's, M for a pooling that halves the map.
CONFIGURATIONS: dict[int, tuple[int | str, ...]] = {
    11: (1, "M", 2, "M", 4, 4, "M", 8, 8, "M", 8, 8, "M"),
    13: (1, 1, "M", 2, 2, "M", 4, 4, "M", 8, 8, "M", 8, 8, "M"),
    16: (1, 1, "M", 2, 2, "M", 4, 4, 4, "M", 8, 8, 8, "M", 8, 8, 8, "M"),
    19: (1, 1, "M", 2, 2, "M", 4, 4, 4, 4, "M", 8, 8, 8, 8, "M", 8, 8, 8, 8, "M"),
}


class VGG(nn.Module):
    """Convolutions in five stages, then three dense layers.

    Parameters
    ----------
    depth : {11, 13, 16, 19}
    batch_norm : bool
        Whether a batch norm follows each convolution.
    classes : int
    width : int
        Channels of the first convolution; 64 in the paper.
    hidden : int
        Units of the two hidden dense layers; 4096 in the paper.
    in_channels : int
    dropout : float
    """

    def __init__(self, depth: int, batch_norm: bool, classes: int = 1000, *, width: int = 64, hidden: int = 4096,
                 in_channels: int = 3, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(*_stages(CONFIGURATIONS[depth], in_channels, width, batch_norm))
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(8 * width * 7 * 7, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout),
            nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout),
            nn.Linear(hidden, classes))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits [N, K] of images [N, C, H, W]."""
        pooled = self.avgpool(self.features(images))
        return self.classifier(torch.flatten(pooled, 1))


def _stages(plan: tuple[int | str, ...], channels: int, width: int, batch_norm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for step in plan:
        if isinstance(step, str):
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(channels, step * width, kernel_size=3, padding=1))
        layers += [nn.BatchNorm2d(step * width)] if batch_norm else []
        layers.append(nn.ReLU(inplace=True))
        channels = step * width
    return layers
