"""The architectures by name, and `build`: one of them with seeded random weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from assay.core.errors import AssayError, did_you_mean
from assay.explain.models.cnn import CNN
from assay.explain.models.resnet import ResNet
from assay.explain.models.vgg import CONFIGURATIONS, VGG
from assay.explain.models.vit import SelfAttention, VisionTransformer

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    **{f"vgg{depth}": partial(VGG, depth, False) for depth in CONFIGURATIONS},
    **{f"vgg{depth}_bn": partial(VGG, depth, True) for depth in CONFIGURATIONS},
    "resnet18": partial(ResNet, "basic", (2, 2, 2, 2)),
    "resnet50": partial(ResNet, "bottleneck", (3, 4, 6, 3)),
    "resnet": ResNet,
    "vit": VisionTransformer,
    "vit_b_16": partial(VisionTransformer, num_heads=12, hidden_dim=768, mlp_dim=3072),
    "cnn": CNN,
}


def build(arch: str, classes: int = 1000, seed: int = 0, **options: Any) -> nn.Module:
    """Return a network with random weights, in evaluation mode.

    State-dict names, shapes and outputs are those of torchvision's networks of the same name, so that weights
    published for these load as they are. The random weights are not theirs.

    Parameters
    ----------
    arch : str
        A key of `ARCHITECTURES`: vgg11 13 16 19 (also with ``_bn``), resnet18, resnet50, vit_b_16; free in their
        sizes: vit (`image_size patch_size num_layers num_heads hidden_dim mlp_dim`), resnet, cnn.
    classes : int
        Number of outputs.
    seed : int
        The same seed gives the same weights.
    **options
        Arguments of the architecture's class.

    Raises
    ------
    AssayError
        If there is no such architecture, it has no such option, or an option has a wrong value.

    Examples
    --------
    >>> build("resnet18", classes=3)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 3])
    """
    module = empty(arch, classes, **options).to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        initialise(module)
    return module


def empty(arch: str, classes: int = 1000, **options: Any) -> nn.Module:
    """Return a network in evaluation mode whose weights have shapes and no memory, to load weights into.

    Raises
    ------
    AssayError
        As `build`.
    """
    if arch not in ARCHITECTURES:
        raise AssayError(f"no architecture named {arch!r}",
                         did_you_mean(arch, ARCHITECTURES) or f"there are {', '.join(ARCHITECTURES)}")
    factory = ARCHITECTURES[arch]
    if not isinstance(classes, int) or classes < 1:
        raise AssayError(f"{arch}: classes must be a whole number of 1 or more, found {classes!r}")
    known = [name for name in inspect.signature(factory).parameters if name != "classes"]
    if unknown := sorted(set(options) - set(known)):
        raise AssayError(f"{arch}: no option {unknown[0]!r}",
                         did_you_mean(unknown[0], known) or f"there are {', '.join(known)}")
    try:
        with torch.device("meta"):
            return factory(classes=classes, **options).eval()
    except (TypeError, ValueError, RuntimeError) as error:
        raise AssayError(f"{arch}: cannot be built: {error}") from error


def initialise(module: nn.Module) -> None:
    """Draw every weight anew from torch's generator: He's normal for convolutions, Glorot's uniform for the rest.

    Biases are zero, norms are the identity, tokens and positions are normal with a deviation of 0.02.
    """
    for part in module.modules():
        for name, value in part.named_parameters(recurse=False):
            if name.endswith("bias"):
                nn.init.zeros_(value)
            elif isinstance(part, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
                nn.init.kaiming_normal_(value, mode="fan_out", nonlinearity="relu")
            elif isinstance(part, (nn.Linear, SelfAttention)):
                nn.init.xavier_uniform_(value)
            elif value.dim() == 1:
                nn.init.ones_(value)
            else:
                nn.init.normal_(value, std=0.02)
        if isinstance(part, nn.modules.batchnorm._NormBase):
            part.reset_running_stats()
