"""Softmax and fused attention."""

from __future__ import annotations

from assay.explain.op import Op, edge_of, on_path
from assay.explain.ops.call import Call, describes


@describes("softmax", "log_softmax", "softmin")
def softmax(call: Call) -> Op:
    """A softmax, or its logarithm."""
    return call.op("softmax")


@describes("scaled_dot_product_attention")
def attention(call: Call) -> Op | None:
    """softmax(q k^T) v in one operation."""
    a = call.bind("query", "key", "value", attn_mask=None)
    if on_path(a.attn_mask):
        return None
    roles = {edge_of(t): role for role, t in (("query", a.query), ("key", a.key), ("value", a.value)) if on_path(t)}
    return call.op("attention", roles=roles)
