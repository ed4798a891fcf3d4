"""Relevance on its way back through a network, in one of two forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Form = Literal["G", "R"]


@dataclass(slots=True)  # not frozen, which takes thrice the time to make
class Flow:
    """Relevance of a tensor x: R itself, or G with R = x G ("modified gradient").

    Most rules hand on a G: LRP-0 is then the plain gradient, without a division. Rules that put relevance on inputs
    that are zero hand on R. A flow may have one axis more than x in front: many targets or masks at once.

    Parameters
    ----------
    value : Tensor of the shape of x, or [M, *x.shape]
        G or R.
    form : "G" or "R"
        Which of the two.
    owned : bool
        Nobody else holds the tensor: it may be overwritten.
    """

    value: Tensor
    form: Form = "G"
    owned: bool = False

    def relevance(self, x: Tensor) -> Tensor:
        """Return R, given the tensor the flow belongs to; a new tensor unless it is R already."""
        return self.value if self.form == "R" else self.value * x

    def gradient(self, x: Tensor) -> Tensor:
        """Return G; where x is 0, relevance cannot be carried by G and none is."""
        return self.value if self.form == "G" else divide(self.value, x)

    def into(self, form: Form, x: Tensor) -> Flow:
        """Return the same relevance in the form that is asked for; an owned tensor is overwritten."""
        if form == self.form:
            return self
        if form == "G":
            return Flow(self.gradient(x), "G", owned=True)
        value = self.value.mul_(x) if self.owned and self.value.dtype == x.dtype else self.value * x
        return Flow(value, "R", owned=True)

    def plus(self, other: Flow) -> Flow:
        """Return the sum of two flows of one form; an owned tensor is overwritten."""
        if self.form != other.form:
            raise ValueError("flows of two forms do not add up")
        first, second = (self, other) if self.owned else (other, self)
        if first.owned and first.value.ndim >= second.value.ndim:
            return Flow(first.value.add_(second.value), self.form, owned=True)
        return Flow(self.value + other.value, self.form, owned=True)

    def times(self, factor: Tensor) -> Flow:
        """Return the flow with every entry multiplied."""
        return Flow(self.value * factor, self.form, owned=True)


def divide(r: Tensor, z: Tensor) -> Tensor:
    """Return r / z, and 0 where z is 0."""
    return (r / z).masked_fill_(z == 0, 0.0)


def stabilised(z: Tensor, epsilon: float | Tensor, sign: int = 0) -> Tensor:
    """Return z + epsilon s(z), where s(z) is -1 for z < 0 and +1 elsewhere.

    Parameters
    ----------
    z : Tensor
        The denominator.
    epsilon : float or Tensor
        The stabiliser; a tensor that broadcasts, where operations were rescaled.
    sign : int
        +1 or -1 if the sign of all of z (that matters) is known.

    Examples
    --------
    >>> import torch
    >>> stabilised(torch.tensor([-1.0, 0.0, 1.0]), 0.5).tolist()
    [-1.5, 0.5, 1.5]
    """
    if sign:
        return z + epsilon if sign > 0 else z - epsilon
    return z.abs().add_(epsilon).copysign_(z)


def share(r: Tensor, z: Tensor, epsilon: float | Tensor, sign: int = 0) -> Tensor:
    """Return r / stab(z): relevance per unit of z. Without a stabiliser, 0 where z is 0."""
    if isinstance(epsilon, float | int) and epsilon == 0:
        return divide(r, z)
    return ratio(r, stabilised(z, epsilon, sign))


def ratio(r: Tensor, denominator: Tensor, keep: bool = False) -> Tensor:
    """Return r / denominator, into the denominator's memory if it need not be kept and the shapes agree."""
    if keep or r.shape != denominator.shape:
        return r / denominator
    return torch.div(r, denominator, out=denominator)
