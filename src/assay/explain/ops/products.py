"""Products of tensors: scales, gates, matrix products, contractions, divisions."""

from __future__ import annotations

from typing import Any

from assay.explain.op import Op, edge_of, on_path
from assay.explain.ops.affine import constant_einsum, constant_matrix
from assay.explain.ops.call import Call, describes
from assay.explain.ops.elementwise import scale


def _operands(call: Call, name: str = "other") -> tuple[Any, Any]:
    return call.args[0], call.args[1] if len(call.args) > 1 else call.kwargs[name]


def product(call: Call, a: Any, b: Any, matrices: bool) -> Op:
    """Describe a product of two tensors on the path; `operands` says which edge is which."""
    return call.op("product", operands=(edge_of(a), edge_of(b)), matrices=matrices)


@describes("mul", "multiply")
def multiplication(call: Call) -> Op:
    """A product entry by entry; with a constant it is a scale."""
    a, b = _operands(call)
    return product(call, a, b, matrices=False) if on_path(a) and on_path(b) else scale(call)


@describes("div", "divide", "true_divide")
def division(call: Call) -> Op | None:
    """A quotient: a denominator on the path is a constant to the rules."""
    a, b = _operands(call)
    if call.kwargs.get("rounding_mode") is not None:
        return None
    if not on_path(b):
        return scale(call)
    return call.op("division", numerator=edge_of(a)) if on_path(a) else call.op("statistic")


@describes("matmul", "mm", "bmm", "mv", "dot")
def matrix_product(call: Call) -> Op:
    """A matrix product; with a constant it is a dense layer."""
    a, b = _operands(call, "mat2" if "mat2" in call.kwargs else "other")
    return product(call, a, b, matrices=True) if on_path(a) and on_path(b) else constant_matrix(call, a, b)


@describes("baddbmm")
def shifted_product(call: Call) -> Op | None:
    """A constant plus a product of matrices, as attention scores are written."""
    a = call.bind("input", "batch1", "batch2")
    if on_path(a.input) or not (on_path(a.batch1) and on_path(a.batch2)):
        return None
    return product(call, a.batch1, a.batch2, matrices=True)


@describes("einsum")
def contraction(call: Call) -> Op | None:
    """A contraction of two tensors."""
    equation, operands = call.args[0], tuple(call.args[1])
    if len(operands) == 1:
        return call.op("sum")
    if len(operands) != 2:
        return None
    if all(on_path(value) for value in operands):
        return product(call, operands[0], operands[1], matrices=True)
    return constant_einsum(call, equation, operands)
