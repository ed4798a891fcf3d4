"""Where relevance sits at few places of a result (one token of many): a matrix is applied to these alone."""

from __future__ import annotations

from collections.abc import Sequence

from torch.autograd.graph import Node

from assay.explain.plan import Step

SELECTS = ("getitem", "select", "narrow", "slice", "index_select", "index", "gather", "take_along_dim")
PLACE_BY_PLACE = ("linear", "layer-norm", "activation", "scale", "sum", "division")


def note_places(steps: Sequence[Step]) -> None:
    """Note which dense layers look for places without relevance: those where most have none as a rule.

    That is so above a selection of places, or of the position that is explained, up to an operation that mixes places.
    What is noted here says only where looking pays: the layer looks, so relevance is the same if this is wrong.

    Parameters
    ----------
    steps : sequence of Step
        From the output to the input.
    """
    few: dict[Node, bool] = {}  # whether all that takes a result sends relevance to few of its places
    for step in steps:
        op = step.op
        here = few.get(step.node, op is not None and op.out.ndim > 2)  # of the output, one position is explained
        on = op is not None and (op.name in SELECTS or (here and op.kind in PLACE_BY_PLACE))
        if op is not None and here and op.kind == "linear":
            op.few = True
        for node, _ in step.edges:
            few[node] = few.get(node, True) and on
