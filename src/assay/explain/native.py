"""Autograd's own gradient of single nodes: no further than the operands, and nothing is stored in `.grad`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

Edge = tuple[Node, int]
Gradients = tuple[Tensor | None, ...]


def call_node(node: Node, given: Mapping[int, Tensor]) -> list[tuple[Edge, Tensor]]:
    """Return what a node sends to each of its operands, given gradients of some of its results.

    This is one step of autograd's engine, which also brings gradients into the operand's shape and type.
    """
    found = []
    for (source, nr), g in zip(node.next_functions, _called(node, given), strict=True):
        if source is not None and g is not None:
            meta = source._input_metadata[nr]
            found.append(((source, nr), _fitted(g, tuple(meta.shape), meta.dtype)))  # it is a list there
    return found


def _called(node: Node, given: Mapping[int, Tensor]) -> Sequence[Tensor | None]:
    if isinstance(node, BackwardCFunction):
        return _call_python(node, given)
    results = len(node._input_metadata)
    back = node(given[0]) if results == 1 else node(*(given.get(nr) for nr in range(results)))
    return back if isinstance(back, tuple) else (back,)


def call_at_once(node: Node, given: Mapping[int, Tensor], stops: Sequence[Edge],
                 values: Sequence[Tensor]) -> Gradients | None:
    """Return what `carry` does where one node is all of the operation, as is most often so; None where it is not.

    `values` are the operands', whose shapes and types gradients are brought into without asking autograd for them.
    """
    ends = node.next_functions
    for edge in ends:
        if edge[0] is not None and edge not in stops:
            return None
    found: list[Tensor | None] = [None] * len(stops)
    for edge, g in zip(ends, _called(node, given), strict=True):
        if edge[0] is None or g is None:
            continue
        at = stops.index(edge)
        g, before = _fitted(g, values[at].shape, values[at].dtype), found[at]
        found[at] = g if before is None else before + g
    return tuple(found)


def _call_python(node: BackwardCFunction, given: Mapping[int, Tensor]) -> list[Tensor | None]:
    """Call the backward of a custom autograd Function; its results are those of all arguments, not of tensors only."""
    grads = [given[nr] if nr in given else torch.zeros(tuple(meta.shape), dtype=meta.dtype, device=meta.device)
             for nr, meta in enumerate(node._input_metadata)]
    back = node.apply(*grads)
    each = iter(back if isinstance(back, tuple) else (back,))
    needed = iter([g for g, wanted in zip(each, node.needs_input_grad, strict=False) if wanted])
    return [None if source is None else next(needed) for source, _ in node.next_functions]


def _fitted(g: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    g = g if g.shape == shape else g.sum_to_size(shape)
    return g if g.dtype == dtype else g.to(dtype)


def carry(given: Mapping[Edge, Tensor], stops: Sequence[Edge]) -> Gradients:
    """Return the gradients that arrive at `stops`, given those of some results; nothing goes past a stop.

    Operands may depend on each other: each gets what the operation itself sends there. Call it under `no_grad`.
    """
    arrived: dict[Edge, Tensor] = {}
    pending = dict(given)
    for node in _order({node for node, _ in given}, frozenset(stops)):
        at_node = {nr: pending.pop((node, nr)) for nr in range(len(node._input_metadata)) if (node, nr) in pending}
        for edge, g in call_node(node, at_node) if at_node else ():
            goal = arrived if edge in stops else pending
            goal[edge] = goal[edge] + g if edge in goal else g
    return tuple(arrived.get(edge) for edge in stops)


def _order(starts: Iterable[Node], stops: frozenset[Edge]) -> list[Node]:
    """Return the nodes between starts and stops, each after all that send it something."""
    found: list[Node] = []
    done: set[Node] = set()
    stack = [(node, False) for node in starts]
    if len(stack) == 1 and stops.issuperset(edge for edge in stack[0][0].next_functions if edge[0] is not None):
        return [stack[0][0]]  # as is most often so
    while stack:
        node, left = stack.pop()
        if left:
            found.append(node)
        elif node not in done:
            done.add(node)
            stack.append((node, True))
            stack += [(source, False) for source, nr in node.next_functions
                      if source is not None and (source, nr) not in stops and source not in done]
    return found[::-1]


def lifted(edge: Edge, g: Tensor) -> bool:
    """Tell whether a gradient has one axis more than the result it belongs to: one row for each of many passes."""
    return g.ndim > len(edge[0]._input_metadata[edge[1]].shape)


def carry_rows(given: Mapping[Edge, Tensor], stops: Sequence[Edge]) -> Gradients:
    """Return what `carry` does, row by row where a gradient has one axis more than the result it belongs to."""
    many = {edge for edge, g in given.items() if lifted(edge, g)}
    if not many:
        return carry(given, stops)
    count = len(given[next(iter(many))])
    rows = [carry({edge: g[m] if edge in many else g for edge, g in given.items()}, stops) for m in range(count)]
    return tuple(None if column[0] is None else torch.stack([item for item in column if item is not None])
                 for column in zip(*rows, strict=True))
