"""Relevance carried back along a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    def run(self, pending: Pending, steps: Sequence[Step] | None = None) -> Pending:
        """Carry relevance back; return what arrived at the taps, the explained input among them."""
        kept: Pending = {}
        with torch.no_grad():
            for step in self.plan.steps if steps is None else steps:
                arrived = self._arrived(step.node, pending, kept)
                if arrived:
                    self._step(step, arrived, pending)
        for edge in self.taps & pending.keys():
            kept[edge] = self._changed(edge, pending[edge])
        return kept

    def _arrived(self, node: Node, pending: Pending, kept: Pending) -> dict[int, Flow]:
        """Take what is waiting at a node's results."""
        found: dict[int, Flow] = {}
        for nr in range(len(node._input_metadata)):
            edge = (node, nr)
            flow = pending.pop(edge, None)
            if flow is not None:
                flow = self._changed(edge, flow)
                if edge in self.taps:
                    kept[edge] = flow = replace(flow, owned=False)
                found[nr] = flow
        return found

    def _changed(self, edge: Edge, flow: Flow) -> Flow:
        return self.change[edge](flow) if edge in self.change else flow

    def _step(self, step: Step, arrived: dict[int, Flow], pending: Pending) -> None:
        """Hand on what arrived at one step."""
        op = step.op
        if op is None or step.rule is None or step.moves:
            sent = self._moved(step, arrived)
            edges, values = (step.edges, None) if op is None else (op.edges, op.inputs)
        else:
            flow = arrived[op.out_edge[1]]
            if step.emits == "same" and self.form(op.edges[0][0]) == "R":
                flow = flow.into("R", op.out)  # less to multiply than at the operand, and a rectifier then does nothing
            sent = step.rule.back(op, flow)
            if not op.shared:
                op.kept.clear()
            edges, values = op.edges, op.inputs
        if self.watch is not None and op is not None:
            sent = self._watched(step, op, arrived, sent)
        for index, (edge, flow_on) in enumerate(zip(edges, sent, strict=True)):
            if flow_on is not None and edge in self.live:
                ready = flow_on if values is None else flow_on.into(self.form(edge[0]), values[index])
                pending[edge] = pending[edge].plus(ready) if edge in pending else ready

    @staticmethod
    def _moved(step: Step, arrived: dict[int, Flow]) -> tuple[Flow | None, ...]:
        """Return what a node that moves entries, or one without a rule, sends to its operands by autograd."""
        form = next(iter(arrived.values())).form
        edges = step.edges if step.op is None else step.op.edges
        found = carry_rows({(step.node, nr): flow.value for nr, flow in arrived.items()}, edges)
        return tuple(None if value is None else Flow(value, form) for value in found)

    def _watched(self, step: Step, op: Op, arrived: dict[int, Flow],
                 sent: Sequence[Flow | None]) -> tuple[Flow | None, ...]:
        """Show an operation's relevance to who watches; what was shown is not overwritten."""
        assert self.watch is not None
        whole = set(arrived) == {op.out_edge[1]} and step.node is op.out_edge[0]
        shown = [(flow, value) for edge, flow, value in zip(op.edges, sent, op.inputs, strict=True)
                 if flow is not None and edge in self.live]
        self.watch(op, arrived[op.out_edge[1]] if whole else None, shown)
        return tuple(None if flow is None else replace(flow, owned=False) for flow in sent)

    @cached_property
    def live(self) -> frozenset[Edge]:
        """The edges from which relevance can go on to the explained input."""
        nodes = {step.node for step in self.plan.steps}
        return frozenset(edge for step in self.plan.steps for edge in step.edges
                         if edge[0] in nodes or edge in self.taps)

    def form(self, node: Node) -> Form:
        """Return the form in which relevance of a node's results is carried."""
        return "R" if node in self.plan.as_relevance else "G"
