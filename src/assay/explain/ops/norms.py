"""Norms whose statistic comes from the input: it is a constant to the rules, what remains is linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from assay.explain.maps import LinearMap, shifted
from assay.explain.op import Op, on_path
from assay.explain.ops.call import Call, describes
from assay.explain.ops.elementwise import batch_norm


@dataclass(frozen=True, eq=False)
class Normalisation(LinearMap):
    """x -> w (x - mean) / deviation, with the deviation of this very input; entries are normalised in groups.

    Parameters
    ----------
    weight : Tensor
        w, in a shape that multiplies x.
    factor : Tensor
        1 / deviation, one number a group.
    grouped : shape or None
        x with this shape is normalised over its last axis; None: x as it is.
    centred : bool
        Subtract the mean (layer norm), or not (root mean square).
    """

    factor: Tensor
    grouped: tuple[int, ...] | None
    centred: bool

    def _rows(self, value: Tensor) -> Tensor:
        if self.grouped is None:
            return value
        return value.reshape(*value.shape[: value.ndim - len(self.shape)], *self.grouped)

    def _centre(self, rows: Tensor) -> Tensor:
        return rows.sub_(rows.sum(-1, keepdim=True), alpha=1 / rows.shape[-1]) if self.centred else rows

    def _linear(self, value: Tensor) -> Tensor:
        return self._centre(self._rows(value) * self.factor).reshape(value.shape)

    def push(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return shifted(self._linear(x) * weight, bias)

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        return self._linear(s * weight)

    def pull_over(self, s: Tensor, weight: Tensor) -> Tensor:
        if not s.dtype == weight.dtype == self.factor.dtype:
            return self.pull(s, weight)
        rows = self._centre(self._rows(s.mul_(weight)).mul_(self.factor))
        return rows if self.grouped is None else rows.reshape(s.shape)

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        return (self._linear(x) * s).sum_to_size(self.weight.shape)


def _norm(call: Call, x: Tensor, grouped: tuple[int, ...] | None, weight: Tensor | None, bias: Tensor | None,
          eps: float, centred: bool) -> Op:
    weight = x.new_ones(()) if weight is None else weight
    # Autograd keeps the inverse deviation of a layer norm (and of a group norm, in another shape).
    inverse = getattr(call.result.grad_fn, "_saved_result2", None)
    if inverse is None:
        inverse = _inverse(x if grouped is None else x.reshape(grouped), eps, centred)
    elif grouped is not None:
        inverse = inverse.reshape(*grouped[:-1], 1)
    return call.op("layer-norm", map=Normalisation(weight, x.shape, inverse, grouped, centred), bias=bias)


@torch.no_grad()
def _inverse(rows: Tensor, eps: float, centred: bool) -> Tensor:
    square = rows.var(-1, unbiased=False, keepdim=True) if centred else rows.pow(2).mean(-1, keepdim=True)
    return (square + eps).rsqrt()


@describes("layer_norm")
def layer_norm(call: Call) -> Op | None:
    """Layer norm over the last axes."""
    a = call.bind("input", "normalized_shape", weight=None, bias=None, eps=1e-5)
    return _over_last(call, a, a.eps, centred=True)


@describes("rms_norm")
def rms_norm(call: Call) -> Op | None:
    """Division by the root mean square over the last axes."""
    a = call.bind("input", "normalized_shape", weight=None, eps=None)
    a.bias = None
    return _over_last(call, a, torch.finfo(a.input.dtype).eps if a.eps is None else a.eps, centred=False)


def _over_last(call: Call, a: Any, eps: float, centred: bool) -> Op | None:
    if on_path(a.weight) or on_path(a.bias):
        return None
    axes = len(a.normalized_shape)
    grouped = None if axes == 1 else (*a.input.shape[:-axes], -1)
    return _norm(call, a.input, grouped, a.weight, a.bias, eps, centred)


@describes("group_norm")
def group_norm(call: Call) -> Op | None:
    """Group norm: the channels of a group together."""
    a = call.bind("input", "num_groups", weight=None, bias=None, eps=1e-5)
    if on_path(a.weight) or on_path(a.bias):
        return None
    grouped = (a.input.shape[0], a.num_groups, -1)
    return _norm(call, a.input, grouped, per_channel(a.input, a.weight), per_channel(a.input, a.bias), a.eps, True)


def per_channel(x: Tensor, value: Tensor | None) -> Tensor | None:
    """Return one number a channel in a shape that multiplies x."""
    return None if value is None else value.reshape(-1, *(1,) * (x.ndim - 2))


@describes("instance_norm")
def instance_norm(call: Call) -> Op | None:
    """Norm of every channel by itself; with running statistics it is a batch norm."""
    a = call.bind("input", "weight", "bias", "running_mean", "running_var", "use_input_stats", "momentum", "eps")
    if not a.use_input_stats:
        return batch_norm(call)
    grouped = (*a.input.shape[:2], -1)
    return _norm(call, a.input, grouped, per_channel(a.input, a.weight), per_channel(a.input, a.bias), a.eps, True)


@describes("rsqrt", "reciprocal", "var", "std", "norm", "linalg_vector_norm", "linalg_norm", "frobenius_norm")
def statistic(call: Call) -> Op:
    """A statistic that norms divide by when they are written out."""
    return call.op("statistic")


@describes("local_response_norm")
def local_response_norm(call: Call) -> Op:
    """x_k / (k + alpha/size sum x^2)^beta, the sum over neighbouring channels."""
    a = call.bind("input", "size", alpha=1e-4, beta=0.75, k=1.0)
    return call.op("local-response-norm", size=a.size, scale=a.alpha / a.size, power=a.beta, constant=a.k)
