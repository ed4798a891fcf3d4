"""Methods made of plain gradients of the target: they need no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.ask import Ask
from assay.explain.attribution import Attribution
from assay.explain.attributors.relevance import totals
from assay.explain.engine import plain_gradients
from assay.explain.numbers import at_least, finite, whole
from assay.explain.report import Report
from assay.explain.targets import Objective
from assay.explain.trace import Trace

CAP = 512 * 2 ** 20  # bytes of activations at once


@dataclass
class Slopes:
    """Gradients of the target at the roots and at layers, and the activations there."""

    roots: list[Tensor]
    layers: dict[str, Tensor]
    trace: Trace

    def times(self) -> Slopes:
        """Return gradient times activation."""
        roots = [value * x for value, (_, x) in zip(self.roots, self.trace.roots, strict=True)]
        layers = {name: value * self.trace.watched(name).value for name, value in self.layers.items()}
        return Slopes(roots, layers, self.trace)


def slopes(ask: Ask, trace: Trace, gradient: Tensor) -> Slopes:
    """Return gradients under the question's masks."""
    roots, layers = plain_gradients(trace, gradient, ask.settings.layers, ask.settings.masks, ask.targets)
    return Slopes(roots, layers, trace)


def answer(ask: Ask, name: str, found: Slopes, objective: Objective, output: Tensor) -> Attribution:
    """Return the attribution of gradients that were found."""
    relevance = ask.to_input(found.roots)
    layers = {**({"embedding": found.roots[0]} if ask.inputs.are_tokens else {}), **found.layers}
    start = output * objective.gradient
    lead = int(ask.many)
    report = Report(name, sum_out=totals(start, start.ndim - output.ndim), sum_in=totals(relevance, lead))
    return Attribution(relevance, output, objective.index, layers, report=report, many=ask.many)


@dataclass(frozen=True)
class Gradient:
    """Gradient of the target (Simonyan et al. 2013), or gradient times input."""

    times_input: bool = False
    name: str = "gradient"

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""
        trace = ask.trace(clone=self.times_input)
        objective = ask.objective(trace.output)
        found = slopes(ask, trace, objective.gradient)
        return answer(ask, self.name, found.times() if self.times_input else found, objective, trace.output.detach())


@dataclass(frozen=True)
class Averaged:
    """A method that averages gradients at many points around, or on the way to, the input."""

    name: str = ""

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""
        clean = ask.trace(clone=True)
        objective = ask.objective(clean.output)
        output = clean.output.detach()
        per_step = max(clean.recorder.bytes, 1)
        roots = [x for _, x in clean.roots]
        points = self.points(roots)
        total: Slopes | None = None
        for first, count in chunks(points.steps, max(1, CAP // per_step)):
            part = self._part(ask, points, objective, first, count)
            total = part if total is None else joined(total, part)
        assert total is not None
        return answer(ask, self.name, total, objective, output)

    def points(self, roots: list[Tensor]) -> Points:
        """Return where gradients are taken, given the explained tensor (or the embeddings of its ids)."""
        raise NotImplementedError

    def _part(self, ask: Ask, points: Points, objective: Objective, first: int, count: int) -> Slopes:
        lead = int(ask.settings.many)
        gradient = objective.gradient.repeat(*(1,) * lead, count, *(1,) * (objective.gradient.ndim - lead - 1))
        calls = iter(range(len(points.roots)))
        trace = ask.trace(count, adjust=lambda x: points.at(next(calls), first, count), clone=True)
        found = slopes(ask, trace, gradient)
        weights = points.weights[first:first + count]
        roots = [folded(value * points.factor(i, first, count), weights, ask.many)
                 for i, value in enumerate(found.roots)]
        layers = {name: folded(value, weights, ask.many) for name, value in found.layers.items()}
        return Slopes(roots, layers, trace)


def folded(value: Tensor, weights: Tensor, many: bool) -> Tensor:
    """Return the weighted sum over the steps of [steps * N, ...] (or [M, steps * N, ...])."""
    lead = value.shape[:1] if many else ()
    steps = value.reshape(*lead, len(weights), -1, *value.shape[len(lead) + 1:])
    return torch.tensordot(weights.to(value), steps, dims=([0], [len(lead)]))


def joined(a: Slopes, b: Slopes) -> Slopes:
    """Return the sum of two parts."""
    return Slopes([x + y for x, y in zip(a.roots, b.roots, strict=True)],
                  {name: value + b.layers[name] for name, value in a.layers.items()}, b.trace)


def chunks(total: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield (first, count) of parts of at most `most`.

    >>> list(chunks(5, 2))
    [(0, 2), (2, 2), (4, 1)]
    """
    for first in range(0, total, most):
        yield first, min(most, total - first)


@dataclass
class Points:
    """Where gradients are taken.

    Parameters
    ----------
    roots : list of Tensor [N, ...]
        The explained tensor, or embeddings.
    weights : Tensor [steps]
        Of each step.
    place : callable (x, step) -> Tensor [N, ...]
        The point of one step.
    scale : callable (x, step) -> Tensor or 1.0
        What the gradient of one step is multiplied by.
    """

    roots: list[Tensor]
    weights: Tensor
    place: Callable[[Tensor, int], Tensor]
    scale: Callable[[Tensor, int], Tensor] | None = None

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.weights)

    def at(self, root: int, first: int, count: int) -> Tensor:
        """Return the points of some steps, one after the other: [count * N, ...]."""
        return torch.cat([self.place(self.roots[root], step) for step in range(first, first + count)])

    def factor(self, root: int, first: int, count: int) -> Tensor | float:
        """Return what gradients at these points are multiplied by."""
        if self.scale is None:
            return 1.0
        return torch.cat([self.scale(self.roots[root], step) for step in range(first, first + count)])


def noise(x: Tensor, random_state: int, step: int) -> Tensor:
    """Return normal noise of one sample's shape: the same for every sample and batch size."""
    generator = torch.Generator().manual_seed(int(np.random.SeedSequence((random_state, step)).generate_state(1)[0]))
    kind = x.dtype if x.dtype is torch.float64 else torch.float32  # shorter numbers get the same noise, rounded
    return torch.randn((1, *x.shape[1:]), generator=generator, dtype=kind).to(x)


@dataclass(frozen=True)
class SmoothGrad(Averaged):
    """Mean gradient at noisy copies of the input (Smilkov et al. 2017)."""

    samples: int = 20
    noise: float = 0.1
    random_state: int = 0
    name: str = "smoothgrad"

    def __post_init__(self) -> None:
        whole("samples", self.samples)
        whole("random_state", self.random_state, 0)
        at_least("noise", self.noise)

    def points(self, roots: list[Tensor]) -> Points:
        def place(x: Tensor, step: int) -> Tensor:
            rows = x.flatten(1)
            width = (rows.amax(1) - rows.amin(1)).reshape(-1, *(1,) * (x.ndim - 1))
            return x + self.noise * width * noise(x, self.random_state, step)

        return Points(roots, torch.full((self.samples,), 1.0 / self.samples, dtype=torch.float64), place)


@dataclass(frozen=True)
class IntegratedGradients(Averaged):
    """Gradients integrated on the way from a baseline to the input, times that way (Sundararajan et al. 2017)."""

    steps: int = 50
    baseline: float | Tensor = 0.0
    rule: Literal["gauss-legendre", "right", "trapezoid"] = "gauss-legendre"
    name: str = "integrated-gradients"

    def __post_init__(self) -> None:
        whole("steps", self.steps, 2 if self.rule == "trapezoid" else 1)
        finite("baseline", self.baseline)
        quadrature(self.rule, 2)

    def points(self, roots: list[Tensor]) -> Points:
        nodes, weights = quadrature(self.rule, self.steps)
        for x in roots:
            self._start(x)
        return Points(roots, weights, lambda x, step: torch.lerp(self._start(x), x, float(nodes[step])),
                      lambda x, step: x - self._start(x))

    def _start(self, x: Tensor) -> Tensor:
        """Return the baseline in the input's shape."""
        start = torch.as_tensor(self.baseline, dtype=x.dtype, device=x.device)
        try:
            return start.expand_as(x)
        except RuntimeError:
            raise AssayError(f"the baseline has shape {tuple(start.shape)}, expected a number or a shape that fits "
                             f"{tuple(x.shape)}") from None


def quadrature(rule: str, steps: int) -> tuple[Tensor, Tensor]:
    """Return nodes in 0..1 and weights that sum to 1.

    >>> quadrature("right", 2)[0].tolist()
    [0.5, 1.0]
    """
    if rule == "right":
        return torch.arange(1, steps + 1, dtype=torch.float64) / steps, torch.full((steps,), 1 / steps).double()
    if rule == "trapezoid":
        weights = torch.full((steps,), 1.0 / (steps - 1), dtype=torch.float64)
        weights[[0, -1]] /= 2
        return torch.linspace(0, 1, steps, dtype=torch.float64), weights
    if rule == "gauss-legendre":
        nodes, found = np.polynomial.legendre.leggauss(steps)
        return torch.from_numpy((nodes + 1) / 2), torch.from_numpy(found / 2)
    raise AssayError(f"rule={rule!r}, expected 'gauss-legendre', 'right' or 'trapezoid'")


@dataclass(frozen=True)
class SmoothTaylor(Averaged):
    """Mean of (x - z) grad f(z) over noisy roots z = x + sigma N(0, 1) (Goh et al. 2020)."""

    samples: int = 50
    sigma: float = 0.5
    random_state: int = 0
    name: str = "smooth-taylor"

    def __post_init__(self) -> None:
        whole("samples", self.samples)
        whole("random_state", self.random_state, 0)
        at_least("sigma", self.sigma)

    def points(self, roots: list[Tensor]) -> Points:
        def shift(x: Tensor, step: int) -> Tensor:
            return (self.sigma * noise(x, self.random_state, step)).expand_as(x)

        return Points(roots, torch.full((self.samples,), 1.0 / self.samples, dtype=torch.float64),
                      lambda x, step: x + shift(x, step), lambda x, step: -shift(x, step))
