"""Sums of what is on the path, and averages."""

from __future__ import annotations

from typing import Any

from assay.explain.op import Op, on_path
from assay.explain.ops.affine import as_tuple
from assay.explain.ops.call import Call, describes
from assay.explain.ops.elementwise import scale


@describes("add", "sub", "subtract", "rsub", "neg", "negative")
def addition(call: Call) -> Op:
    """A sum or a difference; with a constant it is a shift."""
    if call.name in ("neg", "negative"):
        return scale(call)
    a = call.bind("input", "other", alpha=1)
    if on_path(a.input) and on_path(a.other):
        return call.op("sum", exact=a.alpha == 1 and len(call.sources) == 2)
    minus_first, minus_other = call.name == "rsub", call.name in ("sub", "subtract")
    if on_path(a.input):
        return scale(call, -a.alpha * a.other if minus_other else a.other if minus_first else a.alpha * a.other)
    return scale(call, -a.alpha * a.input if minus_first else a.input)


@describes("sum", "mean", "cumsum", "scatter_add", "index_add", "segment_reduce", "col2im")
def total(call: Call) -> Op:
    """A sum over axes, or many sums."""
    return call.op("sum")


@describes("avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
           "adaptive_avg_pool3d")
def average_pool(call: Call) -> Op:
    """A mean over windows."""
    return call.op("avg-pool")


def window(arguments: Any, axes: int) -> dict[str, Any]:
    """Return a pool's window as average pools take it."""
    kernel = as_tuple(arguments.kernel_size, axes)
    given = arguments.stride
    stride = kernel if given is None or (not isinstance(given, int) and len(given) == 0) else as_tuple(given, axes)
    return {"kernel_size": kernel, "stride": stride, "padding": as_tuple(arguments.padding, axes),
            "ceil_mode": arguments.ceil_mode}
