"""Operations that pick the largest entry."""

from __future__ import annotations

from assay.explain.op import Op, on_path
from assay.explain.ops.call import Call, describes
from assay.explain.ops.sums import window


@describes("max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices", "max_pool2d_with_indices",
           "max_pool3d_with_indices")
def max_pool(call: Call) -> Op:
    """The maximum over windows; torch's own gradient goes to the first of equals."""
    a = call.bind("input", "kernel_size", stride=None, padding=0, dilation=1, ceil_mode=False)
    axes = int(call.name[8])
    return call.op("max-pool", window=window(a, axes), axes=axes, dilation=a.dilation)


@describes("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "fractional_max_pool2d",
           "fractional_max_pool3d")
def adaptive_max_pool(call: Call) -> Op:
    """The maximum over windows that cover the input."""
    return call.op("max-pool")


@describes("amax", "amin", "max", "min")
def extremum(call: Call) -> Op:
    """The largest or smallest entry: along axes, of the whole tensor, or of two tensors entry by entry."""
    a = call.bind("input", dim=None, keepdim=False)
    if on_path(a.dim) or "other" in call.kwargs:
        return call.op("max-pool")
    with_indices = call.name in ("max", "min") and a.dim is not None
    # With an axis, torch's gradient goes to the first of equals; without indices it is shared by all of them.
    shared = None if with_indices else {"dim": a.dim if a.dim != () else None, "keepdim": a.keepdim}
    return call.op("max-pool", shared=shared)


@describes("maximum", "minimum", "fmax", "fmin")
def pairwise(call: Call) -> Op:
    """The larger of two entries."""
    return call.op("max-pool")
