"""Relevance carried back along a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.flow import Flow
from assay.explain.native import carry_rows, lifted
from assay.explain.op import Edge, Op
from assay.explain.plan import Step, node_name

Pending = dict[Edge, Flow]
Watch = Callable[[Op, Flow | None, list[tuple[Flow, Tensor]]], None]


@dataclass
class Walk:
    """How relevance is carried along steps.

    Parameters
    ----------
    taps : edges
        Where relevance is kept, the explained input among them.
    factors : mapping edge -> Tensor
        What relevance that arrives there is multiplied by (masks).
    watch : callable, optional
        Called with each operation, the relevance of its result (None for one of several results) and that of its
        operands.
    """

    taps: frozenset[Edge]
    factors: Mapping[Edge, Tensor] = field(default_factory=dict)
    watch: Watch | None = None

    def run(self, steps: list[Step], pending: Pending, last: bool = True) -> Pending:
        """Carry what is pending through steps; return what arrived at the taps.

        The steps of the last walk are taken from the list one by one, so that what only they need is freed as soon
        as it is used.
        """
        kept: Pending = {}
        waiting = steps if last else list(steps)
        waiting.reverse()
        with torch.no_grad():
            while waiting:
                step = waiting.pop()
                arrived = self._arrived(step, pending, kept)
                if arrived:
                    self._step(step, arrived, pending, last)
        for edge in self.taps & pending.keys():
            kept[edge] = self._changed(edge, pending[edge])
        return kept

    def _arrived(self, step: Step, pending: Pending, kept: Pending) -> dict[int, Flow]:
        """Take what is waiting at a step's results."""
        found: dict[int, Flow] = {}
        for edge in step.results:
            flow = pending.pop(edge, None)
            if flow is not None:
                flow = self._changed(edge, flow)
                if edge in self.taps:
                    kept[edge] = flow = replace(flow, owned=False)
                found[edge[1]] = flow
        return found

    def _changed(self, edge: Edge, flow: Flow) -> Flow:
        return flow.times(self.factors[edge]) if edge in self.factors else flow

    def _step(self, step: Step, arrived: dict[int, Flow], pending: Pending, last: bool) -> None:
        """Hand on what arrived at one step."""
        op = step.op
        if op is None or step.rule is None or step.moves:
            sent = self._moved(step, arrived)
            edges, values = (step.edges, None) if op is None else (op.edges, op.inputs)
        else:
            flow = arrived[op.out_edge[1]]
            if step.emits == "same" and step.goals.get(op.edges[0]) == "R":
                flow = flow.into("R", op.out)  # less to multiply than at the operand, and a rectifier then does nothing
            op.shared = not last
            sent = step.rule.back(op, flow)
            if last:
                op.kept = None
            edges, values = op.edges, op.inputs
        if self.watch is not None and op is not None:
            sent = self._watched(step, op, arrived, sent)
        for index, (edge, flow_on) in enumerate(zip(edges, sent, strict=True)):
            if flow_on is not None and edge in step.goals:
                ready = flow_on if values is None else flow_on.into(step.goals[edge], values[index])
                if edge in pending and pending[edge].form != ready.form:
                    raise AssayError(f"{node_name(step.node)} has no rule, and its gradient meets relevance of a rule "
                                     "that needs no activation (Flat, ZBox) where its operand was not seen",
                                     "write it with operations that have rules, or take another composite")
                pending[edge] = pending[edge].plus(ready) if edge in pending else ready

    @staticmethod
    def _moved(step: Step, arrived: dict[int, Flow]) -> tuple[Flow | None, ...]:
        """Return what a node that moves entries, or one without a rule, sends to its operands by autograd."""
        form = next(iter(arrived.values())).form
        given = {(step.node, nr): flow.value for nr, flow in arrived.items()}
        if step.op is None:
            found = carry_rows(given, step.edges)
        else:
            found = step.op.carried(given, any(lifted(edge, g) for edge, g in given.items()))
        return tuple(None if value is None else Flow(value, form) for value in found)

    def _watched(self, step: Step, op: Op, arrived: dict[int, Flow],
                 sent: Sequence[Flow | None]) -> tuple[Flow | None, ...]:
        """Show an operation's relevance to who watches; what was shown is not overwritten."""
        assert self.watch is not None
        whole = set(arrived) == {op.out_edge[1]} and step.node is op.out_edge[0]
        shown = [(flow, value) for edge, flow, value in zip(op.edges, sent, op.inputs, strict=True)
                 if flow is not None and edge in step.goals]
        self.watch(op, arrived[op.out_edge[1]] if whole else None, shown)
        return tuple(None if flow is None else replace(flow, owned=False) for flow in sent)
