"""The engine: from one forward pass and a composite to relevance at the input, at layers and at weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge

from assay.core.errors import AssayError, did_you_mean
from assay.explain.account import bookkeeper, enter, gathered, lines_of, once, open_books
from assay.explain.composites import Composite
from assay.explain.errors import UncoveredOp
from assay.explain.flow import Flow
from assay.explain.merging import Checked, Merged, merge
from assay.explain.op import Edge
from assay.explain.passes import Passes
from assay.explain.places import note_places
from assay.explain.plan import Graph, Plan, make_plan, native_plan, restore
from assay.explain.report import Line
from assay.explain.trace import Trace

Place = tuple[Edge, Tensor]


@dataclass
class Masks:
    """Factors of relevance at modules' outputs: one {name: Tensor}, or a list of M of them."""

    rows: Sequence[Mapping[str, Tensor]]
    many: int = 0

    @property
    def names(self) -> list[str]:
        """The modules."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def factor(self, name: str, value: Tensor) -> Tensor:
        """Return the factors at a module that returned `value`, [M, ...] for M masks; one that is not given is 1."""
        rows = [row[name].to(value) if name in row else value.new_ones(()) for row in self.rows]
        for row in rows:
            if not bool(torch.isfinite(row).all()):
                raise AssayError(f"the mask of {name!r} holds NaN or infinity, expected finite numbers")
            if row.ndim > value.ndim or any(a not in (1, b) for a, b in zip(row.shape[::-1], value.shape[::-1],
                                                                           strict=False)):
                raise AssayError(f"the mask of {name!r} has shape {tuple(row.shape)}, expected one that fits the "
                                 f"module's output {tuple(value.shape)}")
        rows = [row.reshape((1,) * (value.ndim - row.ndim) + row.shape) for row in rows]
        whole = [max(sizes) for sizes in zip(*(row.shape for row in rows), strict=True)]
        return torch.stack([row.expand(whole) for row in rows]) if self.many else rows[0]


@dataclass
class Passed:
    """What arrived: relevance (or a gradient) at the roots and the layers, with an account."""

    roots: list[Tensor]
    layers: dict[str, Tensor]
    weights: dict[str, Tensor]
    lines: list[Line]
    uncovered: list[tuple[str, str]]
    canonized: list[dict[str, Any]]


@dataclass
class Engine:
    """How passes are made; the same for every input of one Explainer.

    Parameters
    ----------
    model : nn.Module
        The model.
    composite : Composite
        The rules.
    canonize : bool
        Merge batch norms.
    audit : bool
        Keep books of every operation.
    on_uncovered : "error" or "gradient"
        What to do about operations without a rule.
    flat_below : str, optional
        Operations that ran before this module spread relevance evenly.
    checked : dict
        Merged batch norms that were found equal.
    """

    model: nn.Module
    composite: Composite
    canonize: bool = True
    audit: bool = False
    on_uncovered: str = "error"
    flat_below: str | None = None
    checked: Checked = field(default_factory=dict)

    def relevance(self, trace: Trace, gradient: Tensor, layers: Sequence[str] = (), masks: Masks | None = None,
                  weights: Sequence[str] = (), targets: int = 0) -> Passed:
        """Carry relevance from the output back. The trace is used up.

        Parameters
        ----------
        trace : Trace
            The forward pass.
        gradient : Tensor of the output's shape, or [M, ...]
            G at the output.
        layers : names
            Where relevance is kept on the way.
        masks : Masks, optional
            Factors of relevance at layers.
        weights : names of parameters
            Whose relevance is booked.
        targets : int
            M, if there are many targets, else 0.
        """
        ops = trace.recorder.ops
        merged = merge(ops, self.checked) if self.canonize else Merged(dict(ops))
        plan, roots = self._plan(trace, merged), list(trace.roots)
        places = {name: places_of(trace, merged, name) for name in layers}
        ran = once(plan)
        lines, books = lines_of(ran), open_books(ran, bool(weights)) if self.audit or weights else {}
        restore(plan.steps, merged.ops, bool(books))
        note_places(plan.steps)
        taps = frozenset(edge for found in [*places.values(), roots] for edge, _ in found)
        many = max(targets, masks.many if masks else 0)
        passes = Passes(plan, taps, factors_of(trace, merged, masks), masks.many if masks else 0,
                        bookkeeper(books) if self.audit else None)
        pending = {trace.edge: Flow(gradient).into(plan.form, trace.output.detach())}
        likes = {name: trace.watched(name).value for name in layers}
        canonized = merged.canonized
        # From here on the steps, and where relevance starts, alone hold the graph: each is freed when it is done.
        trace.let_go()
        del merged, ops, ran
        kept = passes.run(pending, targets)
        as_gradient = self.composite.result == "gradient"
        found = [arrived(kept, [place], place[1], as_gradient, many) for place in roots]
        passed = Passed(found, {name: arrived(kept, at, likes[name], as_gradient, many) for name, at in places.items()},
                        gathered(books, self.model, weights, many), lines, plan.uncovered, canonized)
        if self.audit:
            enter(lines, books)
        return passed

    def _plan(self, trace: Trace, merged: Merged) -> Plan:
        graph = Graph(merged.ops, [edge for edge, _ in trace.roots])
        if self.flat_below is not None and self.flat_below not in trace.entered:
            raise AssayError(f"flat_below={self.flat_below!r} did not run in this forward pass",
                             did_you_mean(self.flat_below, trace.entered))
        below = trace.entered[self.flat_below] if self.flat_below is not None else 0
        plan = make_plan(graph, trace.edge, self.composite, trace.modules, trace.made, below)
        if plan.uncovered and self.on_uncovered == "error" and self.composite.result == "relevance":
            raise UncoveredOp(plan.uncovered)
        return plan


def places_of(trace: Trace, merged: Merged, name: str) -> list[Place]:
    """Return where a module's output is in the graph, and its value; what was merged, at the merged result too."""
    kept = trace.watched(name)
    if kept.edge is None:
        return []
    both = merged.aliases.get(kept.edge)
    return [(kept.edge, kept.value)] + ([(both.out_edge, both.out)] if both is not None else [])


def factors_of(trace: Trace, merged: Merged, masks: Masks | None) -> dict[Edge, Tensor]:
    """Return what masks multiply relevance by, at the edges of their modules; [M, ...] for M masks."""
    if masks is None:
        return {}
    found: dict[Edge, Tensor] = {}
    for name in masks.names:
        value = trace.watched(name).value
        factor = masks.factor(name, value)
        for edge, _ in places_of(trace, merged, name):
            found[edge] = factor
    return found


def arrived(kept: Mapping[Edge, Flow], places: Sequence[Place], like: Tensor, as_gradient: bool, many: int) -> Tensor:
    """Return the relevance that arrived at the places of one tensor; zeros if none did."""
    each = [kept[edge].value if as_gradient else kept[edge].relevance(value) for edge, value in places if edge in kept]
    found = sum(each[1:], each[0]) if each else torch.zeros_like(like)
    return found.expand(many, *found.shape) if many and found.ndim == like.ndim else found


def plain_gradients(trace: Trace, gradient: Tensor, layers: Sequence[str], masks: Masks | None,
                    targets: int = 0) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Return the plain gradient at the roots and at layers; parameters as for `Engine.relevance`."""
    nothing = Merged({})
    places = {name: places_of(trace, nothing, name) for name in layers}
    edges = list(dict.fromkeys(edge for found in [trace.roots, *places.values()] for edge, _ in found))
    if masks is not None:
        plan = native_plan(Graph({}, [edge for edge, _ in trace.roots]), trace.edge)
        passes = Passes(plan, frozenset(edges), factors_of(trace, nothing, masks), masks.many)
        kept = passes.run({trace.edge: Flow(gradient)}, targets)
    else:
        found = native_gradients(trace, gradient, edges, targets)
        kept = {edge: Flow(g) for edge, g in zip(edges, found, strict=True) if g is not None}
    many = max(targets, masks.many if masks else 0)
    return ([arrived(kept, [place], place[1], True, many) for place in trace.roots],
            {name: arrived(kept, at, trace.watched(name).value, True, many) for name, at in places.items()})


def native_gradients(trace: Trace, gradient: Tensor, edges: Sequence[Edge], targets: int) -> list[Tensor | None]:
    """Return autograd's gradient at some edges, row by row if there are many targets."""
    goals = [GradientEdge(*edge) for edge in edges]
    rows = [torch.autograd.grad([GradientEdge(*trace.edge)], goals, [row], retain_graph=targets > 1, allow_unused=True)
            for row in (gradient if targets else gradient[None])]
    if not targets:
        return list(rows[0])
    return [None if column[0] is None else torch.stack([item for item in column if item is not None])
            for column in zip(*rows, strict=True)]
