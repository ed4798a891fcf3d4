"""Shares in proportion to contributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from assay.explain.flow import Flow, ratio, share
from assay.explain.op import Edge, Op
from assay.explain.rules.base import LINEAR, Flows, Rule, flows


class Zero(Rule):
    """LRP-0: x_i sum_j w_ij R_j / z_j, the plain gradient; for an operation that only moves entries, they move."""

    def edges(self, op: Op) -> tuple[Edge, ...]:
        return (op.details["numerator"],) if "numerator" in op.details else op.edges

    def back(self, op: Op, flow: Flow) -> Flows:
        if op.details.get("moves"):
            return flows(op.native(flow.value), flow.form)
        return per_result(op, flow.gradient(op.out), owned=flow.owned or flow.form == "R")


def per_result(op: Op, s: Tensor, epsilon: float = 0.0, owned: bool = False) -> Flows:
    """Hand on relevance per unit of the result itself; s may be overwritten if it is owned."""
    if op.books is not None:
        op.absorb(s, op.bias if op.scale is None or op.bias is None else op.bias * op.scale, op.out, epsilon)
        op.credit(s if op.scale is None else s * op.scale)
    return flows(op.pull(s, owned), owned=op.map is not None)  # autograd may hand on s itself, or a view


@dataclass(frozen=True, repr=False)
class Epsilon(Rule):
    """x_i sum_j w_ij R_j / stab(z_j): the stabiliser takes what would be amplified where z is near 0."""

    epsilon: float = 1e-6
    kinds: ClassVar = LINEAR
    takes: ClassVar = "R"

    def back(self, op: Op, flow: Flow) -> Flows:
        return per_result(op, damped(op, flow, self.epsilon), self.epsilon)


@dataclass(frozen=True, repr=False)
class Norm(Rule):
    """x_i R / stab(sum x): relevance of a sum is shared in proportion to its terms."""

    stabilizer: float = 1e-6
    kinds: ClassVar = LINEAR
    takes: ClassVar = "R"

    def back(self, op: Op, flow: Flow) -> Flows:
        return per_result(op, damped(op, flow, self.stabilizer), self.stabilizer)


def damped(op: Op, flow: Flow, epsilon: float) -> Tensor:
    """Return R / stab(z)."""
    if flow.form == "R" and op.rectified and epsilon:
        return ratio(flow.value, op.out.abs().add_(epsilon))  # where z < 0, R is 0
    if flow.form == "R":
        return share(flow.value, op.out, epsilon)
    if not epsilon:
        return flow.value
    size = op.out.abs()
    return torch.div(size, size + epsilon, out=size).mul(flow.value)
