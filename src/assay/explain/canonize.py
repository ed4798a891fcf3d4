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
    """Return W' = W g / sqrt(v + eps), b' = (b - m) g / sqrt(v + eps) + beta as one operation, or None."""
    if affine.kind not in AFFINE or not isinstance(affine.map, Conv | Dense) or norm.map is None or norm.bias is None:
        return None
    if isinstance(affine.map, Dense) and norm.out.ndim != 2:
        return None
    scale, shift = norm.map.weight.flatten(), norm.bias.flatten()
    before = affine.map.broadcast(scale)
    bias = affine.map.broadcast(shift)
    bias = bias if affine.bias is None else affine.bias * before + bias
    return Op(affine.name, affine.kind, affine.module, affine.index, affine.inputs, affine.edges, norm.out,
              norm.out_edge, affine.map.scaled(scale), bias, parts=(affine, norm))


def difference(both: Op) -> float:
    """Return how far the merged map is from what ran, on one sample, relative to the largest output."""
    assert both.map is not None
    assert both.bias is not None
    mine: Tensor = both.map.push(both.x[:1], both.map.weight) + both.bias
    run = both.out[:1]
    largest = float(run.abs().max())
    return float((mine - run).abs().max()) / (largest or 1.0)
