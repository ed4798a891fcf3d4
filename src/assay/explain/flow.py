"""Relevance on its way back through a network, in one of two forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Form = Literal["G", "R"]


@dataclass(frozen=True)
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
    """

    value: Tensor
    form: Form = "G"

    def relevance(self, x: Tensor) -> Tensor:
        """Return R, given the tensor the flow belongs to."""
        return self.value * x if self.form == "G" else self.value

    def gradient(self, x: Tensor) -> Tensor:
        """Return G; where x is 0, relevance cannot be carried by G and none is."""
        return self.value if self.form == "G" else divide(self.value, x)

    def into(self, form: Form, x: Tensor) -> Flow:
        """Return the same relevance in the form that is asked for."""
        if form == self.form:
            return self
        return Flow(self.relevance(x) if form == "R" else self.gradient(x), form)

    def __add__(self, other: Flow) -> Flow:
        if self.form != other.form:
            raise ValueError("flows of two forms do not add up")
        return Flow(self.value + other.value, self.form)


def divide(r: Tensor, z: Tensor) -> Tensor:
    """Return r / z, and 0 where z is 0."""
    return (r / z).masked_fill_(z == 0, 0.0)


def stabilised(z: Tensor, epsilon: float) -> Tensor:
    """Return z + epsilon s(z), where s(z) is -1 for z < 0 and +1 elsewhere.

    >>> import torch
    >>> stabilised(torch.tensor([-1.0, 0.0, 1.0]), 0.5).tolist()
    [-1.5, 0.5, 1.5]
    """
    return z + (z >= 0).to(z.dtype).mul_(2 * epsilon).sub_(epsilon)


def share(r: Tensor, z: Tensor, epsilon: float) -> Tensor:
    """Return r / stab(z): relevance per unit of z. Without a stabiliser, 0 where z is 0."""
    return r / stabilised(z, epsilon) if epsilon else divide(r, z)
