"""Batch norm merged into the affine operation before it: on the fly, or in a copy of the model."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from assay.core.errors import AssayError, did_you_mean
from assay.explain.compiled import modules_of
from assay.explain.composites import AFFINE
from assay.explain.inputs import Inputs, check_model, read_inputs
from assay.explain.maps import Conv, Dense
from assay.explain.op import Edge, Op
from assay.explain.targets import pick_output
from assay.explain.trace import trace

BOUNDS = {torch.float64: 1e-9, torch.float16: 1e-2, torch.bfloat16: 5e-2}  # of the largest output; float32:
BOUND = 1e-4
SMALLEST = 1e-10  # factor of a batch norm that is divided by
MERGEABLE = (_ConvNd, nn.Linear)


@dataclass
class Merged:
    """Operations after merging.

    Parameters
    ----------
    ops : mapping node -> Op
        A batch norm on an affine operation is replaced by one that does both; it takes the affine one's operands.
    aliases : mapping edge -> Op
        Results of affine operations that were merged -> the merged operations.
    canonized : list of dict
        For the report.
    """

    ops: dict[Node, Op]
    aliases: dict[Edge, Op] = field(default_factory=dict)
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
            found.aliases[affine.out_edge] = both
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
              norm.out_edge, map_, bias, scale, parts=(affine, norm), clipped=norm.clipped)


def difference(both: Op) -> float:
    """Return how far the merged map is from what ran, on one sample, relative to the largest output."""
    assert both.map is not None
    assert both.bias is not None
    mine: Tensor = both.map.push(both.x[:1], both.map.weight) + both.bias
    mine = mine if both.scale is None else mine * both.scale
    mine = mine.clamp(min=0) if both.clipped else mine
    run = both.out[:1]
    largest = float(run.abs().max())
    return float((mine - run).abs().max()) / (largest or 1.0)


Pairs = Sequence[tuple[str, str]]


def canonize(model: nn.Module, inputs: Any, pairs: Pairs | None = None) -> nn.Module:
    """Return a copy of a model with batch norms merged into the layers before them; each becomes an identity.

    Parameters
    ----------
    model : nn.Module
        In evaluation mode; it is not changed.
    inputs : Tensor [N, ...] or dict of keyword tensors
        What the pairs are found with, and the copy is compared on.
    pairs : sequence of (path of a layer, path of its batch norm), optional
        What to merge. By default: every batch norm that alone takes the result of a convolution or dense layer,
        as the data flow, where both run once.

    Raises
    ------
    AssayError
        If a pair names no layer and batch norm, or the copy's output differs by more than 1e-4 (float64: 1e-9) of the
        largest output.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).eval()
    >>> canonize(model, torch.ones(1, 3, 5, 5))[1]
    Identity()
    """
    given, module = read_inputs(inputs), check_model(model)
    chosen = found_pairs(module, given) if pairs is None else list(pairs)
    copied = copy.deepcopy(module)
    for layer, norm in chosen:
        merge_modules(copied, layer, norm)
    with torch.no_grad():
        before, after = (pick_output(given.call(each, given.explained)) for each in (module, copied))
    apart = float((after - before).abs().max()) / (float(before.abs().max()) or 1.0)
    if apart > BOUNDS.get(before.dtype, BOUND):
        raise AssayError(f"after merging {len(chosen)} batch norms the output differs by {apart:.1e} of the largest, "
                         f"expected at most {BOUNDS.get(before.dtype, BOUND):.0e}",
                         "name the pairs that belong together: pairs=[(layer, batch norm), ...]")
    return copied


def found_pairs(model: nn.Module, inputs: Inputs) -> list[tuple[str, str]]:
    """Return (layer, batch norm) paths whose modules run once, one after the other, and nothing else takes between."""
    ops = trace(model, inputs).recorder.ops
    taken = Counter(edge for op in set(ops.values()) for edge in op.edges)
    runs = Counter(op.module for op in set(ops.values()))
    modules = modules_of(model)
    found = []
    for norm in ops.values():
        affine = ops.get(norm.edges[0][0]) if norm.kind == "batch-norm" else None
        if affine is None or merged(affine, norm) is None or taken[affine.out_edge] > 1:
            continue
        if runs[affine.module] == runs[norm.module] == 1 and isinstance(modules[affine.module], MERGEABLE) \
                and isinstance(modules[norm.module], _BatchNorm):
            found.append((affine.module, norm.module))
    return found


def merge_modules(model: nn.Module, layer_path: str, norm_path: str) -> None:
    """Merge one batch norm into a layer, both of `model`, and put an identity in its place."""
    modules = modules_of(model)
    for path, kinds, what in ((layer_path, MERGEABLE, "a convolution or dense layer"),
                              (norm_path, (_BatchNorm,), "a batch norm")):
        if path not in modules:
            raise AssayError(f"no module {path!r} in the model", did_you_mean(path, modules))
        if not isinstance(modules[path], kinds):
            raise AssayError(f"module {path!r} is {type(modules[path]).__name__}, expected {what}")
    layer, norm = modules[layer_path], modules[norm_path]
    outputs = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    if norm.num_features != outputs:
        raise AssayError(f"layer {layer_path!r} has {outputs} outputs, batch norm {norm_path!r} {norm.num_features} "
                         "channels: they do not belong together")
    if norm.running_var is None or norm.running_mean is None:
        raise AssayError(f"batch norm {norm_path!r} has no running statistics: it cannot be merged")
    with torch.no_grad():
        factor = (norm.running_var + norm.eps).rsqrt()
        factor = factor if norm.weight is None else factor * norm.weight
        bias = -norm.running_mean if layer.bias is None else layer.bias - norm.running_mean
        bias = bias * factor if norm.bias is None else bias * factor + norm.bias
        layer.weight = nn.Parameter(scaled_weight(layer, factor), requires_grad=layer.weight.requires_grad)
        layer.bias = nn.Parameter(bias, requires_grad=layer.weight.requires_grad)
    parent, _, name = norm_path.rpartition(".")
    setattr(modules[parent], name, nn.Identity().eval())


def scaled_weight(layer: nn.Module, factor: Tensor) -> Tensor:
    """Return a layer's weight with every output multiplied."""
    weight: Tensor = layer.weight
    if not isinstance(layer, _ConvTransposeNd):
        return weight * factor.reshape(-1, *(1,) * (weight.ndim - 1))
    rows = weight.reshape(layer.groups, -1, *weight.shape[1:])
    return (rows * factor.reshape(layer.groups, 1, -1, *(1,) * (weight.ndim - 2))).reshape(weight.shape)
