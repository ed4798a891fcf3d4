"""Controls: maps that know nothing of the model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.ask import Ask
from assay.explain.attribution import Attribution
from assay.explain.attributors.gradient import noise
from assay.explain.attributors.relevance import totals
from assay.explain.numbers import whole
from assay.explain.report import Report
from assay.explain.targets import pick_output


def control(ask: Ask, name: str, map_: Tensor) -> Attribution:
    """Return a map that was made without the model as an attribution of its output."""
    with torch.no_grad():
        output = pick_output(ask.inputs.call(ask.model, ask.inputs.explained)).detach()
    objective = ask.objective(output)
    many = ask.settings.many
    relevance = map_.expand(len(objective.gradient), *map_.shape).clone() if many else map_
    start = output * objective.gradient
    report = Report(name, sum_out=totals(start, start.ndim - output.ndim), sum_in=totals(relevance, int(many)))
    return Attribution(relevance, output, objective.index, report=report, many=many)


@dataclass(frozen=True)
class Random:
    """Seeded normal noise, another one for every sample."""

    random_state: int = 0
    name: str = "random"

    def __post_init__(self) -> None:
        whole("random_state", self.random_state, 0)

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""
        x = ask.inputs.explained
        like = x if x.is_floating_point() else x.float()
        return control(ask, self.name, torch.cat([noise(like, self.random_state, i) for i in range(len(x))]))


@dataclass(frozen=True)
class Edges:
    """Magnitude of the input's Sobel gradient, channel by channel."""

    name: str = "edges"

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""
        x = ask.inputs.explained
        if ask.inputs.are_tokens or not 1 <= x.ndim - 2 <= 3:
            raise AssayError(f"edges needs an input with 1 to 3 spatial axes, [N, C, ...]; found {tuple(x.shape)} of "
                             f"{x.dtype}")
        return control(ask, self.name, sobel(x))


def sobel(x: Tensor) -> Tensor:
    """Return the magnitude of the Sobel gradient over the axes from 2 on; borders are repeated."""
    axes = range(2, x.ndim)
    squares = []
    for along in axes:
        value = x
        for axis in axes:
            value = _filtered(value, axis, (-1.0, 0.0, 1.0) if axis == along else (1.0, 2.0, 1.0))
        squares.append(value.square())
    return sum(squares[1:], squares[0]).sqrt()


def _filtered(x: Tensor, axis: int, taps: tuple[float, float, float]) -> Tensor:
    size = x.shape[axis]
    index = torch.arange(-1, size + 1, device=x.device).clamp(0, size - 1)
    padded = x.index_select(axis, index)
    parts = [tap * padded.narrow(axis, i, size) for i, tap in enumerate(taps) if tap]
    return sum(parts[1:], parts[0])
