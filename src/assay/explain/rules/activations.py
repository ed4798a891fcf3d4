"""Rules of activations, and of the local response norm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from assay.explain.flow import Flow, share
from assay.explain.op import Op
from assay.explain.picking import neighbours
from assay.explain.rules.base import Flows, Rule, flows


class Pass(Rule):
    """Relevance goes on unchanged."""

    emits: ClassVar = "same"
    kinds: ClassVar = frozenset({"activation", "layer-norm", "local-response-norm", "softmax", "scale", "batch-norm"})

    def back(self, op: Op, flow: Flow) -> Flows:
        if flow.form == "R":
            return (flow,)
        if op.details.get("homogeneous"):
            return flows(op.native(flow.value))
        return (sloped(op, flow),)


def sloped(op: Op, flow: Flow) -> Flow:
    """Return G f(x)/x, in the memory of the quotient if no other pass needs that."""
    quotient = op.keep("slope", lambda: slope(op))
    fits = op.may_overwrite and quotient.shape == flow.value.shape and quotient.dtype == flow.value.dtype
    return Flow(quotient.mul_(flow.value) if fits else flow.value * quotient, owned=fits)


def slope(op: Op) -> Tensor:
    """Return f(x)/x, and f'(0) where x is 0."""
    ratio = op.out / op.x
    if math.isfinite(float(ratio.sum())):  # 0 / 0 would be seen, at a third of the price of looking for zeros
        return ratio
    native, = op.native(torch.ones_like(op.out))
    assert native is not None
    return torch.where(op.x == 0, native, ratio)


class Derivative(Rule):
    """Relevance times the activation's own gradient."""

    emits: ClassVar = "same"
    kinds: ClassVar = frozenset({"activation"})

    def back(self, op: Op, flow: Flow) -> Flows:
        if flow.form == "R" or op.name == "relu":
            return flows(op.native(flow.value), flow.form)
        return flows(op.native(sloped(op, flow).value))


@dataclass(frozen=True, repr=False)
class Rectified(Rule):
    """A rectifier's gradient, changed; what comes out is no relevance."""

    kinds: ClassVar = frozenset({"activation"})

    def back(self, op: Op, flow: Flow) -> Flows:
        return (Flow(self.gradient(op.x, flow.value)),)

    def needs_operand(self, books: bool) -> bool:
        return books or self.is_foreign  # relevance may sit on entries below 0

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        """Return the gradient that goes on."""
        raise NotImplementedError


class Guided(Rectified):
    """G where G > 0 and x > 0."""

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        return g.clamp(min=0) * (x > 0)


class Deconvnet(Rectified):
    """G where G > 0."""

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        return g.clamp(min=0)


@dataclass(frozen=True, repr=False)
class BetaSmooth(Rectified):
    """G sigmoid(beta x): the gradient of a softplus (Dombrowski et al. 2019)."""

    beta: float = 10.0

    def needs_operand(self, books: bool) -> bool:
        return True

    def gradient(self, x: Tensor, g: Tensor) -> Tensor:
        return g * torch.sigmoid(self.beta * x)


@dataclass(frozen=True, repr=False)
class LocalRenorm(Rule):
    """Local response norm, y_k = x_k / (k0 + b sum x^2)^c, expanded at (0, ..., x_k, ..., 0)."""

    stabilizer: float = 1e-6
    emits: ClassVar = "R"
    kinds: ClassVar = frozenset({"local-response-norm"})

    def back(self, op: Op, flow: Flow) -> Flows:
        x, b, c, size = op.x, op.details["scale"], op.details["power"], op.details["size"]
        square, channels = x.square(), 1 - x.ndim
        around = neighbours(square, size, channels)
        own = x * (op.details["constant"] + b * square) ** -c
        weight = -2 * b * c * x * (op.details["constant"] + b * around) ** (-c - 1)  # z_jk = weight_k x_j^2, j != k
        s = share(flow.relevance(op.out), own + weight * (around - square), self.stabilizer)
        spread = neighbours(weight * s, size, channels, transposed=True) - weight * s
        return (Flow(own * s + square * spread, "R"),)
