"""The engine: from one forward pass and a composite to relevance at the input, at layers and at weights."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge

from assay.explain.composites import Composite
from assay.explain.errors import UncoveredOp
from assay.explain.flow import Flow
from assay.explain.merging import Checked, Merged, merge
from assay.explain.op import Books, Edge, Op
from assay.explain.plan import Graph, Plan, Step, make_plan
from assay.explain.report import Line
from assay.explain.trace import Trace
from assay.explain.walk import Walk

Mask = Mapping[str, Tensor]


@dataclass
class Passed:
    """What arrived: relevance (or a gradient) at the roots and the layers, with an account."""

    roots: list[Tensor]
    layers: dict[str, Tensor]
    weights: dict[str, Tensor] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    uncovered: list[tuple[str, str]] = field(default_factory=list)
    merged: Merged | None = None


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

    def relevance(self, trace: Trace, gradient: Tensor, layers: Sequence[str] = (), mask: Sequence[Mask] = (),
                  weights: Sequence[str] = ()) -> Passed:
        """Carry relevance from the output back.

        Parameters
        ----------
        trace : Trace
            The forward pass.
        gradient : Tensor of the output's shape, or [M, ...]
            G at the output.
        layers : names
            Where relevance is kept on the way.
        mask : sequence of {name: Tensor}
            Factors of relevance at layers; more than one: all at once, in an axis in front.
        weights : names of parameters
            Whose relevance is booked.
        """
        merged = merge(trace.recorder.ops, self.checked) if self.canonize else Merged(dict(trace.recorder.ops))
        plan = self._plan(trace, merged)
        places = {name: places_of(trace, merged, name) for name in layers}
        books = self._open_books(plan, weights)
        taps = frozenset(edge for found in [*places.values(), trace.roots] for edge, _ in found)
        walk = Walk(plan, masking(trace, merged, mask), taps, audited(books) if self.audit else None)
        start = Flow(gradient).into(walk.form(trace.edge[0]), trace.output.detach())
        kept = walk.run({trace.edge: start})
        as_gradient = self.composite.result == "gradient"
        passed = Passed([arrived(kept, [place], place[1], as_gradient) for place in trace.roots],
                        {name: arrived(kept, found, trace.watched(name).value, as_gradient)
                         for name, found in places.items()}, uncovered=plan.uncovered, merged=merged)
        ran = once(plan)
        names = {key: repr(rule) for key, rule in {id(rule): rule for _, rule in ran}.items()}
        passed.lines = [line(op, names[id(rule)], books.get(op) if self.audit else None) for op, rule in ran]
        passed.weights = gathered(books, self.model, weights)
        return passed

    def _plan(self, trace: Trace, merged: Merged) -> Plan:
        graph = Graph(merged.ops, [edge for edge, _ in trace.roots])
        below = trace.entered.get(self.flat_below, 0) if self.flat_below else 0
        plan = make_plan(graph, trace.edge, self.composite, trace.modules,
                         trace.made, below)
        if plan.uncovered and self.on_uncovered == "error" and self.composite.result == "relevance":
            raise UncoveredOp(plan.uncovered)
        return plan

    def _open_books(self, plan: Plan, weights: Sequence[str]) -> dict[Op, Books]:
        books: dict[Op, Books] = {}
        if self.audit or weights:
            for op, _ in once(plan):
                op.books = books[op] = Books(weights=bool(weights))
        return books


Place = tuple[Edge, Tensor]


def places_of(trace: Trace, merged: Merged, name: str) -> list[Place]:
    """Return where a module's output is in the graph, and its value; what was merged, at the merged result too."""
    kept = trace.watched(name)
    if kept.edge is None:
        return []
    both = merged.aliases.get(kept.edge)
    return [(kept.edge, kept.value)] + ([(both.out_edge, both.out)] if both is not None else [])


def masking(trace: Trace, merged: Merged, masks: Sequence[Mask]) -> dict[Edge, Callable[[Flow], Flow]]:
    """Return what masks do to relevance at the edges of their modules."""
    found: dict[Edge, Callable[[Flow], Flow]] = {}
    for name in dict.fromkeys(name for mask in masks for name in mask):
        value = trace.watched(name).value
        rows = [mask[name].to(value) if name in mask else value.new_ones(()) for mask in masks]
        rows = [row.reshape((1,) * (value.ndim - row.ndim) + row.shape) for row in rows]
        factor = rows[0] if len(rows) == 1 else torch.stack(torch.broadcast_tensors(*rows))
        for edge, _ in places_of(trace, merged, name):
            found[edge] = functools.partial(multiplied, factor)
    return found


def multiplied(factor: Tensor, flow: Flow) -> Flow:
    """Return relevance times a mask."""
    return flow.times(factor)


def arrived(kept: Mapping[Edge, Flow], places: Sequence[Place], like: Tensor, as_gradient: bool) -> Tensor:
    """Return the relevance that arrived at the places of one tensor; zeros if none did."""
    found = [kept[edge].value if as_gradient else kept[edge].relevance(value) for edge, value in places if edge in kept]
    return sum(found[1:], found[0]) if found else torch.zeros_like(like)


def once(plan: Plan) -> list[tuple[Op, object]]:
    """Return each operation of a plan once, with its rule, in the order in which they ran."""
    found = {step.op: step.rule for step in plan.steps if step.op is not None}
    return sorted(found.items(), key=lambda item: item[0].index)


def line(op: Op, rule: str, books: Books | None) -> Line:
    """Return an operation's line in the report."""
    audit = None
    if books is not None:
        lost = books.r_out - books.r_in - books.bias - books.stabiliser
        audit = {"r_out": books.r_out, "r_in": books.r_in, "bias": books.bias, "stabiliser": books.stabiliser,
                 "lost": lost}
    return Line(op.index, op.name, op.module, rule, [tuple(x.shape) for x in op.inputs], tuple(op.out.shape),
                audit)


def audited(books: Mapping[Op, Books]) -> Callable[[Op, Flow | None, list[tuple[Flow, Tensor]]], None]:
    """Return what books relevance that comes and goes."""

    def book(op: Op, flow: Flow | None, sent: list[tuple[Flow, Tensor]]) -> None:
        went = sum(float(each.relevance(value).sum()) for each, value in sent)
        came = went if flow is None else float(flow.relevance(op.out).sum())
        books[op].r_out += came
        books[op].r_in += went
        if op.details.get("moves"):  # the rest sits on constants that were joined in
            books[op].bias += came - went

    return book


def gathered(books: Mapping[Op, Books], model: nn.Module, weights: Sequence[str]) -> dict[str, Tensor]:
    """Return relevance of parameters, of all operations that used them, in the parameters' shapes."""
    wanted = {model.get_parameter(name).data_ptr(): name for name in weights}
    found: dict[str, Tensor] = {}
    for op, book in books.items():
        own = (op.parts[0] if op.parts else op).map
        name = None if own is None else wanted.get(own.weight.data_ptr())
        if name is None or book.credit is None or own is None:
            continue
        parameter = model.get_parameter(name)
        turned = own.weight.stride() != parameter.stride()
        credit = book.credit.transpose(-1, -2) if turned else book.credit
        key = name.removesuffix(".weight")
        found[key] = found[key] + credit if key in found else credit
    return found


def plain_gradients(trace: Trace, gradient: Tensor, layers: Sequence[str],
                    masks: Sequence[Mask]) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Return the plain gradient at the roots and at layers.

    Parameters
    ----------
    trace : Trace
        A forward pass; no operation need be described.
    gradient : Tensor of the output's shape, or [M, ...]
        Where it starts.
    layers : names
        Modules at whose outputs it is kept.
    masks : sequence of {name: Tensor}
        Factors at layers; more than one: all at once, in an axis in front.
    """
    nothing = Merged({})
    named = {name: [edge for edge, _ in places_of(trace, nothing, name)] for name in layers}
    edges = [edge for edge, _ in trace.roots]
    wanted = list(dict.fromkeys([*edges, *(edge for found in named.values() for edge in found)]))
    if masks:
        graph = Graph({}, edges)
        steps = [Step(node, None, None, graph.sources(node), covered=False) for node in graph.order(trace.edge[0])]
        walk = Walk(Plan(steps[::-1], frozenset()), masking(trace, nothing, masks), frozenset(wanted))
        arrived_at = {edge: flow.value for edge, flow in walk.run({trace.edge: Flow(gradient)}).items()}
    else:
        arrived_at = {edge: g for edge, g in zip(wanted, native_gradients(trace, gradient, wanted), strict=True)
                      if g is not None}
    roots = [arrived_at.get(edge, torch.zeros_like(value)) for edge, value in trace.roots]
    return roots, {name: arrived_at[found[0]] if found and found[0] in arrived_at else
                   torch.zeros_like(trace.watched(name).value) for name, found in named.items()}


def native_gradients(trace: Trace, gradient: Tensor, edges: Sequence[Edge]) -> list[Tensor | None]:
    """Return autograd's gradient at some edges, row by row if there are many targets."""
    rows = gradient if gradient.ndim > trace.output.ndim else gradient[None]
    targets = [GradientEdge(*edge) for edge in edges]
    found = [torch.autograd.grad([GradientEdge(*trace.edge)], targets, [row], retain_graph=len(rows) > 1,
                                 allow_unused=True) for row in rows]
    if gradient.ndim == trace.output.ndim:
        return list(found[0])
    return [None if column[0] is None else torch.stack([item for item in column if item is not None])
            for column in zip(*found, strict=True)]
