"""The exciting and the inhibiting part of an affine operation, and how relevance is handed on through them.

Exciting contributions to a result are w+ x+ and w- x-; inhibiting ones are w- x+ and w+ x-. A rule gives each part
a family of weights: positive inputs see ``family(+1)`` in the exciting part and ``family(-1)`` in the inhibiting one,
negative inputs the other way round.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from assay.explain.maps import Conv
from assay.explain.op import Op

Family = Callable[[int], Tensor]  # the weight for contributions of a sign, +1 or -1


def clip(value: Tensor, sign: int) -> Tensor:
    """Return max(x, 0) for sign +1, min(x, 0) for sign -1."""
    return value.clamp(min=0) if sign > 0 else value.clamp(max=0)


def clipped(weight: Tensor) -> Family:
    """Return the family W+, W-."""
    return functools.cache(lambda sign: clip(weight, sign))


def boosted(weight: Tensor, gamma: float) -> Family:
    """Return the family (W + gamma W+) / (1 + gamma), (W + gamma W-) / (1 + gamma): one pass over the weight each."""
    if not gamma:
        return lambda sign: weight
    slope = 1.0 / (1.0 + gamma)

    def make(sign: int) -> Tensor:
        if sign > 0:
            return torch.nn.functional.leaky_relu(weight, slope)
        return torch.where(weight < 0, weight, weight * slope)

    return functools.cache(make)


def image(op: Op, family: Family, sign: int, bias: Tensor | None) -> Tensor:
    """Return the exciting (+1) or inhibiting (-1) part of the result, plus a bias."""
    assert op.map is not None
    if op.nonnegative:
        return op.map.push(op.x, family(sign), bias)
    return op.map.push(clip(op.x, 1), family(sign), bias) + op.map.push(clip(op.x, -1), family(-sign))


def hand_on(op: Op, s: Tensor, family: Family, sign: int) -> Tensor:
    """Return G of the input, given relevance per unit of one part."""
    assert op.map is not None
    op.credit(s, family(sign), lambda x: clip(x, 1))
    if op.nonnegative:
        return op.map.pull(s, family(sign))
    op.credit(s, family(-sign), lambda x: clip(x, -1))
    return torch.where(op.x > 0, op.map.pull(s, family(sign)), op.map.pull(s, family(-sign)))


def hand_on_both(op: Op, first: Tensor, second: Tensor, family: Family) -> Tensor:
    """Return G of the input, given relevance per unit of the exciting and of the inhibiting part.

    A convolution of both at once is one operation on twice the channels.
    """
    assert op.map is not None
    joined = isinstance(op.map, Conv) and op.map.groups == 1 and not op.map.transposed
    if not (joined and op.nonnegative) or op.books is not None:
        return hand_on(op, first, family, 1).add_(hand_on(op, second, family, -1))
    channel = first.ndim - op.out.ndim + 1
    return op.map.pull(torch.cat([first, second], channel), torch.cat([family(1), family(-1)]))
