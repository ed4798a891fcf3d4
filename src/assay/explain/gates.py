"""Gates: the factor of a product that only says how much of the other passes."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from torch.autograd.graph import Node

from assay.explain.op import Edge, Op
from assay.explain.ops.elementwise import GATES

if TYPE_CHECKING:
    from assay.explain.plan import Graph

DEEPEST = 24  # operations of one activation that is written out


def find_gate(graph: Graph, op: Op, dead: Set[Node], activations: bool = False) -> None:
    """Note in an operation's details which factor is a gate, if one is.

    ``gate`` is that factor's edge. ``own`` says that it is a function, entry by entry, of the very signal: together
    they are an activation, such as x sigmoid(x).

    Parameters
    ----------
    graph : Graph
        What ran.
    op : Op
        A product.
    dead : set of nodes
        Whose results get no relevance: the factor that such a node makes is a constant.
    activations : bool
        Count the output of any activation as a gate, as in gated linear units.
    """
    op.details.pop("gate", None)
    op.details.pop("own", None)
    operands: tuple[Edge, ...] = op.details.get("operands", ())
    if len(set(operands)) < 2:
        return
    for operand in operands:
        if operand[0] in dead:
            op.details.update(gate=operand, own=True)
            return
    for gate, signal in (operands[::-1], operands):
        if not op.details["matrices"] and _is_function_of(graph, gate, _scaled_forms(graph, signal)):
            op.details.update(gate=gate, own=True)
            return
    for names in (GATES, None) if activations else (GATES,):
        kinds = [_made_by(graph, operand, names) for operand in operands]
        if any(kinds) and not all(kinds):
            op.details["gate"] = operands[kinds.index(True)]
            return


def _made_by(graph: Graph, edge: Edge, names: tuple[str, ...] | None) -> bool:
    """Tell whether an operand is the (moved) output of one of the named operations; None: of any activation."""
    op = graph.ops.get(edge[0])
    while op is not None and op.details.get("moves") and len(op.edges) == 1:
        op = graph.ops.get(op.edges[0][0])
    return op is not None and (op.kind == "activation" if names is None else op.name in names)


def _scaled_forms(graph: Graph, edge: Edge) -> set[Edge]:
    """Return the edge and what it is a multiple of."""
    found = {edge}
    op = graph.ops.get(edge[0])
    while op is not None and op.kind == "scale" and op.name in ("mul", "multiply", "div", "divide", "true_divide"):
        edge = op.edges[0]
        found.add(edge)
        op = graph.ops.get(edge[0])
    return found


def _is_function_of(graph: Graph, edge: Edge, signals: set[Edge]) -> bool:
    """Tell whether an operand is computed entry by entry from one of the signals alone."""
    waiting, seen, steps = [edge], 0, 0
    while waiting:
        edge = waiting.pop()
        if edge in signals:
            seen += 1
            continue
        op, steps = graph.ops.get(edge[0]), steps + 1
        if op is None or steps > DEEPEST or not _entry_by_entry(op):
            return False
        waiting += op.edges
    return seen > 0 and steps > 0


def _entry_by_entry(op: Op) -> bool:
    return op.kind in ("activation", "scale") or (op.kind == "product" and not op.details["matrices"]) \
        or (op.kind == "sum" and op.name in ("add", "sub", "rsub", "subtract"))
