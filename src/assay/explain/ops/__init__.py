"""Which operations there are, in groups: operation -> what describes it to the rules."""

from assay.explain.ops import affine, attention, elementwise, norms, pools, products, routing, sums
from assay.explain.ops.call import DESCRIBERS, Call
from assay.explain.ops.written import WRITTEN

__all__ = ["DESCRIBERS", "WRITTEN", "Call", "affine", "attention", "elementwise", "norms", "pools", "products",
           "routing", "sums"]
