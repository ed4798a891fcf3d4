"""Shares for the layer at the input, which may be zero where relevance should be: these hand on R."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.flow import Flow, share
from assay.explain.numbers import finite
from assay.explain.op import Op
from assay.explain.parts import clipped
from assay.explain.picking import evenly
from assay.explain.rules.base import WEIGHTED, Flows, Rule, flows
from assay.explain.rules.signed import Signed


@dataclass(frozen=True, repr=False)
class WSquare(Signed):
    """In proportion to squared weights, whatever the inputs are."""

    stabilizer: float = 1e-6
    bias: bool = True
    emits: ClassVar = "R"

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        map_, square, e = op.map, op.map.weight.square(), squared(op, self.stabilizer)
        b = op.bias.square() if op.bias is not None and self.bias else None
        z = op.keep("w2", lambda: map_.push(torch.ones_like(op.x[:1]), square, b))
        s = share(flow.relevance(op.out), z, e, sign=1)
        op.absorb(s, b, z, e)
        op.credit(s, square, torch.ones_like)
        return (Flow(map_.pull(s, square), "R", owned=True),)


def squared(op: Op, epsilon: float) -> float | Tensor:
    """Return a stabiliser of squares of the result as one of squares of result / scale."""
    return epsilon if op.scale is None else epsilon / op.scale.square()


@dataclass(frozen=True, repr=False)
class Flat(Rule):
    """Evenly among the inputs that a result sees."""

    stabilizer: float = 1e-6
    emits: ClassVar = "R"
    takes: ClassVar = "R"
    kinds: ClassVar = WEIGHTED | {"avg-pool", "max-pool"}

    def back(self, op: Op, flow: Flow) -> Flows:
        r = flow.relevance(op.out)
        if op.map is None:
            return flows(evenly(op, r), "R")
        if op.books is not None:
            count, ones = op.map.count(), torch.ones_like(op.map.weight)
            s = share(r, count, self.stabilizer, sign=1)
            op.absorb(s, None, count, self.stabilizer)
            op.credit(s, ones, torch.ones_like)
        return (Flow(op.map.evenly(r, self.stabilizer), "R"),)


@dataclass(frozen=True, repr=False)
class ZBox(Signed):
    """Inputs that live in a box from `low` to `high`: how far each is from the side that would lower the result."""

    low: float | Tensor
    high: float | Tensor
    stabilizer: float = 1e-6
    bias: bool = True
    emits: ClassVar = "R"

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("ZBox: low", self.low)
        finite("ZBox: high", self.high)

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        map_, family = op.map, clipped(op.map.weight)
        low, high = self._sides(op)
        plus, minus = family(1), family(-1)
        e = op.epsilon(self.stabilizer)
        z = op.keep("box", lambda: self._inside(op, map_.push(low, plus) + map_.push(high, minus)))
        s = share(flow.relevance(op.out), z, e)
        op.absorb(s, None, z, e)
        op.credit(s, map_.weight)
        op.credit(s, plus, lambda x: -low.expand_as(x))
        op.credit(s, minus, lambda x: -high.expand_as(x))
        whole, upper = map_.pull(s, map_.weight), map_.pull(s, plus)
        # x W s - low W+ s - high W- s, where W- is W - W+
        return (Flow((op.x - high) * whole + (high - low) * upper, "R", owned=True),)

    @staticmethod
    def _inside(op: Op, side: Tensor) -> Tensor:
        """Return W x - side."""
        return op.plain - side if op.bias is None else op.plain - (side + op.bias)

    def _sides(self, op: Op) -> tuple[Tensor, Tensor]:
        low, high = self._side(op, "low"), self._side(op, "high")
        tolerance = 1e-5 * float((high - low).abs().max())
        if bool((op.x < low - tolerance).any()) or bool((op.x > high + tolerance).any()):
            raise AssayError(f"the input lies outside the box of ZBox: {float(op.x.min()):g} to "
                             f"{float(op.x.max()):g}, expected within low={float(low.min()):g} and "
                             f"high={float(high.max()):g}", "give the limits of normalised inputs as low= and high=")
        return low, high

    def _side(self, op: Op, name: str) -> Tensor:
        side = torch.as_tensor(getattr(self, name), dtype=op.x.dtype, device=op.x.device)
        try:
            return side.expand(1, *op.x.shape[1:])
        except RuntimeError:
            raise AssayError(f"ZBox: {name} has shape {tuple(side.shape)}, expected a number or a shape that fits one "
                             f"input {tuple(op.x.shape[1:])}", "per channel: [C, 1, 1]") from None
