"""Operations that act on every entry by itself: activations, scales and shifts by constants, batch norm."""

from __future__ import annotations

import torch
from torch import Tensor

from assay.explain.maps import LinearMap, shifted
from assay.explain.op import Op, on_path
from assay.explain.ops.call import Call, describes

# f(x) / x is f'(x) for these: they are positively homogeneous.
HOMOGENEOUS = ("relu", "leaky_relu", "prelu", "abs", "rrelu")
GATES = ("sigmoid", "hardsigmoid", "softmax")


@describes("relu", "relu6", "clamp_min", "clamp", "clip", "hardtanh", "gelu", "silu", "tanh", "sigmoid", "elu", "selu",
           "celu", "leaky_relu", "prelu", "rrelu", "rrelu_with_noise", "hardswish", "hardsigmoid", "softplus", "mish",
           "softsign", "log_sigmoid", "logsigmoid", "threshold", "abs", "absolute", "sqrt", "square", "erf",
           "softshrink", "hardshrink", "tanhshrink", "clamp_max")
def activation(call: Call) -> Op | None:
    """A function of one tensor, entry by entry."""
    if len(call.sources) != 1 or call.result.shape != next(iter(call.sources.values())).shape:
        return None
    rectifies = _is_relu(call)
    return call.op("activation", homogeneous=call.name in HOMOGENEOUS or rectifies, rectifies=rectifies)


def _is_relu(call: Call) -> bool:
    """Tell whether an activation is a relu, also one that is written as a clamp."""
    if call.name == "relu":
        return True
    if call.name not in ("clamp", "clip", "clamp_min", "threshold"):
        return False
    a = call.bind("input", min=None, max=None)
    if call.name == "threshold":
        return call.args[1:] == (0, 0)
    return isinstance(a.min, int | float) and a.min == 0 and a.max is None


@describes("pow")
def power(call: Call) -> Op | None:
    """X to a constant; a negative exponent makes a denominator, which is a constant to the rules."""
    a = call.bind("input", "exponent")
    if on_path(a.exponent) or not isinstance(a.exponent, int | float):
        return None
    return call.op("activation" if a.exponent > 0 else "statistic")


def scale(call: Call, shift: Tensor | float | None = None) -> Op:
    """Describe an operation that multiplies by a constant or adds one."""
    bias = None if shift is None else torch.as_tensor(shift, dtype=call.result.dtype, device=call.result.device)
    return call.op("scale", bias=bias)


class Channels(LinearMap):
    """x times one factor a channel."""

    def push(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return shifted(x * weight, bias)

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        return s * weight

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        return (x * s).sum_to_size(self.weight.shape)


@describes("batch_norm")
def batch_norm(call: Call) -> Op | None:
    """Batch norm with running statistics: a scale and a shift a channel. With the batch's own it mixes samples."""
    a = call.bind("input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps")
    if any(on_path(t) for t in (a.weight, a.bias, a.running_mean, a.running_var)):
        return None
    if a.training:
        return None
    axes = (-1,) + (1,) * (a.input.ndim - 2)
    factor = (a.running_var + a.eps).rsqrt()
    factor = factor if a.weight is None else factor * a.weight
    shift = -a.running_mean * factor
    shift = shift if a.bias is None else shift + a.bias
    return call.op("batch-norm", map=Channels(factor.reshape(axes), a.input.shape), bias=shift.reshape(axes))

