"""Every rule on a dense matrix, entry by entry as its formula is printed: what the engine is measured against.

Slow and plain on purpose; nothing here is shared with the engine.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.rules import AlphaBeta, Epsilon, Flat, Gamma, Norm, Rule, WSquare, ZBox, Zero, ZPlus


def dense(function: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Return W [outputs, inputs] and b [outputs] of an affine function of one sample x."""
    zero = torch.zeros_like(x)
    jacobian = torch.autograd.functional.jacobian(function, zero)
    image = function(zero).detach()
    return jacobian.reshape(image.numel(), x.numel()), image.flatten()


def closed_form(rule: Rule, weight: Tensor, bias: Tensor, x: Tensor, relevance: Tensor) -> Tensor:
    """Return the relevance of each input of one sample.

    Parameters
    ----------
    rule : Rule
        A rule for affine operations.
    weight, bias : Tensor [outputs, inputs], [outputs]
        The operation; an entry that is exactly 0 is no connection.
    x, relevance : Tensor [inputs], [outputs]
        The input, and relevance of the outputs.
    """
    if getattr(rule, "bias", True) is False and not isinstance(rule, ZBox):
        whole, bias = bias, torch.zeros_like(bias)
    else:
        whole = bias
    parts = weight * x  # contribution of input i to output j
    up, down = parts.clamp(min=0), parts.clamp(max=0)
    b_up, b_down = bias.clamp(min=0), bias.clamp(max=0)
    if isinstance(rule, Zero | Epsilon | Norm):
        epsilon = getattr(rule, "epsilon", getattr(rule, "stabilizer", 0.0))
        return _shared(parts, parts.sum(1) + whole, relevance, epsilon)
    if isinstance(rule, ZPlus):
        return _shared(up, up.sum(1) + b_up, relevance, rule.stabilizer)
    if isinstance(rule, AlphaBeta):
        return rule.alpha * _shared(up, up.sum(1) + b_up, relevance, rule.stabilizer) \
            - rule.beta * _shared(down, down.sum(1) + b_down, relevance, rule.stabilizer)
    if isinstance(rule, Gamma):
        return _gamma(rule, parts, whole, bias, relevance)
    if isinstance(rule, WSquare):
        return _shared(weight ** 2, (weight ** 2).sum(1) + bias ** 2, relevance, rule.stabilizer)
    if isinstance(rule, Flat):
        links = (weight != 0).to(weight)
        return _shared(links, links.sum(1), relevance, rule.stabilizer)
    if isinstance(rule, ZBox):
        return _box(rule, weight, x, relevance)
    raise AssayError(f"no closed form for {rule!r}")


def _shared(parts: Tensor, total: Tensor, relevance: Tensor, epsilon: float) -> Tensor:
    """Return sum_j parts_ji R_j / stab(total_j)."""
    stable = total + epsilon * torch.where(total < 0, -torch.ones_like(total), torch.ones_like(total))
    found = torch.zeros_like(parts[0])
    for j in range(len(total)):
        if stable[j] != 0:
            found = found + parts[j] * relevance[j] / stable[j]
    return found


def _gamma(rule: Gamma, parts: Tensor, z_bias: Tensor, bias: Tensor, relevance: Tensor) -> Tensor:
    z = parts.sum(1) + z_bias
    found = torch.zeros_like(parts[0])
    for sign in (1.0, -1.0):
        def boosted(value: Tensor, sign: float = sign) -> Tensor:
            return value + rule.gamma * (sign * value).clamp(min=0) * sign

        chosen = relevance * (sign * z > 0)
        found = found + _shared(boosted(parts), boosted(parts).sum(1) + boosted(bias), chosen, rule.stabilizer)
    return found


def _box(rule: ZBox, weight: Tensor, x: Tensor, relevance: Tensor) -> Tensor:
    low, high = (torch.as_tensor(side, dtype=x.dtype).expand_as(x) for side in (rule.low, rule.high))
    parts = weight * x - weight.clamp(min=0) * low - weight.clamp(max=0) * high
    return _shared(parts, parts.sum(1), relevance, rule.stabilizer)
