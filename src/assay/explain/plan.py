"""What will happen on the way back: which operations, in which order, under which rules, in which form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.autograd.graph import Node

from assay.explain.composites import AFFINE, Composite
from assay.explain.flow import Form
from assay.explain.gates import find_gate
from assay.explain.maps import Interior
from assay.explain.op import Edge, Op
from assay.explain.ops.routing import NODES
from assay.explain.rules import Derivative, Flat, Norm, Pass, Rule, Signed, Zero

BEFORE = {"conv": Flat(), "linear": Flat(), "activation": Pass(), "avg-pool": Flat(), "max-pool": Flat(), "sum": Norm()}


@dataclass(eq=False, slots=True)
class Step:
    """A node of the graph on the way back: an operation under a rule, or a node that only routes."""

    node: Node
    op: Op | None
    rule: Rule | None
    edges: tuple[Edge, ...]
    covered: bool = True
    goals: dict[Edge, Form] = field(default_factory=dict)  # edges that relevance goes on to, and in which form
    gets: Form = "G"  # form of what arrives
    results: list[Edge] = field(default_factory=list)  # where it arrives
    routes: bool = field(init=False)  # a node that was not seen as an operation, and that only moves entries
    moves: bool = field(init=False)  # relevance moves through in the form in which it comes
    emits: str = field(init=False)  # form of what goes on: "G", "R" or "same"

    def __post_init__(self) -> None:
        self.routes = self.op is None and self.covered
        self.moves = self.routes or (self.op is not None and isinstance(self.rule, Zero) and bool(
            self.op.details.get("moves")))
        self.emits = "G" if self.rule is None else self.rule.emits


@dataclass(eq=False)
class Plan:
    """The steps from the output to the explained input, in an order in which relevance is complete when it is used.

    `form` is the one in which the output's relevance is carried.
    """

    steps: list[Step]
    form: Form
    uncovered: list[tuple[str, str]] = field(default_factory=list)


class Graph:
    """The part of an autograd graph between an output and the explained input.

    Parameters
    ----------
    ops : mapping node -> Op
        The operations that were seen; relevance jumps from an operation to its operands.
    roots : edges
        Where the explained input comes in.
    """

    def __init__(self, ops: Mapping[Node, Op], roots: Sequence[Edge]) -> None:
        self.ops, self.roots = ops, frozenset(roots)
        self._root_nodes = {node for node, _ in roots}

    def sources(self, node: Node) -> tuple[Edge, ...]:
        """Return where a node's operands come from."""
        op = self.ops.get(node)
        if op is not None:
            return op.edges
        return self.native_sources(node)

    @staticmethod
    def native_sources(node: Node) -> tuple[Edge, ...]:
        """Return where autograd says that a node's operands come from."""
        return tuple(dict.fromkeys((source, nr) for source, nr in node.next_functions if source is not None))

    def order(self, output: Node, sources: Callable[[Node], tuple[Edge, ...]] | None = None) -> list[Node]:
        """Return the nodes that lead from the explained input to the output, operands first."""
        sources = sources or self.sources
        done: dict[Node, bool] = {}  # whether it leads to the explained input
        found: list[Node] = []
        stack: list[tuple[Node, Iterator[Edge] | None]] = [(output, None)]
        while stack:
            node, rest = stack.pop()
            if rest is None:
                if node in done:
                    continue
                if node in self._root_nodes:
                    done[node] = True
                    continue
                done[node] = False
                rest = iter(sources(node))
            for source, _ in rest:
                if source not in done:
                    stack += [(node, rest), (source, None)]
                    break
            else:
                done[node] = any(done.get(source, False) for source, _ in sources(node))
                if done[node]:
                    found.append(node)
        return found


def make_plan(graph: Graph, output: Edge, composite: Composite, modules: Mapping[str, nn.Module],
              made: Mapping[Node, str], flat_below: int = 0) -> Plan:
    """Return the plan of one pass under a composite.

    Parameters
    ----------
    graph : Graph
        What ran.
    output : edge
        Where relevance starts.
    composite : Composite
        The rules.
    modules : mapping path -> module
        For selectors that are module classes.
    made : mapping node -> path
        Modules of results, to name nodes that were not seen as operations.
    flat_below : int
        Operations with a lower index spread relevance evenly.
    """
    forward = graph.order(output[0])
    rules = choose_rules(graph, forward, composite, modules, flat_below)
    leave_out_padding(graph, rules)

    def onward(node: Node) -> tuple[Edge, ...]:
        op = graph.ops.get(node)
        return rules[op].edges(op) if op is not None and op in rules else graph.sources(node)

    if any(rule.edges(op) is not op.edges for op, rule in rules.items()):  # what only leads there is not walked
        forward = graph.order(output[0], onward)
    steps, uncovered, near = [], [], dict(made)
    for node in reversed(forward):
        op = graph.ops.get(node)
        rule = None if op is None else rules.get(op)
        path = near.get(node, "") if op is None else op.module
        covered = rule is not None or (op is None and node.name() in NODES)
        if not covered:
            uncovered.append((node_name(node) if op is None else op.name, path))
        steps.append(Step(node, op, rule, graph.sources(node) if rule is None else rule.edges(op), covered))
        for source, _ in steps[-1].edges:
            near.setdefault(source, path)
    note_signs(steps, carried_as_relevance(steps, preferred=False))
    as_relevance = carried_as_relevance(steps, preferred=True)
    set_goals(steps, output, graph.roots, as_relevance)
    return Plan(steps, "R" if output[0] in as_relevance else "G", list(dict.fromkeys(uncovered[::-1])))


def leave_out_padding(graph: Graph, rules: Mapping[Op, Rule]) -> None:
    """Where a rule puts relevance on zeros: zeros that were padded on by an operation of its own get none."""
    for op, rule in rules.items():
        source = graph.ops.get(op.edges[0][0]) if op.kind == "conv" and rule.emits == "R" else None
        pads = () if source is None else source.details.get("zeros", ())
        if pads and op.map is not None:
            ones = op.x.new_ones((1, *source.x.shape[1:]))
            op.map = Interior(op.map.weight, op.map.shape, op.map, torch.nn.functional.pad(ones, pads))


def set_goals(steps: list[Step], output: Edge, roots: frozenset[Edge], as_relevance: Set[Node] = frozenset()) -> None:
    """Note where each step's relevance goes on to, and in which form; what leads nowhere is left out."""
    alive = {step.node: step for step in steps}
    if output[0] in alive:
        alive[output[0]].results.append(output)
    for step in steps:
        step.gets = "R" if step.node in as_relevance else "G"
        for edge in step.edges:
            if edge[0] in alive or edge in roots:
                step.goals[edge] = "R" if edge[0] in as_relevance else "G"
            if edge[0] in alive and edge not in alive[edge[0]].results:
                alive[edge[0]].results.append(edge)


def native_plan(graph: Graph, output: Edge) -> Plan:
    """Return the plan of autograd's own gradient."""
    steps = [Step(node, None, None, graph.sources(node), covered=False) for node in reversed(graph.order(output[0]))]
    set_goals(steps, output, graph.roots)
    return Plan(steps, "G")


def restore(steps: Sequence[Step], ops: Mapping[Node, Op], books: bool) -> None:
    """Compute results anew that a rectifier's took the place of, where a rule looks at entries below 0.

    It does not where a relu alone takes the result, since no relevance comes there, and not where the rule is the plain
    gradient. Rules from elsewhere may look at anything.
    """
    for step in steps:
        op = step.op
        if op is None or step.rule is None:
            continue
        if op.details.get("rectifies") and step.rule.needs_operand(books):
            source = ops.get(op.edges[0][0])
            if source is not None:  # else nothing was clipped
                source.restore()
                op.inputs = (source.out,)
        gradient = isinstance(step.rule, Zero) and step.gets == "G" and not books
        if op.clipped and (step.rule.is_foreign or not (op.rectified or gradient)):
            op.restore()


def node_name(node: Node) -> str:
    """Return what autograd calls a node: of a custom Function, its class.

    >>> import torch
    >>> node_name(torch.ones(1, requires_grad=True).exp().grad_fn)
    'Exp'
    """
    return node.name().split("::")[-1].removesuffix("0").removesuffix("Backward")


def choose_rules(graph: Graph, forward: list[Node], composite: Composite, modules: Mapping[str, nn.Module],
                 flat_below: int) -> dict[Op, Rule]:
    """Return the rule of each operation; those without one are left out."""
    rules: dict[Op, Rule] = {}
    after_affine: dict[Node, bool] = {}
    dead: set[Node] = set()  # nodes from which relevance goes nowhere
    for node in forward:
        op = graph.ops.get(node)
        sources = graph.sources(node)
        before = any(after_affine.get(source, False) for source, _ in sources)
        if sources and all(source in dead for source, _ in sources):
            dead.add(node)
        affine = op is not None and op.kind in AFFINE
        after_affine[node] = before or affine
        if op is None or op in rules:
            continue
        if op.kind in ("product", "attention"):
            find_gate(graph, op, dead, composite.attention == "stop")
        rule = BEFORE.get(op.kind) if op.index < flat_below else None
        rule = rule or composite.choose(op, modules.get(op.module), affine and not before)
        if rule is not None:
            rules[op] = rule
            if not rule.edges(op):
                dead.add(node)
    return rules


def carried_as_relevance(steps: list[Step], preferred: bool) -> frozenset[Node]:
    """Return the nodes whose results carry R.

    They must, where some rule puts relevance where there is no activation. They may, if preferences count, where the
    rule that takes relevance is then cheaper. What moves relevance hands on the form it gets. A node that only routes
    and was not seen cannot convert, since the values are not known there: it is made to get what it must hand on,
    and its consumers convert.
    """
    found = {step.node for step in steps if preferred and step.rule is not None and step.rule.takes == "R"}
    if not found and not any(step.emits == "R" for step in steps):
        return frozenset()
    while True:
        before = len(found)
        for step in steps:
            below = [node in found for node, _ in step.edges]
            if (step.routes and any(below)) or (preferred and step.emits == "same" and below and all(below)):
                found.add(step.node)
            if not step.covered:
                continue  # its gradient is used: it gets and sends G
            gets = step.node in found
            if gets if step.moves or step.emits == "same" else step.emits == "R":
                found.update(node for node, _ in step.edges)
        if len(found) == before:
            return frozenset(found) - {step.node for step in steps if not step.covered}


KEEPS_SIGN = ("max-pool", "avg-pool")
NOT_NEGATIVE = ("relu", "relu6", "sigmoid", "hardsigmoid", "softmax", "abs", "square", "softplus")
ADDS_CONSTANTS = ("pad", "constant_pad_nd", "masked_fill", "where", "copy", "setitem", "index_put", "fill", "scatter",
                  "masked_scatter", "index_fill", "cat", "stack")


def note_signs(steps: list[Step], forced: frozenset[Node]) -> None:
    """Note where signs are known: results that a relu alone takes, operands that are not negative.

    A relu hands back relevance of positive entries only, unless it was forced to get some for others.
    """
    takers: dict[Node, list[bool]] = {}
    for step in steps:
        for node, _ in step.edges:
            takers.setdefault(node, []).append(
                step.op is not None and bool(step.op.details.get("rectifies"))
                and (isinstance(step.rule, Derivative) or (isinstance(step.rule, Pass) and step.node not in forced)))
    not_negative: set[Node] = set()
    for step in reversed(steps):
        op = step.op
        if op is None:
            continue
        below = bool(op.edges) and all(node in not_negative for node, _ in op.edges)
        keeps = op.kind in KEEPS_SIGN or (op.details.get("moves") and op.name not in ADDS_CONSTANTS) \
            or (op.kind == "sum" and op.name in ("add", "sum", "mean"))
        if op.name in NOT_NEGATIVE or (below and keeps):
            not_negative.add(step.node)
        op.rectified = all(takers.get(step.node, [False]))
        if op.map is not None and isinstance(step.rule, Signed):
            op.nonnegative = below or float(op.x.amin()) >= 0
