"""Affine operations with a weight: convolutions, dense layers, products with constant matrices."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from assay.explain.maps import Conv, Dense, LinearMap, Multilinear
from assay.explain.op import Op, on_path
from assay.explain.ops.call import Call, describes


def as_tuple(value: Any, length: int) -> tuple[int, ...]:
    """Return an int or a sequence as a tuple of `length` ints."""
    if isinstance(value, int):
        return (value,) * length
    values = tuple(int(item) for item in value)
    return values * length if len(values) == 1 else values


def _bias(map_: LinearMap, bias: Tensor | None) -> Tensor | None:
    return None if bias is None else map_.broadcast(bias)


@describes("conv1d", "conv2d", "conv3d")
def convolution(call: Call) -> Op | None:
    """A convolution whose kernel is a constant."""
    a = call.bind("input", "weight", bias=None, stride=1, padding=0, dilation=1, groups=1)
    if on_path(a.weight) or on_path(a.bias):
        return None
    axes = int(call.name[4])
    dilation = as_tuple(a.dilation, axes)
    kernel = a.weight.shape[2:]
    if a.padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        if any(t % 2 for t in total):  # torch pads one more on the right, which only its own operation can say
            return _uneven(call, a, total)
        padding = tuple(t // 2 for t in total)
    else:
        padding = (0,) * axes if a.padding == "valid" else as_tuple(a.padding, axes)
    map_ = Conv(a.weight, a.input.shape, as_tuple(a.stride, axes), padding, dilation, a.groups, False, (0,) * axes)
    return call.op("conv", map=map_, bias=_bias(map_, a.bias))


def _uneven(call: Call, a: Any, total: list[int]) -> Op:
    """A convolution with padding "same" that pads more on one side."""
    pads = [side for t in reversed(total) for side in (t // 2, t - t // 2)]
    function = getattr(torch, call.name)

    def push(x: Tensor, weight: Tensor) -> Tensor:
        padded = torch.nn.functional.pad(x, pads)
        return function(padded, weight, None, a.stride, 0, a.dilation, a.groups)  # type: ignore[no-any-return]

    map_ = Multilinear(a.weight, a.input.shape, push)
    bias = None if a.bias is None else a.bias.reshape(-1, *(1,) * len(total))
    return call.op("conv", map=map_, bias=bias)


@describes("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed(call: Call) -> Op | None:
    """A transposed convolution whose kernel is a constant."""
    a = call.bind("input", "weight", bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)
    if on_path(a.weight) or on_path(a.bias):
        return None
    axes = int(call.name[-2])
    map_ = Conv(a.weight, a.input.shape, as_tuple(a.stride, axes), as_tuple(a.padding, axes),
                as_tuple(a.dilation, axes), a.groups, True, as_tuple(a.output_padding, axes))
    return call.op("conv", map=map_, bias=_bias(map_, a.bias))


@describes("linear")
def linear(call: Call) -> Op | None:
    """A dense layer."""
    a = call.bind("input", "weight", bias=None)
    if on_path(a.weight) or on_path(a.bias):
        return None
    if a.weight.ndim == 1:
        return _multilinear(call, a.input, a.weight, torch.nn.functional.linear, a.bias)
    return call.op("linear", map=Dense(a.weight, a.input.shape), bias=a.bias)


@describes("addmm")
def addmm(call: Call) -> Op | None:
    """Bias plus rows times a constant matrix [inputs, outputs]."""
    a = call.bind("input", "mat1", "mat2", beta=1, alpha=1)
    if on_path(a.input) or on_path(a.mat2) or (a.beta, a.alpha) != (1, 1):
        return None
    return call.op("linear", map=Dense(a.mat2.T, a.mat1.shape), bias=a.input)


def constant_matrix(call: Call, left: Tensor, right: Tensor) -> Op:
    """Describe a matrix product of which one operand is a constant."""
    if on_path(left) and right.ndim == 2 and left.ndim >= 2:
        return call.op("linear", map=Dense(right.T, left.shape))
    if on_path(left):
        return _multilinear(call, left, right, torch.matmul, None)
    return _multilinear(call, right, left, lambda x, weight: torch.matmul(weight, x), None)


def _multilinear(call: Call, x: Tensor, weight: Tensor, function: Any, bias: Tensor | None) -> Op:
    return call.op("linear", map=Multilinear(weight, x.shape, function), bias=bias)


def constant_einsum(call: Call, equation: str, operands: tuple[Tensor, ...]) -> Op:
    """Describe a contraction of one operand on the path with one constant."""
    if on_path(operands[0]):
        return _multilinear(call, operands[0], operands[1], lambda x, w: torch.einsum(equation, x, w), None)
    return _multilinear(call, operands[1], operands[0], lambda x, w: torch.einsum(equation, w, x), None)
