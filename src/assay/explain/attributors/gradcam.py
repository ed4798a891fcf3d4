"""Grad-CAM: a layer's channels weighted by their mean gradient."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from assay.core.errors import AssayError
from assay.explain.ask import Ask
from assay.explain.attribution import Attribution
from assay.explain.attributors.gradient import slopes
from assay.explain.attributors.relevance import Lrp, totals
from assay.explain.compiled import modules_of
from assay.explain.report import Report
from assay.explain.trace import Trace

MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


@dataclass(frozen=True)
class GradCam:
    """Grad-CAM (Selvaraju et al. 2017), or times guided backpropagation.

    Parameters
    ----------
    layer : str, optional
        A module that returns [N, C, places ...]; by default the last with more than one place.
    guided : bool
        Multiply the scaled-up map by guided backpropagation.
    """

    layer: str | None = None
    guided: bool = False
    name: str = "gradcam"

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""
        if ask.inputs.are_tokens:
            raise AssayError(f"{self.name} needs an input with places, [N, C, ...]; this one holds token ids",
                             "use input-x-gradient or lrp")
        every = list(modules_of(ask.model)) if self.layer is None else [self.layer]
        trace = ask.trace(clone=True, watched=[*every, *ask.settings.watched])
        layer = spatial_layer(trace) if self.layer is None else self.layer
        value = trace.watched(layer).value
        if value.ndim < 3:
            raise AssayError(f"layer {layer!r} returns {tuple(value.shape)}, expected [N, C, places ...]",
                             "choose a convolution or a pool")
        objective = ask.objective(trace.output)
        asked = replace(ask, settings=replace(ask.settings, layers=[*ask.settings.layers, layer]))
        found = slopes(asked, trace, objective.gradient)
        places = tuple(range(value.ndim - 2, 0, -1))
        weights = found.layers[layer].mean([-axis for axis in places], keepdim=True)
        map_ = (weights * value).sum(1 - value.ndim, keepdim=True).relu()
        relevance = scaled_up(map_, ask.inputs.explained)
        if self.guided:
            relevance = relevance * Lrp("guided-backprop").attribute(
                replace(ask, settings=replace(ask.settings, layers=[]))).relevance
        output = trace.output.detach()
        layers = {**{name: found.layers[name] for name in ask.settings.layers}, layer: map_}
        start = output * objective.gradient
        report = Report(self.name, sum_out=totals(start, start.ndim - output.ndim),
                        sum_in=totals(relevance, int(ask.many)), notes=[f"layer {layer}"])
        return Attribution(relevance, output, objective.index, layers, report=report, many=ask.many)


def spatial_layer(trace: Trace) -> str:
    """Return the module that last returned [N, C, places ...] with more than one place."""
    found = [name for name, kept in trace.outputs.items()
             if name and kept.edge is not None and kept.value.ndim >= 3 and kept.value[0, 0].numel() > 1
             and len(kept.value) == len(trace.output)]
    if not found:
        raise AssayError("no module of the model returns [N, C, places ...] with more than one place",
                         "this method needs a convolutional network")
    return found[-1]


def scaled_up(map_: Tensor, x: Tensor) -> Tensor:
    """Return a map [..., N, 1, h, w] at the input's spatial size, linear between the places."""
    axes = x.ndim - 2
    lead = map_.shape[:-axes - 1] if axes else map_.shape
    if axes not in MODES or map_.ndim < x.ndim:
        raise AssayError(f"a map {tuple(map_.shape)} cannot be scaled to an input {tuple(x.shape)}",
                         "choose a layer with as many spatial axes as the input")
    flat = map_.reshape(-1, 1, *map_.shape[-axes:])
    with torch.no_grad():
        scaled = F.interpolate(flat, size=x.shape[2:], mode=MODES[axes], align_corners=False)
    return scaled.reshape(*lead, 1, *x.shape[2:])
