"""Linear maps as rules need them: forward and back, with the layer's own weight or with another one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from assay.explain.flow import share


def fold(value: Tensor, axes: int) -> tuple[Tensor, torch.Size]:
    """Return `value` with all axes but the last `axes` merged into one, and the axes that were merged."""
    lead = value.shape[: value.ndim - axes]
    return value.reshape(math.prod(lead), *value.shape[value.ndim - axes:]), lead


def shifted(z: Tensor, bias: Tensor | None) -> Tensor:
    """Return a new tensor plus a bias, if there is one."""
    return z if bias is None else z + bias


@dataclass(frozen=True, eq=False)
class LinearMap:
    """x -> W x, for a weight that may be exchanged.

    The methods here ask autograd and serve any function that is linear in x and in the weight; convolutions and
    dense layers say it in one operation.
    """

    weight: Tensor
    shape: torch.Size  # of x

    def push(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return W x + bias, the bias in a shape that adds to the image."""
        raise NotImplementedError

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        """Return W^T s in a memory of its own, of x's shape, with `s`'s extra axis in front if it has one."""
        with torch.enable_grad():
            x = s.new_zeros(self.shape).requires_grad_()
            z = self.push(x, weight)
        rows = s if s.ndim > z.ndim else s[None]
        back = [torch.autograd.grad(z, x, row, retain_graph=True)[0] for row in rows]
        return torch.stack(back) if s.ndim > z.ndim else back[0].contiguous()

    def pull_over(self, s: Tensor, weight: Tensor) -> Tensor:
        """Return W^T s, perhaps in the memory of s, which nobody else needs."""
        return self.pull(s, weight)

    def pull_few(self, s: Tensor, weight: Tensor) -> Tensor:
        """Return W^T s, where s is 0 at most places."""
        return self.pull(s, weight)

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        """Return the sum over samples of x_i s_j, of the weight's shape: the gradient of s (W x) in the weight."""
        with torch.enable_grad():
            weight = self.weight.detach().clone().requires_grad_()
            return torch.autograd.grad(self.push(x, weight), weight, s)[0]

    def broadcast(self, bias: Tensor) -> Tensor:
        """Return a vector with one entry an output unit in a shape that adds to the image."""
        return bias

    def constant(self, value: float) -> Tensor:
        """Return a number in a shape that `push` takes as a bias."""
        return self.weight.new_full((), value)

    def scaled(self, scale: Tensor) -> LinearMap:
        """Return the map whose output units are multiplied by `scale` [outputs]."""
        raise NotImplementedError

    def count(self) -> Tensor:
        """Return how many inputs every output sees, padding not counted; one sample stands for all."""
        ones = self.weight.new_ones((1, *self.shape[1:]))
        return self.push(ones, torch.ones_like(self.weight))

    def evenly(self, r: Tensor, epsilon: float) -> Tensor:
        """Return r shared evenly by the inputs that each output sees."""
        return self.pull(share(r, self.count(), epsilon), torch.ones_like(self.weight))


@dataclass(frozen=True, eq=False)
class Multilinear(LinearMap):
    """Any function of x and a weight that is linear in both: products with constants, contractions, ..."""

    function: Callable[[Tensor, Tensor], Tensor]

    def push(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return shifted(self.function(x, weight), bias)


@dataclass(frozen=True, eq=False)
class Interior(LinearMap):
    """A map of an input that was padded: what is padding is none of its inputs.

    Parameters
    ----------
    whole : LinearMap
        The map of all entries.
    inside : Tensor
        1 at entries of the input and 0 at its padding, of the shape of one sample.
    """

    whole: LinearMap
    inside: Tensor

    def push(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return self.whole.push(x * self.inside, weight, bias)

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        return self.whole.pull(s, weight) * self.inside

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        return self.whole.outer(x * self.inside, s)

    def constant(self, value: float) -> Tensor:
        return self.whole.constant(value)


@dataclass(frozen=True, eq=False)
class Dense(LinearMap):
    """Rows of x times a matrix [outputs, inputs]."""

    def push(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        return shifted(torch.nn.functional.linear(x, weight), bias)

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        return torch.matmul(s, weight)

    def pull_few(self, s: Tensor, weight: Tensor) -> Tensor:
        flat, lead = fold(s, 1)
        rows = flat.any(-1).nonzero()[:, 0]
        if 2 * len(rows) > len(flat):
            return self.pull(s, weight)
        found = flat.new_zeros(len(flat), weight.shape[1])
        return found.index_copy_(0, rows, flat[rows] @ weight).reshape(*lead, weight.shape[1])

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        return fold(s, 1)[0].T @ fold(x, 1)[0]

    def scaled(self, scale: Tensor) -> Dense:
        return replace(self, weight=self.weight * scale[:, None])

    def evenly(self, r: Tensor, epsilon: float) -> Tensor:
        total = r.sum(-1, keepdim=True)
        return total.div_(self.shape[-1] + epsilon).expand(*total.shape[:-1], self.shape[-1])


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

    def push(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        flat, lead = fold(x, self.axes + 1)
        z = torch.convolution(flat, weight, None if bias is None else bias.flatten(), self.stride, self.padding,
                              self.dilation, self.transposed, self.output_padding, self.groups)
        return z.reshape(*lead, *z.shape[1:])

    def pull(self, s: Tensor, weight: Tensor) -> Tensor:
        if self._in_patches:
            return self._patches(s, weight)
        return self._back(s, s.new_empty(1).expand(self._image(s)), weight, (True, False, False), 0)

    def outer(self, x: Tensor, s: Tensor) -> Tensor:
        return self._back(s, fold(x, self.axes + 1)[0], self.weight, (False, True, False), 1)

    def broadcast(self, bias: Tensor) -> Tensor:
        return bias.reshape(-1, *(1,) * self.axes)

    def constant(self, value: float) -> Tensor:
        outputs = self.weight.shape[1] * self.groups if self.transposed else self.weight.shape[0]
        return self.broadcast(self.weight.new_full((outputs,), value))

    def scaled(self, scale: Tensor) -> Conv:
        if not self.transposed:
            return replace(self, weight=self.weight * scale.reshape(-1, *(1,) * (self.axes + 1)))
        # A transposed kernel is [inputs, outputs / groups, ...], its input rows sorted by group.
        per_group = scale.reshape(self.groups, 1, -1, *(1,) * self.axes)
        rows = self.weight.reshape(self.groups, -1, *self.weight.shape[1:])
        return replace(self, weight=(rows * per_group).reshape(self.weight.shape))

    def evenly(self, r: Tensor, epsilon: float) -> Tensor:
        if self.transposed:
            return super().evenly(r, epsilon)
        # Outputs of one group see the same inputs: they are summed first, and the kernel has one channel.
        channels = self.weight.shape[1]
        kernel = self.weight.new_ones((self.groups, 1, *self.weight.shape[2:]))
        image = self._image(r)
        narrow = replace(self, weight=kernel, shape=torch.Size((1, self.groups, *image[2:])))
        flat, lead = fold(r, self.axes + 1)
        total = flat.reshape(len(flat), self.groups, -1, *flat.shape[2:]).sum(2)
        count = narrow.push(kernel.new_ones(narrow.shape), kernel).mul_(channels)
        back = narrow.pull(share(total, count, epsilon), kernel)
        wide = back[:, :, None].expand(-1, -1, channels, *back.shape[2:])
        return wide.reshape(*lead, *image[1:])

    @property
    def _in_patches(self) -> bool:
        """Whether the image is cut into patches, each of which makes one output, as transformers do."""
        kernel = tuple(self.weight.shape[2:])
        return self.stride == kernel and max(kernel) > 1 and not any(self.padding) and self.groups == 1 \
            and set(self.dilation) == {1} and not self.transposed \
            and not any(size % k for size, k in zip(self.shape[-self.axes:], kernel, strict=True))

    def _patches(self, s: Tensor, weight: Tensor) -> Tensor:
        """Return each patch's own product with the kernel: one of matrices, cheaper than a convolution's gradient."""
        flat, lead = fold(s, self.axes + 1)
        found = torch.tensordot(flat, weight, dims=([1], [0]))  # [N, *places, channels, *kernel]
        places, kernel = range(1, self.axes + 1), range(self.axes + 2, 2 * self.axes + 2)
        order = (0, self.axes + 1, *(axis for both in zip(places, kernel, strict=True) for axis in both))
        return found.permute(order).reshape(*lead, *self._image(s)[1:])

    def _image(self, s: Tensor) -> tuple[int, ...]:
        lead = s.shape[: s.ndim - self.axes - 1]
        return (math.prod(lead), *self.shape[len(self.shape) - self.axes - 1:])

    def _back(self, s: Tensor, x: Tensor, weight: Tensor, wanted: tuple[bool, bool, bool], which: int) -> Tensor:
        flat, lead = fold(s, self.axes + 1)
        back: Tensor = torch.ops.aten.convolution_backward(
            flat, x, weight, None, self.stride, self.padding, self.dilation, self.transposed, self.output_padding,
            self.groups, wanted)[which]
        return back.reshape(*lead, *back.shape[1:]) if which == 0 else back
