"""Occlusion: what the output loses when a window of the input is hidden."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.ask import Ask
from assay.explain.attribution import Attribution
from assay.explain.attributors.gradient import chunks
from assay.explain.attributors.relevance import totals
from assay.explain.numbers import finite, whole
from assay.explain.report import Report
from assay.explain.targets import pick_output

Box = tuple[slice, ...]


@dataclass(frozen=True)
class Occlusion:
    """f(x) - f(x with a window at the baseline) (Zeiler and Fergus 2014); a position takes the mean of its windows.

    Parameters
    ----------
    window, stride : int or sequence of ints
        Over the axes of one sample; one int is for all axes but the channel, which is covered whole.
    baseline : float
        What a window is filled with.
    batch : int
        Windows in one forward pass.
    """

    window: int | Sequence[int] = 1
    stride: int | Sequence[int] | None = None
    baseline: float = 0.0
    batch: int = 32
    name: str = "occlusion"

    def __post_init__(self) -> None:
        whole("batch", self.batch)
        finite("baseline", self.baseline)

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""
        x = ask.inputs.explained
        with torch.no_grad():
            output = pick_output(ask.inputs.call(ask.model, x)).detach()
            objective = ask.objective(output)
            weight = objective.gradient if ask.settings.many else objective.gradient[None]
            boxes = list(self.boxes(x.shape[1:], ask.inputs.are_tokens))
            total = x.new_zeros((len(weight), *x.shape), dtype=output.dtype)
            covered = x.new_zeros(x.shape[1:], dtype=output.dtype)
            for first, count in chunks(len(boxes), self.batch):
                part = boxes[first:first + count]
                drops = self._drops(ask, x, output, weight, part)
                for box, drop in zip(part, drops.unbind(1), strict=True):
                    total[(slice(None), slice(None), *box)] += drop.reshape(*drop.shape, *(1,) * (x.ndim - 1))
                    covered[box] += 1
        total = total / covered.clamp(min=1)
        relevance = total if ask.settings.many else total[0]
        start = output * objective.gradient
        report = Report(self.name, sum_out=totals(start, start.ndim - output.ndim),
                        sum_in=totals(relevance, int(ask.settings.many)))
        return Attribution(relevance, output, objective.index, report=report, many=ask.settings.many)

    def _drops(self, ask: Ask, x: Tensor, output: Tensor, weight: Tensor, boxes: list[Box]) -> Tensor:
        """Return what hiding each box takes from each target, [M, boxes, N]."""
        hidden = x.repeat(len(boxes), *(1,) * (x.ndim - 1)).reshape(len(boxes), *x.shape)
        for i, box in enumerate(boxes):
            hidden[(i, slice(None), *box)] = self.baseline
        found = pick_output(ask.inputs.repeated(len(boxes)).call(ask.model, hidden.flatten(0, 1)))
        change = output - found.reshape(len(boxes), *output.shape)
        lost = change[None] * weight[:, None]
        return lost.flatten(3).sum(-1) if output.ndim > 1 else lost

    def boxes(self, shape: Sequence[int], tokens: bool = False) -> Iterator[Box]:
        """Yield the windows of a sample of `shape`; the last one along an axis is cut at the border."""
        window = _per_axis("window", self.window, shape, tokens)
        stride = window if self.stride is None else _per_axis("stride", self.stride, shape, tokens)
        sides = [[slice(start, min(start + w, size)) for start in range(0, _last(size, w, s) + 1, s)]
                 for size, w, s in zip(shape, window, stride, strict=True)]
        yield from itertools.product(*sides)


def _last(size: int, window: int, stride: int) -> int:
    """Return the largest start that is needed to reach the border."""
    return -(-max(size - window, 0) // stride) * stride


def _per_axis(name: str, value: int | Sequence[int], shape: Sequence[int], tokens: bool) -> tuple[int, ...]:
    """Return one number an axis; one int leaves the channel axis, if there is one, whole."""
    if isinstance(value, int) and not isinstance(value, bool):
        channel = len(shape) > 1 and not tokens
        found = (shape[0], *(value,) * (len(shape) - 1)) if channel else (value,) * len(shape)
    else:
        found = tuple(value) if isinstance(value, tuple | list) else ()
    if len(found) != len(shape) or not all(isinstance(v, int) and v >= 1 for v in found):
        raise AssayError(f"{name}={value!r}, expected an int of at least 1, or {len(shape)} of them for an input of "
                         f"{tuple(shape)}")
    return found
