"""Networks that assay and a peer both build; sums are a module where the peer needs one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Add(nn.Module):
    """The sum over the last axis, as a module: a peer puts its rule on modules only."""

    def forward(self, value: Tensor) -> Tensor:
        return value.sum(-1)


def plain() -> nn.Module:
    """VGG-like: convolutions, batch norm, max and average pools, two dense layers."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, stride=2, groups=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 4))


class Residual(nn.Module):
    """Two residual blocks; `add` is a module that sums a stack, or None for the operator."""

    def __init__(self, add: type[nn.Module] | None = None) -> None:
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.conv1, self.bn1 = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.down, self.bn3 = nn.Conv2d(6, 8, 1, stride=2, bias=False), nn.BatchNorm2d(8)
        self.conv3, self.bn4 = nn.Conv2d(6, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8)
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(4))
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8, 4)
        self.adds = None if add is None else nn.ModuleList(add() for _ in range(2))

    def join(self, a: Tensor, b: Tensor, which: int) -> Tensor:
        return a + b if self.adds is None else self.adds[which](torch.stack([a, b], -1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.relus[0](self.bn(self.stem(x)))
        inner = self.relus[1](self.bn1(self.conv1(x)))
        x = self.relus[2](self.join(self.bn2(self.conv2(inner)), x, 0))
        x = self.relus[3](self.join(self.bn4(self.conv3(x)), self.bn3(self.down(x)), 1))
        return self.fc(self.pool(x).flatten(1))


def volume() -> nn.Module:
    """3-D, with transposed convolution."""
    return nn.Sequential(nn.Conv3d(1, 3, 2), nn.ReLU(), nn.ConvTranspose3d(3, 2, 2), nn.ReLU(), nn.Flatten(),
                         nn.Linear(2 * 4 * 4 * 4, 4))


def signal() -> nn.Module:
    """1-D, with activations other than relu."""
    return nn.Sequential(nn.Conv1d(2, 4, 3, padding=1), nn.ELU(), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3), nn.LeakyReLU(),
                         nn.Flatten(), nn.Linear(8, 4))


NETWORKS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "plain": (plain, (3, 12, 12)), "residual": (Residual, (3, 8, 8)), "volume": (volume, (1, 4, 4, 4)),
    "signal": (signal, (2, 8))}


def build(name: str, seed: int = 0, **options: Any) -> tuple[nn.Module, Tensor]:
    """Return a network in double precision with lively batch norms, and a batch of two inputs."""
    torch.manual_seed(seed)
    make, shape = NETWORKS[name]
    model = make(**options).double().eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            # The peer merges without eps; the statistics make that no difference.
            nn.init.normal_(module.weight, 1.0, 0.3)
            nn.init.normal_(module.bias, 0.0, 0.3)
            nn.init.normal_(module.running_mean, 0.0, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            module.eps = 0.0
    return model, torch.rand((2, *shape), dtype=torch.float64) * 2 - 1
