"""Linear maps as rules need them: forward and back, with the layer's own weight or with another one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor


def fold(value: Tensor, axes: int) -> tuple[Tensor, torch.Size]:
    """Return `value` with all axes but the last `axes` merged into one, and the axes that were merged."""
    lead = value.shape[: value.ndim - axes]
    return value.reshape(math.prod(lead), *value.shape[value.ndim - axes:]), lead


@dataclass(frozen=True, eq=False)
class LinearMap:
    """x -> W x, for a weight that may be exchanged; `outputs` is the axis of x's image that W's rows belong to.

    The methods here ask autograd and serve any function that is linear in x and in the weight; convolutions and
    dense layers say it in one operation.
    """

    weight: Tensor
    shape: torch.Size  # of x

    def push(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return W x."""
        raise NotImplementedError

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        """Return W^T s, of x's shape, with `s`'s extra axis in front if it has one."""
        with torch.enable_grad():
            x = s.new_zeros(self.shape).requires_grad_()
            z = self.push(x, weight)
        rows = s if s.ndim > z.ndim else s[None]
        back = [torch.autograd.grad(z, x, row, retain_graph=True)[0] for row in rows]
        return torch.stack(back) if s.ndim > z.ndim else back[0]

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        """Return the sum over samples of x_i s_j, of the weight's shape: the gradient of s (W x) in the weight."""
        with torch.enable_grad():
            weight = self.weight.detach().clone().requires_grad_()
            return torch.autograd.grad(self.push(x, weight), weight, s)[0]

    def broadcast(self, bias: Tensor) -> Tensor:
        """Return a vector with one entry an output unit in a shape that adds to the image."""
        return bias

    def scaled(self, scale: Tensor) -> LinearMap:
        """Return the map whose output units are multiplied by `scale` [outputs]."""
        raise NotImplementedError

    def count(self, x: Tensor) -> Tensor:
        """Return how many inputs every output sees, padding not counted; one sample stands for all."""
        return self.push(torch.ones_like(x[:1]), torch.ones_like(self.weight))

    def spread(self, s: Tensor) -> Tensor:
        """Return what `pull` returns for a weight of ones."""
        return self.pull(s, torch.ones_like(self.weight))


@dataclass(frozen=True, eq=False)
class Multilinear(LinearMap):
    """Any function of x and a weight that is linear in both: products with constants, contractions, ..."""

    function: Callable[[Tensor, Tensor], Tensor]

    def push(self, x: Tensor, weight: Tensor) -> Tensor:
        return self.function(x, weight)


@dataclass(frozen=True, eq=False)
class Dense(LinearMap):
    """Rows of x times a matrix [outputs, inputs]."""

    def push(self, x: Tensor, weight: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, weight)

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        return torch.matmul(s, weight)

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        return fold(s, 1)[0].T @ fold(x, 1)[0]

    def scaled(self, scale: Tensor) -> Dense:
        return replace(self, weight=self.weight * scale[:, None])

    def spread(self, s: Tensor) -> Tensor:
        total = s.sum(-1, keepdim=True)
        return total.expand(*total.shape[:-1], self.shape[-1])


@dataclass(frozen=True, eq=False)
class Conv(LinearMap):
    """A convolution of 1 to 3 dimensions, or its transpose."""

    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    transposed: bool = False
    output_padding: tuple[int, ...] = ()

    @property
    def axes(self) -> int:
        """Number of spatial axes."""
        return len(self.stride)

    def push(self, x: Tensor, weight: Tensor) -> Tensor:
        flat, lead = fold(x, self.axes + 1)
        z = torch.convolution(flat, weight, None, self.stride, self.padding, self.dilation, self.transposed,
                              self.output_padding, self.groups)
        return z.reshape(*lead, *z.shape[1:])

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        return self._back(s, s.new_empty(1).expand(self._image(s)), weight, (True, False, False), 0)

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        return self._back(s, fold(x, self.axes + 1)[0], self.weight, (False, True, False), 1)

    def broadcast(self, bias: Tensor) -> Tensor:
        return bias.reshape(-1, *(1,) * self.axes)

    def scaled(self, scale: Tensor) -> Conv:
        if not self.transposed:
            return replace(self, weight=self.weight * scale.reshape(-1, *(1,) * (self.axes + 1)))
        # A transposed kernel is [inputs, outputs / groups, ...], its input rows sorted by group.
        per_group = scale.reshape(self.groups, 1, -1, *(1,) * self.axes)
        rows = self.weight.reshape(self.groups, -1, *self.weight.shape[1:])
        return replace(self, weight=(rows * per_group).reshape(self.weight.shape))

    def count(self, x: Tensor) -> Tensor:
        ones = torch.ones_like(fold(x, self.axes + 1)[0][:1])
        return self.push(ones, torch.ones_like(self.weight))

    def _image(self, s: Tensor) -> tuple[int, ...]:
        lead = s.shape[: s.ndim - self.axes - 1]
        return (math.prod(lead), *self.shape[len(self.shape) - self.axes - 1:])

    def _back(self, s: Tensor, x: Tensor, weight: Tensor, wanted: tuple[bool, bool, bool], which: int) -> Tensor:
        flat, lead = fold(s, self.axes + 1)
        back: Tensor = torch.ops.aten.convolution_backward(
            flat, x, weight, None, self.stride, self.padding, self.dilation, self.transposed, self.output_padding,
            self.groups, wanted)[which]
        return back.reshape(*lead, *back.shape[1:]) if which == 0 else back
