"""The account of a pass: a line for every operation, books of relevance, relevance of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from assay.explain.compiled import parameters_of
from assay.explain.flow import Flow
from assay.explain.op import Books, Op
from assay.explain.plan import Plan
from assay.explain.report import Line
from assay.explain.walk import Watch

ROUNDING = {torch.float64: 1e-12, torch.float32: 1e-4}  # of the size of relevance; shorter numbers:
ROUGH = 0.1


def once(plan: Plan) -> dict[Op, Any]:
    """Return each operation of a plan with its rule, in the order in which they ran."""
    found = {step.op: step.rule for step in plan.steps if step.op is not None}
    return dict(sorted(found.items(), key=lambda item: item[0].index))


def lines_of(ran: Mapping[Op, Any]) -> list[Line]:
    """Return the lines of a report."""
    rules = {id(rule): rule for rule in ran.values()}  # many operations share one
    names = {key: "gradient" if rule is None else repr(rule) for key, rule in rules.items()}
    shapes: dict[tuple[int, ...], tuple[int, ...]] = {}  # few: a copy for every tensor keeps garbage collection busy

    def shape(x: Tensor) -> tuple[int, ...]:
        return shapes.setdefault(x.shape, x.shape)

    return [Line(op.index, op.name, op.module, names[id(rule)], [shape(x) for x in op.inputs], shape(op.out))
            for op, rule in ran.items()]


def open_books(ran: Mapping[Op, Any], weights: bool) -> dict[Op, Books]:
    """Give each operation a book, and return them."""
    books: dict[Op, Books] = {}
    for op in ran:
        op.books = books[op] = Books(weights=weights)
    return books


def bookkeeper(books: Mapping[Op, Books]) -> Watch:
    """Return what books relevance that comes and goes."""

    def book(op: Op, flow: Flow | None, sent: list[tuple[Flow, Tensor]]) -> None:
        found = [totalled(each.relevance(value)) for each, value in sent]
        went, size = (sum(column) for column in zip((0.0, 0.0), *found, strict=True))
        came, more = (went, 0.0) if flow is None else totalled(flow.relevance(op.out))
        books[op].r_out += came
        books[op].r_in += went
        books[op].size += size + more
        if op.details.get("moves"):  # the rest sits on constants that were joined in
            books[op].bias += came - went

    return book


def totalled(r: Tensor) -> tuple[float, float]:
    """Return the sum of relevance, and of its absolute values."""
    kind = r.dtype if r.dtype in ROUNDING else torch.float32
    return float(r.sum(dtype=kind)), float(r.abs().sum(dtype=kind))


def enter(lines: Sequence[Line], books: Mapping[Op, Books]) -> None:
    """Write the books into the lines of the same operations."""
    for line, (op, book) in zip(lines, books.items(), strict=True):
        lost = book.r_out - book.r_in - book.bias - book.stabiliser
        line.audit = {"r_out": book.r_out, "r_in": book.r_in, "bias": book.bias, "stabiliser": book.stabiliser,
                      "lost": lost}
        line.rounding = book.size * ROUNDING.get(op.out.dtype, ROUGH)


def gathered(books: Mapping[Op, Books], model: nn.Module, weights: Sequence[str], many: int) -> dict[str, Tensor]:
    """Return relevance of parameters, of all operations that used them, in the parameters' shapes."""
    if not weights:
        return {}
    parameters = parameters_of(model)
    wanted = {parameters[name].data_ptr(): name for name in weights}
    found: dict[str, Tensor] = {}
    for op, book in books.items():
        own = (op.parts[0] if op.parts else op).map
        name = None if own is None else wanted.get(own.weight.data_ptr())
        if name is None or own is None or not book.credits:
            continue
        credit = book.total(own.weight.ndim, many)
        if own.weight.stride() != parameters[name].stride():  # the operation took it transposed
            credit = credit.transpose(-1, -2)
        key = name.removesuffix(".weight")
        found[key] = found[key] + credit if key in found else credit
    return found
