"""Who wins a maximum, who shares a window, who is near in a channel window."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from assay.explain.op import Op

Values = tuple[Tensor | None, ...]


def winners(op: Op, value: Tensor) -> Values:
    """Return what the operands of a maximum get: all of it goes to the first of equals."""
    if op.name in ("maximum", "minimum", "max", "min", "fmax", "fmin") and len(op.edges) == 2:
        return _of_two(op, value)
    shared = op.details.get("shared")
    return op.native(value) if shared is None else (_first(op, value, shared["dim"]),)


def _of_two(op: Op, value: Tensor) -> Values:
    a, b = op.inputs
    if a.shape != b.shape:
        return op.native(value)
    first = a >= b if "max" in op.name else a <= b
    return value * first, value * ~first


def _first(op: Op, value: Tensor, dim: int | tuple[int, ...] | None) -> Tensor:
    """Spread an extremum over axes back to the first entry that attains it."""
    x = op.x
    axes = range(x.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    gone = sorted(axis % x.ndim for axis in axes)
    order = [axis for axis in range(x.ndim) if axis not in gone] + gone
    rows = x.permute(order)
    flat = rows.flatten(x.ndim - len(gone))
    index = flat.argmin(-1, keepdim=True) if "min" in op.name else flat.argmax(-1, keepdim=True)
    one = torch.zeros_like(flat).scatter_(-1, index, 1.0).reshape(rows.shape)
    mask = one.permute([order.index(axis) for axis in range(x.ndim)])
    lead = value.shape[: value.ndim - op.out.ndim]
    return value.reshape(*lead, *(1 if axis in gone else size for axis, size in enumerate(x.shape))) * mask


def evenly(op: Op, value: Tensor) -> Values:
    """Return what a pool's inputs get if all entries of a window share alike."""
    if op.kind == "avg-pool" or "window" not in op.details or op.details["dilation"] not in (1, (1, 1), (1, 1, 1)):
        return op.native(value)
    pool = getattr(F, f"avg_pool{op.details['axes']}d")
    with torch.enable_grad():
        x = torch.zeros_like(op.x).requires_grad_()
        z = pool(x, count_include_pad=False, **op.details["window"])
    rows = value if value.ndim > z.ndim else value[None]
    back = torch.stack([torch.autograd.grad(z, x, row, retain_graph=True)[0] for row in rows])
    return (back if value.ndim > z.ndim else back[0],)


def neighbours(value: Tensor, size: int, axis: int, transposed: bool = False) -> Tensor:
    """Return the sum over the `size` channels around each; transposed: over those whose window holds it."""
    before, after = size // 2, (size - 1) // 2
    pads = (after, before) if transposed else (before, after)
    return F.pad(value.movedim(axis, -1), pads).unfold(-1, size, 1).sum(-1).movedim(-1, axis)
