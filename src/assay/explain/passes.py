"""Many targets or masks on one forward pass: as many at once as fit into memory, with shared denominators."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from assay.explain.flow import Flow
from assay.explain.op import Edge
from assay.explain.plan import Plan, Step
from assay.explain.walk import Pending, Walk, Watch

CAP = 2 ** 30  # bytes of relevance at once
LIVE = 4  # tensors of one operation's size that are held at once


@dataclass
class Passes:
    """One pass, or M of them.

    Parameters
    ----------
    plan : Plan
        The steps; they are used up.
    taps : edges
        Where relevance is kept.
    factors : mapping edge -> Tensor
        Masks: of the shape of the result, or [M, ...] for M passes.
    masks : int
        M, if there are many masks, else 0.
    watch : callable, optional
        See `Walk`.
    """

    plan: Plan
    taps: frozenset[Edge]
    factors: Mapping[Edge, Tensor] = field(default_factory=dict)
    masks: int = 0
    watch: Watch | None = None

    def run(self, pending: Pending, targets: int = 0) -> Pending:
        """Carry relevance from the output back; return what arrived at the taps.

        Parameters
        ----------
        pending : mapping edge -> Flow
            Where relevance starts, and how much: [M, ...] for M targets. It is used up.
        targets : int
            M, if there are many targets, else 0.
        """
        many = max(self.masks, targets)
        most = self._fitting(many)
        if many <= most:
            return Walk(self.taps, self.factors, self.watch).run(self.plan.steps, pending)
        if targets:
            return self._in_parts(self.plan.steps, pending, many, most)
        # What is above all masks is walked once.
        above = next(i for i, step in enumerate(self.plan.steps) if any(e[0] is step.node for e in self.factors))
        kept = Walk(self.taps, {}, self.watch).run(self.plan.steps[:above], pending)
        pending = {e: replace(flow, owned=False) for e, flow in pending.items()}
        return kept | self._in_parts(self.plan.steps[above:], pending, many, most)

    def _fitting(self, many: int) -> int:
        """Return how many passes fit into memory at once."""
        if many <= 1:
            return 1
        sizes = [math.prod(meta.shape) * meta.dtype.itemsize for step in self.plan.steps
                 for meta in step.node._input_metadata]
        return max(1, CAP // (LIVE * max(sizes, default=1)))

    def _in_parts(self, steps: list[Step], pending: Pending, many: int, most: int) -> Pending:
        parts = []
        for first in range(0, many, most):
            rows = slice(first, min(first + most, many))
            walk = Walk(self.taps, {e: factor[rows] for e, factor in self.factors.items()} if self.masks
                        else self.factors, self.watch)
            mine = {e: flow if self.masks else replace(flow, value=flow.value[rows]) for e, flow in pending.items()}
            for step in steps:
                if step.op is not None and step.op.books is not None:
                    step.op.books.part = first
            parts.append(walk.run(steps, mine, last=rows.stop == many))
        return {e: self._joined([part[e] for part in parts], e) for e in parts[0]}

    @staticmethod
    def _joined(flows: list[Flow], edge: Edge) -> Flow:
        """Return parts one after the other; what no mask touched is the same in all."""
        if flows[0].value.ndim == len(edge[0]._input_metadata[edge[1]].shape):
            return flows[0]
        return Flow(torch.cat([flow.value for flow in flows]), flows[0].form)
