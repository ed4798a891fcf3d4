"""The engine against plain formulas: every rule on every operation it is for, and what a whole network conserves.

The names of all questions are here, so that they can be listed without importing torch.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.explain.parity.ask import Engine

RULES = ("zero", "epsilon", "gamma", "z-plus", "alpha-beta", "flat", "w-square", "z-box")
AFFINE = ("linear", "conv1d", "conv2d", "conv3d", "conv2d-stride", "conv2d-dilation", "conv2d-groups",
          "conv-transpose2d")
SIGNS = ("positive", "mixed")
# The other operations, each with the rule of the base map.
OTHERS = (
    "norm/add", "norm/sum", "norm/mean", "norm/avg-pool2d", "norm/adaptive-avg-pool2d", "winner/max-pool2d",
    "winner/amax", "pass/relu", "pass/gelu", "pass/silu", "pass/tanh", "pass/sigmoid", "pass/softplus",
    "pass/leaky-relu", "epsilon/batch-norm", "epsilon/scale", "epsilon/shift", "epsilon/conv-and-batch-norm",
    "zero/layer-norm", "zero/rms-norm", "zero/group-norm", "zero/softmax", "uniform/product", "uniform/matmul",
    "uniform/attention", "signal/gate", "half/gate", "zero/division", "zero/concatenation", "zero/padding",
    "zero/gather", "zero/permutation", "zero/upsampling")
ARCHITECTURES = ("vgg11_bn", "resnet18", "resnet50", "vit")
COMPOSITES = ("epsilon", "epsilon-plus", "epsilon-plus-flat", "epsilon-gamma-box", "epsilon-alpha2-beta1", "attn-lrp")


def names() -> list[str]:
    """Return the id of every question: ``rule/op/sign`` or ``conservation/architecture/composite``."""
    rules = [*(f"{rule}/{op}" for rule, op in product(RULES, AFFINE)), *OTHERS]
    return [*(f"{name}/{sign}" for name, sign in product(rules, SIGNS)),
            *(f"conservation/{arch}/{name}" for arch, name in product(ARCHITECTURES, COMPOSITES))]


def load(precision: str = "float64", device: str = "cpu") -> Engine:
    """Return the engine in one precision, as a model of ``explain/parity``.

    Parameters
    ----------
    precision : {"float64", "float32"}
    device : str
    """
    from assay.explain.parity.ask import Engine

    return Engine(precision, device)
