"""Networks made of the blocks that image networks are made of, small, with random weights and no biases.

Without biases nothing absorbs relevance, so that all of it should arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

CLASSES = 7


class DenseLayer(nn.Module):
    """DenseNet's: norm, relu, convolution, twice; what is new is joined to what came in."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        new = self.conv1(F.relu(self.norm1(x), inplace=True))
        return torch.cat([x, self.conv2(F.relu(self.norm2(new), inplace=True))], 1)


def densenet() -> nn.Module:
    """A stem, two dense blocks with a transition between them, a last norm."""
    def block(channels: int) -> list[nn.Module]:
        return [DenseLayer(channels + 6 * i, 6) for i in range(3)]

    return nn.Sequential(
        nn.Conv2d(3, 12, 7, 2, 3, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1),
        *block(12),
        nn.BatchNorm2d(30), nn.ReLU(inplace=True), nn.Conv2d(30, 15, 1, bias=False), nn.AvgPool2d(2), *block(15),
        nn.BatchNorm2d(33), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(33, CLASSES))


class Fire(nn.Module):
    """SqueezeNet's: few channels, and from these many by kernels of two sizes."""

    def __init__(self, channels: int, few: int, many: int) -> None:
        super().__init__()
        self.squeeze, self.relu = nn.Conv2d(channels, few, 1), nn.ReLU(inplace=True)
        self.small, self.large = nn.Conv2d(few, many, 1), nn.Conv2d(few, many, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.squeeze(x))
        return torch.cat([self.relu(self.small(x)), self.relu(self.large(x))], 1)


def squeezenet() -> nn.Module:
    """The classifier is a convolution."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(16, 4, 8),
        Fire(16, 4, 8),
        nn.MaxPool2d(3, 2, ceil_mode=True), Fire(16, 8, 12), nn.Dropout(), nn.Conv2d(24, CLASSES, 1),
        nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def conv_norm(inputs: int, outputs: int, kernel: int, **options: Any) -> nn.Module:
    """Convolution, batch norm, relu."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, bias=False, **options), nn.BatchNorm2d(outputs, eps=1e-3),
                         nn.ReLU(inplace=True))


class Inception(nn.Module):
    """GoogLeNet's: four branches that are joined, one of them behind a maximum pool."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a = conv_norm(channels, 8, 1)
        self.b = nn.Sequential(conv_norm(channels, 6, 1), conv_norm(6, 10, 3, padding=1))
        self.c = nn.Sequential(conv_norm(channels, 3, 1), conv_norm(3, 4, 3, padding=1))
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), conv_norm(channels, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in (self.a, self.b, self.c, self.d)], 1)


def googlenet() -> nn.Module:
    """Three inceptions."""
    return nn.Sequential(
        conv_norm(3, 12, 7, stride=2, padding=3), nn.MaxPool2d(3, 2, ceil_mode=True), Inception(12), Inception(26),
        nn.MaxPool2d(3, 2, ceil_mode=True), Inception(26), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(26, CLASSES))


class Inverted(nn.Module):
    """MobileNetV2's: wide, by channel, narrow without a relu; the skip is an addition in the code."""

    def __init__(self, channels: int, outputs: int, stride: int) -> None:
        super().__init__()
        many = 4 * channels
        self.wide = nn.Sequential(nn.Conv2d(channels, many, 1, bias=False), nn.BatchNorm2d(many), nn.ReLU6())
        self.deep = nn.Sequential(nn.Conv2d(many, many, 3, stride, 1, groups=many, bias=False), nn.BatchNorm2d(many),
                                  nn.ReLU6())
        self.narrow = nn.Sequential(nn.Conv2d(many, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.skips = stride == 1 and channels == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.narrow(self.deep(self.wide(x)))
        return x + y if self.skips else y


def mobilenet(skips: int = 10) -> nn.Module:
    """As many skips as MobileNetV2."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
        *(Inverted(8, 8, 1) for _ in range(skips // 2)),
        Inverted(8, 12, 2), *(Inverted(12, 12, 1) for _ in range(skips - skips // 2)), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(12, CLASSES))


class Excited(nn.Module):
    """EfficientNet's: an inverted block whose channels are gated by what they hold on average."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.deep, self.norm = nn.Conv2d(channels, channels, 3, padding=1, groups=channels), nn.BatchNorm2d(channels)
        self.fc1, self.fc2 = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)
        self.narrow = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.norm(self.deep(x)))
        scale = F.adaptive_avg_pool2d(y, 1)
        scale = torch.sigmoid(self.fc2(F.silu(self.fc1(scale))))
        return x + self.narrow(scale * y)


def efficientnet() -> nn.Module:
    """Four gated blocks."""
    return nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1), nn.BatchNorm2d(12), nn.SiLU(), *(Excited(12) for _ in range(4)),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, CLASSES))


ZOO: dict[str, Callable[[], nn.Module]] = {
    "densenet": densenet, "squeezenet": squeezenet, "googlenet": googlenet, "mobilenet": mobilenet,
    "efficientnet": efficientnet}
X = torch.sin(torch.arange(4 * 3 * 32 * 32, dtype=torch.float64) * 1.7).reshape(4, 3, 32, 32)


def prepare(model: nn.Module, x: Tensor, run: Callable[[Tensor], Any] | None = None) -> nn.Module:
    """Return a network in double precision with He's weights, no biases, and norms that keep activations at size 1."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(getattr(module, "bias", None), nn.Parameter):
            nn.init.zeros_(module.bias)
    model.double().eval()
    hooks = [module.register_forward_pre_hook(fit) for module in model.modules() if isinstance(module, _BatchNorm)]
    with torch.no_grad():
        (run or model)(x)
    for hook in hooks:
        hook.remove()
    return model


def fit(norm: _BatchNorm, args: tuple[Tensor, ...]) -> None:
    """Set a batch norm to divide by the size of what comes in, and to subtract nothing."""
    nn.init.ones_(norm.weight)
    nn.init.zeros_(norm.running_mean)
    norm.running_var.copy_(args[0].square().mean((0, 2, 3)))
