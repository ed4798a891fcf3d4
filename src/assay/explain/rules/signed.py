"""Shares that treat exciting and inhibiting contributions apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.flow import Flow, ratio, share
from assay.explain.op import Op
from assay.explain.parts import Family, boosted, clip, clipped, hand_on, hand_on_both, image
from assay.explain.rules.base import WEIGHTED, Flows, Rule


@dataclass(frozen=True, repr=False)
class Signed(Rule):
    """A rule that treats exciting and inhibiting contributions apart."""

    kinds: ClassVar = WEIGHTED
    takes: ClassVar = "R"

    def offset(self, op: Op, sign: int) -> Tensor | None:
        """Return b+ or b-, if the bias counts."""
        return clip(op.bias, sign) if op.bias is not None and getattr(self, "bias", True) else None


@dataclass(frozen=True, repr=False)
class ZPlus(Signed):
    """Only contributions that excite: W+ x+ + W- x- + b+."""

    stabilizer: float = 1e-6
    bias: bool = True

    def back(self, op: Op, flow: Flow) -> Flows:
        s, family = exciting(self, op, flow.relevance(op.out), self.stabilizer)
        return (Flow(hand_on(op, s, family, 1), owned=True),)


def exciting(rule: Signed, op: Op, r: Tensor, stabilizer: float) -> tuple[Tensor, Family]:
    """Return relevance per unit of the exciting part, and the weights W+, W-."""
    assert op.map is not None
    family, b = clipped(op.map.weight), rule.offset(op, 1)
    # The part is not below 0: its stabiliser goes into the bias.
    z = op.keep("z+", lambda: image(op, family, 1, op.offset(stabilizer, b)))
    s = ratio(r, z, keep=not op.may_overwrite)
    if op.books is not None:
        op.absorb(s, b, z - op.epsilon(stabilizer), op.epsilon(stabilizer))
    return s, family


@dataclass(frozen=True, repr=False)
class AlphaBeta(Signed):
    """Alpha times the exciting contributions, minus beta times the inhibiting ones; alpha - beta = 1."""

    alpha: float = 2.0
    beta: float = 1.0
    stabilizer: float = 1e-6
    bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not math.isclose(self.alpha - self.beta, 1.0):
            raise AssayError(f"AlphaBeta(alpha={self.alpha}, beta={self.beta}): alpha - beta is "
                             f"{self.alpha - self.beta:g}, expected 1", "for example alpha=2, beta=1")

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        r, family, b = flow.relevance(op.out), clipped(op.map.weight), self.offset(op, 1)
        up: Tensor | None = op.keep("z+", lambda: image(op, family, 1, b))
        assert up is not None
        down = self._inhibiting(op, up, b) if self.beta else None
        shares = [self._per_part(op, r, up, b, 1, self.alpha)]
        if down is None:
            return (Flow(hand_on(op, shares[0], family, 1), owned=True),)
        shares.append(self._per_part(op, r, down, self.offset(op, -1), -1, -self.beta))
        up = down = None
        return (Flow(hand_on_both(op, shares, family, family), owned=True),)

    def _per_part(self, op: Op, r: Tensor, part: Tensor, b: Tensor | None, sign: int, share: float) -> Tensor:
        """Return the part's share of relevance per unit of it, in the part's memory if nobody else needs it."""
        e = op.epsilon(self.stabilizer)
        s = ratio(r, part.add_(e, alpha=sign) if op.may_overwrite else torch.add(part, e, alpha=sign)).mul_(share)
        op.absorb(s, b, part, e)
        return s

    def _inhibiting(self, op: Op, up: Tensor, b: Tensor | None) -> Tensor:
        """Return the inhibiting part: what the exciting one leaves of the whole, never above 0."""
        whole = op.plain if b is not None or op.bias is None else op.plain - op.bias
        return op.keep("z-", lambda: (whole - up).clamp_(max=0))


@dataclass(frozen=True, repr=False)
class Gamma(Signed):
    """Contributions of the result's own sign count more, by gamma."""

    gamma: float = 0.25
    stabilizer: float = 1e-6
    bias: bool = True

    def back(self, op: Op, flow: Flow) -> Flows:
        assert op.map is not None
        r, up = flow.relevance(op.out), boosted(op.map.weight, self.gamma, 1)
        part = op.keep("gamma+", lambda: image(op, up, 1, self._bias(op, 1)))
        if op.rectified and self._whole(op):
            s = self._positive(op, r, part, last=True)
            return (Flow(hand_on(op, s, up, 1), owned=True),)
        above, below = torch.ops.aten.threshold_backward(r, op.out.expand_as(r), 0), r.masked_fill(op.out >= 0, 0.0)
        if not bool(below.any()):
            return (Flow(hand_on(op, self._positive(op, above, part, last=True), up, 1), owned=True),)
        down = boosted(op.map.weight, self.gamma, -1)
        shares = [self._positive(op, above, part), self._negative(op, below, part, down)]
        return (Flow(hand_on_both(op, shares, up, down), owned=True),)

    def _whole(self, op: Op) -> bool:
        """Whether a part has the result's sign where the result has: not if the bias counts in one of them only."""
        return self.bias or op.bias is None

    def _positive(self, op: Op, r: Tensor, z: Tensor, last: bool = False) -> Tensor:
        """Return relevance per unit of the part of positive results, both divided by 1 + gamma."""
        e = op.epsilon(self.stabilizer / (1 + self.gamma))
        if self._whole(op):
            s = ratio(r, (z.clamp_(min=0) if last and op.may_overwrite else z.clamp(min=0)).add_(e))
        else:
            s = share(r, z, e)
        op.absorb(s, self._bias(op, 1), z, e)
        return s

    def _negative(self, op: Op, r: Tensor, part: Tensor, down: Family) -> Tensor:
        """Return relevance per unit of the part of negative results."""
        e = op.epsilon(self.stabilizer)
        if op.nonnegative and self._whole(op):
            # The two parts are 2 + gamma times the result together.
            z = torch.sub((2 + self.gamma) * op.plain, part, alpha=1 + self.gamma)
        else:
            z = op.keep("gamma-", lambda: image(op, down, -1, self._bias(op, -1)))
        s = ratio(r, z.clamp(max=0).sub_(e)) if self._whole(op) else share(r, z, e)
        op.absorb(s, self._bias(op, -1), z, e)
        return s

    def _bias(self, op: Op, sign: int) -> Tensor | None:
        """Return the bias of one part, that of the exciting one divided by 1 + gamma."""
        b = self.offset(op, sign)
        if b is None or op.bias is None:
            return None
        return (op.bias + self.gamma * b) / (1 + self.gamma if sign > 0 else 1)
