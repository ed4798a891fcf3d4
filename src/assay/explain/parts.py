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
from torch.nn.functional import leaky_relu

from assay.explain.maps import Conv
from assay.explain.op import Op

Family = Callable[[int], Tensor]  # the weight for contributions of a sign, +1 or -1


def clip(value: Tensor, sign: int) -> Tensor:
    """Return max(x, 0) for sign +1, min(x, 0) for sign -1."""
    return value.clamp(min=0) if sign > 0 else value.clamp(max=0)


def clipped(weight: Tensor) -> Family:
    """Return the family W+, W-."""
    return functools.cache(lambda sign: clip(weight, sign))


def boosted(weight: Tensor, gamma: float, sign: int) -> Family:
    """Return the family W + gamma W+, W + gamma W- for the part of one sign.

    For the exciting part it is divided by 1 + gamma: what most inputs see is then one pass over the weight.
    """
    if not gamma:
        return lambda _: weight
    k = 1.0 + gamma

    def make(own: int) -> Tensor:
        if sign > 0:
            return leaky_relu(weight, 1 / k) if own > 0 else leaky_relu(weight, k).div_(k)
        return leaky_relu(weight, k) if own < 0 else leaky_relu(weight, 1 / k).mul_(k)

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


def hand_on_both(op: Op, shares: list[Tensor], exciting: Family, inhibiting: Family) -> Tensor:
    """Return G of the input, given relevance per unit of the exciting and of the inhibiting part; the list is used up.

    Where the weight is small beside the input, both are one convolution of twice the channels.
    """
    assert op.map is not None
    small = 2 * op.map.weight.numel() < op.x.numel()
    joins = isinstance(op.map, Conv) and op.map.groups == 1 and not op.map.transposed
    if not (small and joins and op.nonnegative) or op.books is not None:
        found = hand_on(op, shares.pop(0), exciting, 1)
        return found.add_(hand_on(op, shares.pop(), inhibiting, -1))
    both = torch.cat(shares, shares[0].ndim - op.out.ndim + 1)
    shares.clear()
    return op.map.pull(both, torch.cat([exciting(1), inhibiting(-1)]))
