"""Batch norm merged into the affine operation before it: on the fly, or in a copy of the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node

from assay.explain.composites import AFFINE
from assay.explain.maps import Conv, Dense
from assay.explain.op import Edge, Op

BOUNDS = {torch.float64: 1e-9}  # of the largest output; float32 and shorter:
BOUND = 1e-4
SMALLEST = 1e-10  # factor of a batch norm that is divided by


@dataclass
class Merged:
    """Operations after merging.

    Parameters
    ----------
    ops : mapping node -> Op
        A batch norm on an affine operation is replaced by one that does both; it takes the affine one's operands.
    aliases : mapping edge -> edge
        Results of affine operations that were merged -> results of the merged operations.
    canonized : list of dict
        For the report.
    """

    ops: dict[Node, Op]
    aliases: dict[Edge, Edge] = field(default_factory=dict)
    canonized: list[dict[str, Any]] = field(default_factory=list)


Checked = dict[tuple[str, str, int], float]


def merge(ops: dict[Node, Op], checked: Checked) -> Merged:
    """Merge every batch norm in evaluation mode into the affine operation whose result it takes.

    Parameters
    ----------
    ops : mapping node -> Op
        What ran.
    checked : dict
        Differences that were measured before; what is not in it is measured on one sample and entered.
    """
    found = Merged(dict(ops))
    for node, norm in ops.items():
        if norm.kind != "batch-norm":
            continue
        affine = ops.get(norm.edges[0][0])
        both = None if affine is None else merged(affine, norm)
        if affine is None or both is None:
            continue
        key = (affine.module, norm.module, affine.index)
        if key not in checked:
            checked[key] = difference(both)
        fits = checked[key] <= BOUNDS.get(norm.out.dtype, BOUND)
        found.canonized.append({"modules": [affine.module, norm.module], "difference": checked[key], "merged": fits})
        if fits:
            found.ops[node] = both
            found.aliases[affine.out_edge] = both.out_edge
    return found


def merged(affine: Op, norm: Op) -> Op | None:
    """Return an affine operation and the batch norm on it as one operation, or None.

    W' = W g / sqrt(v + eps) and b' = (b - m) g / sqrt(v + eps) + beta are not formed: the operation keeps its weight,
    and the factor of each output becomes its scale. Where a factor is negative, the weight changes sign; where one
    is 0, the weight is multiplied after all.
    """
    if affine.kind not in AFFINE or not isinstance(affine.map, Conv | Dense) or norm.map is None or norm.bias is None:
        return None
    if isinstance(affine.map, Dense) and norm.out.ndim != 2:
        return None
    factor, shift = norm.map.weight.flatten(), norm.bias.flatten()
    map_, scale = affine.map, affine.map.broadcast(factor.abs())
    bias = map_.broadcast(shift)
    if bool((factor.abs() < SMALLEST).any()):
        bias = bias if affine.bias is None else affine.bias * map_.broadcast(factor) + bias
        map_, scale = map_.scaled(factor), None
    else:
        bias = bias / scale if affine.bias is None else affine.bias * map_.broadcast(factor.sign()) + bias / scale
        map_ = map_ if bool((factor > 0).all()) else map_.scaled(factor.sign())
    return Op(affine.name, affine.kind, affine.module, affine.index, affine.inputs, affine.edges, norm.out,
              norm.out_edge, map_, bias, scale, parts=(affine, norm))


def difference(both: Op) -> float:
    """Return how far the merged map is from what ran, on one sample, relative to the largest output."""
    assert both.map is not None
    assert both.bias is not None
    mine: Tensor = both.map.push(both.x[:1], both.map.weight) + both.bias
    mine = mine if both.scale is None else mine * both.scale
    run = both.out[:1]
    largest = float(run.abs().max())
    return float((mine - run).abs().max()) / (largest or 1.0)
