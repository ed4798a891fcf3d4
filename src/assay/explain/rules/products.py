"""Rules of products, and of maxima."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from assay.explain.flow import Flow
from assay.explain.op import Edge, Op
from assay.explain.picking import winners
from assay.explain.rules.base import Flows, Rule, flows


class Uniform(Rule):
    """A product's factors get equal shares: half the gradient each, a quarter where attention is one operation."""

    kinds: ClassVar = frozenset({"product", "attention"})

    def back(self, op: Op, flow: Flow) -> Flows:
        shares = [self._share(op, edge) for edge in op.edges]
        least = min(shares)  # what all get is multiplied once, before it is shared out
        grads = op.native(flow.gradient(op.out) * least)
        return flows(tuple(g if g is None or part == least else g * (part / least)
                           for g, part in zip(grads, shares, strict=True)))

    @staticmethod
    def _share(op: Op, edge: Edge) -> float:
        """Return a factor's share: a factor that is a constant leaves all to the other."""
        roles: Mapping[Edge, str] = op.details.get("roles", {})
        if op.kind == "product":
            return 0.5
        weights = {"query", "key"} & set(roles.values())
        if roles[edge] == "value":
            return 0.5 if weights else 1.0
        return (0.5 if "value" in roles.values() else 1.0) / len(weights)


class Signal(Rule):
    """A gate, or attention weights, is a constant: what it lets through gets all."""

    kinds: ClassVar = frozenset({"product", "attention"})

    def edges(self, op: Op) -> tuple[Edge, ...]:
        gate, roles = op.details.get("gate"), op.details.get("roles", {})
        return tuple(edge for edge in op.edges if edge != gate and roles.get(edge) not in ("query", "key"))

    def back(self, op: Op, flow: Flow) -> Flows:
        return flows(op.native(flow.gradient(op.out)))


class Winner(Rule):
    """The maximum takes all, the first of equals."""

    emits: ClassVar = "same"
    kinds: ClassVar = frozenset({"max-pool"})

    def back(self, op: Op, flow: Flow) -> Flows:
        return flows(winners(op, flow.value), flow.form)
