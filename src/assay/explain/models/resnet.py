"""Residual networks (He et al., arXiv:1512.03385), with the state-dict names that published weights have."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a skip connection."""

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output for a map [N, C, H, W]."""
        skip = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        return self.relu(x + skip)


class Bottleneck(nn.Module):
    """Convolutions 1x1, 3x3 (which strides, as in the published weights) and 1x1 beside a skip connection."""

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels, width * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output for a map [N, C, H, W]."""
        skip = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        return self.relu(x + skip)


class ResNet(nn.Module):
    """A stem, four stages of residual blocks, a global average and one dense layer.

    Parameters
    ----------
    block : {"basic", "bottleneck"}
    depths : sequence of int
        Blocks of each stage; every stage but the first halves the map.
    classes : int
    width : int
        Channels of the first stage; each further stage has twice as many.
    in_channels : int
    stem : {"large", "small"}
        "large" as published: 7x7 with stride 2, then a pooling; "small", for small images: 3x3 at full size.

    Raises
    ------
    ValueError
        If `block` or `stem` is none of these, or there are not four depths.
    """

    def __init__(self, block: str, depths: Sequence[int], classes: int = 1000, *, width: int = 64,
                 in_channels: int = 3, stem: str = "large") -> None:
        super().__init__()
        if block not in BLOCKS or stem not in ("large", "small") or len(depths) != 4:
            raise ValueError(f"expected a block of {', '.join(BLOCKS)}, a stem large or small and four depths, "
                             f"found {block!r}, {stem!r} and {tuple(depths)}")
        large = stem == "large"
        self.conv1 = nn.Conv2d(in_channels, width, 7 if large else 3, stride=2 if large else 1,
                               padding=3 if large else 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if large else nn.Identity()
        kind, channels = BLOCKS[block], width
        for stage, depth in enumerate(depths):
            blocks: list[nn.Module] = []
            for position in range(depth):
                blocks.append(kind(channels, width << stage, 2 if stage and not position else 1))
                channels = (width << stage) * kind.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits [N, K] of images [N, C, H, W]."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {"basic": BasicBlock, "bottleneck": Bottleneck}


def _shortcut(channels: int, width: int, stride: int) -> nn.Module | None:
    """Return what makes the skip's shape the block's, None where it already is."""
    if stride == 1 and channels == width:
        return None
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width))
