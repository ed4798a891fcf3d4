"""Operations written out with others that have rules: what they are made of is seen instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """One half of the channels, gated by the other."""
    signal, gate = input.chunk(2, dim)
    return signal * torch.sigmoid(gate)


def lerp(input: Tensor, end: Tensor, weight: Tensor | float) -> Tensor:
    """A point on the way from one tensor to another."""
    return input + weight * (end - input)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """A sum with a product."""
    product = tensor1 * tensor2
    return input + (product if value == 1 else value * product)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """A sum with a quotient."""
    quotient = tensor1 / tensor2
    return input + (quotient if value == 1 else value * quotient)


def var_mean(input: Tensor, dim: Any = None, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Variance and mean."""
    return torch.var(input, dim, *args, **kwargs), _mean(input, dim, kwargs)


def std_mean(input: Tensor, dim: Any = None, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean."""
    return torch.std(input, dim, *args, **kwargs), _mean(input, dim, kwargs)


def _mean(input: Tensor, dim: Any, kwargs: dict[str, Any]) -> Tensor:
    # The first argument may also say whether the variance is unbiased.
    return input.mean() if isinstance(dim, bool) else torch.mean(input, dim, keepdim=kwargs.get("keepdim", False))


FORMS: tuple[Callable[..., Any], ...] = (glu, lerp, addcmul, addcdiv, var_mean, std_mean)
WRITTEN = {form.__name__: form for form in FORMS}
