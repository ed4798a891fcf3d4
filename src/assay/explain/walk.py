"""Relevance carried back along a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor
from torch.autograd.graph import Node

from assay.explain.flow import Flow, Form
from assay.explain.native import carry_rows
from assay.explain.op import Edge, Op
from assay.explain.plan import Plan, Step

Pending = dict[Edge, Flow]


@dataclass
class Walk:
    """One or more passes along a plan.

    Parameters
    ----------
    plan : Plan
        What to do.
    change : mapping edge -> function
        Applied to relevance that arrives there (masks).
    taps : edges
        Where relevance is kept, besides the roots.
    watch : callable, optional
        Called with each operation, the relevance of its result (None for one of several results) and that of its
        operands.
    """

    plan: Plan
    change: Mapping[Edge, Callable[[Flow], Flow]] = field(default_factory=dict)
    taps: frozenset[Edge] = frozenset()
    watch: Callable[[Op, Flow | None, list[tuple[Flow, Tensor]]], None] | None = None

    @cached_property
    def live(self) -> frozenset[Edge]:
        """The edges from which relevance can go on to the explained input."""
        nodes = {step.node for step in self.plan.steps}
        return frozenset(edge for step in self.plan.steps for edge in step.edges
                         if edge[0] in nodes or edge in self.taps)

    def run(self, pending: Pending, steps: Sequence[Step] | None = None) -> dict[Edge, Flow]:
        """Carry relevance back; return what arrived at the taps. What is left in `pending` is at the roots."""
        kept: dict[Edge, Flow] = {}
        with torch.no_grad():
            for step in self.plan.steps if steps is None else steps:
                arrived = self._arrived(step.node, pending, kept)
                if arrived:
                    self._step(step, arrived, pending)
        for edge in self.taps & pending.keys():
            pending[edge] = self._changed(edge, pending[edge])
            kept[edge] = pending[edge]
        return kept

    def _arrived(self, node: Node, pending: Pending, kept: dict[Edge, Flow]) -> dict[int, Flow]:
        found: dict[int, Flow] = {}
        for nr in range(len(node._input_metadata)):
            flow = pending.pop((node, nr), None)
            if flow is not None:
                edge = (node, nr)
                found[nr] = self._changed(edge, flow)
                if edge in self.taps:
                    kept[edge] = found[nr]
        return found

    def _changed(self, edge: Edge, flow: Flow) -> Flow:
        return self.change[edge](flow) if edge in self.change else flow

    def _step(self, step: Step, arrived: dict[int, Flow], pending: Pending) -> None:
        op = step.op
        if op is None or step.moves:
            values = op.inputs if op is not None else None
            edges = op.edges if op is not None else step.edges
            form = next(iter(arrived.values())).form
            given = {(step.node, nr): flow.value for nr, flow in arrived.items()}
            sent = [None if value is None else Flow(value, form) for value in carry_rows(given, edges)]
        else:
            assert step.rule is not None
            values, edges = op.inputs, op.edges
            sent = list(step.rule.back(op, arrived[op.out_edge[1]]))
        out: list[tuple[Flow, Tensor]] = []
        allowed = set(step.edges) & self.live
        for index, (edge, flow) in enumerate(zip(edges, sent, strict=True)):
            if flow is None or edge not in allowed:
                continue
            if values is not None:
                flow = flow.into(self.form(edge[0]), values[index])
                out.append((flow, values[index]))
            pending[edge] = pending[edge] + flow if edge in pending else flow
        if self.watch is not None and op is not None:
            whole = set(arrived) == {op.out_edge[1]} and step.node is op.out_edge[0]
            self.watch(op, arrived[op.out_edge[1]] if whole else None, out)

    def form(self, node: Node) -> Form:
        """Return the form in which relevance of a node's results is carried."""
        return "R" if node in self.plan.as_relevance else "G"
