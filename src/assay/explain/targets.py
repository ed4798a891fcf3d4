"""Targets: what about the output is explained, and the relevance that starts there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from assay.core.errors import AssayError

Position = int | Sequence[int] | Literal["sum"] | None
Seed = Literal["output", "one"]
EXPECTED = ("an int, a list of ints (one a sample), 'predicted', 'contrast:A,B', 'contrast:A', "
            "a tensor of the output's shape, or a function of the output that returns one")


@dataclass(frozen=True)
class Objective:
    """Where relevance starts: G at the output, and what was explained.

    Parameters
    ----------
    gradient : Tensor of the output's shape
        Relevance of an output is the output times this.
    index : int Tensor [N], or Tensor of the output's shape
        The explained unit of each sample (the favoured one of a contrast), or the output relevance as given.
    """

    gradient: Tensor
    index: Tensor


def pick_output(out: Any) -> Tensor:
    """Return the tensor to explain: the output itself, or its ``logits``.

    Raises
    ------
    AssayError
        If there is none, or it holds NaN or infinity.
    """
    found = out
    if not isinstance(out, Tensor):
        found = out.get("logits") if isinstance(out, dict) else getattr(out, "logits", None)
    if not isinstance(found, Tensor):
        raise AssayError(f"the model returned {type(out).__name__}, expected a tensor, or something with `logits`",
                         "wrap the model in a module that returns the tensor to explain")
    if not found.is_floating_point() or found.ndim < 1:
        raise AssayError(f"the model returned a tensor {tuple(found.shape)} of {found.dtype}, expected floating-point "
                         "numbers [N, ...]")
    if not bool(torch.isfinite(found).all()):
        raise AssayError("the model's output holds NaN or infinity, expected finite numbers",
                         "check the input's range and the weights")
    return found


class Units:
    """The explainable units of an output of any of the shapes [N], [N, K], [N, T, K], [N, K, H, W], [N, K, ...].

    Parameters
    ----------
    output : Tensor
        The output, without gradient.
    position : int, sequence of ints, "sum" or None
        Which token or place; None is the last token, and an error for maps.
    """

    def __init__(self, output: Tensor, position: Position = None) -> None:
        self.output, self.position = output, position
        self.axis = {1: 0, 2: 1, 3: 2}.get(output.ndim, 1)

    @cached_property
    def place(self) -> Tensor:
        """The output's shape, 1 at the explained place and 0 elsewhere.

        Raises
        ------
        AssayError
            If the position does not fit the output, or is needed and not given.
        """
        place = torch.zeros_like(self.output)
        if (self.output.ndim > 2 and self.position == "sum") or (self.output.ndim <= 2 and self.position is None):
            place.fill_(1.0)
        elif self.output.ndim == 3:
            place[:, self._token(-1 if self.position is None else self.position)] = 1.0
        elif self.output.ndim > 3:
            place[(slice(None), slice(None), *self._pixel(self.position))] = 1.0
        else:
            raise AssayError(f"position={self.position!r} was given, but the output {tuple(self.output.shape)} has no "
                             "places", "leave position out")
        return place

    @property
    def values(self) -> Tensor:
        """Output of each unit at the place, [N, K]."""
        if self.output.ndim <= 2:
            return (self.output * self.place).reshape(len(self.output), -1)
        others = [axis for axis in range(1, self.output.ndim) if axis != self.axis]
        return (self.output * self.place).sum(others)

    def _token(self, position: Any) -> int:
        length = self.output.shape[1]
        if not isinstance(position, int) or isinstance(position, bool) or not -length <= position < length:
            raise AssayError(f"position={position!r}, expected an int from {-length} to {length - 1} or 'sum'; the "
                             f"output is {tuple(self.output.shape)}")
        return position

    def _pixel(self, position: Any) -> tuple[int, ...]:
        shape = tuple(self.output.shape[2:])
        given = tuple(position) if isinstance(position, list | tuple) else ()
        if len(given) != len(shape) or not all(isinstance(i, int) and -n <= i < n
                                               for i, n in zip(given, shape, strict=True)):
            raise AssayError(f"the output is {tuple(self.output.shape)}, position={position!r}; expected a place "
                             f"within {shape}, or 'sum'", "give position=(i, j)")
        return given

    def spread(self, weights: Tensor) -> Tensor:
        """Return one number a unit, [N, K], put at the place in the output's shape."""
        if self.output.ndim == 1:
            return weights.reshape(self.output.shape)
        shape = [1] * self.output.ndim
        shape[0], shape[self.axis] = weights.shape
        return weights.reshape(shape) * self.place


def objective(target: Any, units: Units, seed: Seed, relevance: bool) -> Objective:
    """Return where relevance starts for one target.

    Parameters
    ----------
    target
        What `EXPECTED` says.
    units : Units
        The output.
    seed : "output" or "one"
        Relevance of the target is its output, or 1.
    relevance : bool
        Whether a tensor is relevance of the output (else its gradient).

    Raises
    ------
    AssayError
        If the target is none, or out of range, or relevance would be put on an output that is 0.
    """
    given = target(units.output) if callable(target) else target
    if isinstance(given, Tensor) and given.is_floating_point():
        return _tensor(given, units, relevance)
    weights, index = contrast(given, units.values) if isinstance(given, str) and given != "predicted" else \
        single(given, units.values)
    if seed == "one" and relevance:
        weights = _per_output(weights, units.values)
    return Objective(units.spread(weights), index)


def _per_output(weights: Tensor, values: Tensor) -> Tensor:
    if bool(((values == 0) & (weights != 0)).any()):
        raise AssayError("relevance is put on an output that is exactly 0: no input can explain it",
                         "choose another target, or seed='output'")
    return torch.where(weights == 0, weights, weights / values)


def _tensor(given: Tensor, units: Units, relevance: bool) -> Objective:
    if given.shape != units.output.shape:
        raise AssayError(f"the target is a tensor {tuple(given.shape)}, expected the output's shape "
                         f"{tuple(units.output.shape)}", f"a target is {EXPECTED}")
    given = given.detach().to(units.output)
    if not bool(torch.isfinite(given).all()):
        raise AssayError("the target tensor holds NaN or infinity, expected finite numbers")
    return Objective(_per_output(given, units.output) if relevance else given, given)


def single(given: Any, values: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights [N, K] with a 1 at each sample's target, and the targets [N]."""
    n, k = values.shape
    if isinstance(given, str):
        index = values.argmax(1)
    else:
        try:
            index = torch.as_tensor(given, device=values.device)
        except (TypeError, ValueError, RuntimeError):
            index = torch.tensor(0.5)
        if index.is_floating_point() or index.dtype == torch.bool or index.is_complex() or index.ndim > 1:
            raise AssayError(f"the target is {given!r}, expected {EXPECTED}")
        if index.ndim == 1 and len(index) != n:
            raise AssayError(f"{len(index)} targets for {n} samples, expected one a sample",
                             "for many targets on one forward pass give many=True")
        index = index.long().expand(n)
    _in_range(index, k)
    return torch.zeros_like(values).scatter_(1, index[:, None], 1.0), index


def contrast(given: str, values: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights [N, K] of ``contrast:A,B`` or ``contrast:A``, and A for each sample."""
    word, _, rest = given.partition(":")
    parts = [part.strip() for part in rest.split(",")]
    if word != "contrast" or len(parts) not in (1, 2) or not all(part.lstrip("-").isdigit() for part in parts):
        raise AssayError(f"the target is {given!r}, expected {EXPECTED}")
    n, k = values.shape
    numbers = [int(part) for part in parts]
    _in_range(torch.tensor(numbers), k)
    if len(set(numbers)) < len(numbers) or k < 2:
        raise AssayError(f"the target {given!r} needs two different units; the output has {k}")
    weights = torch.zeros_like(values)
    if len(numbers) == 1:
        weights -= 1.0 / (k - 1)
    else:
        weights[:, numbers[1]] = -1.0
    weights[:, numbers[0]] = 1.0
    return weights, torch.full((n,), numbers[0], device=values.device)


def _in_range(index: Tensor, k: int) -> None:
    wrong = index[(index < 0) | (index >= k)]
    if len(wrong):
        raise AssayError(f"target {int(wrong[0])} is out of range: the output has {k} units, expected 0 to {k - 1}")


def objectives(target: Any, units: Units, seed: Seed, relevance: bool, many: bool) -> Objective:
    """Return the objective of one target, or of a list of M of them stacked in front."""
    if not many:
        return objective(target, units, seed, relevance)
    if not isinstance(target, list | tuple) or not target:
        raise AssayError(f"many=True needs a list of targets, found {target!r}")
    each = [objective(spec, units, seed, relevance) for spec in target]
    index = [one.index for one in each]
    if any(value.is_floating_point() for value in index):  # then all say what was put on the output
        index = [one.gradient * units.output if relevance else one.gradient for one in each]
    return Objective(torch.stack([one.gradient for one in each]), torch.stack(index))


Function = Callable[[Tensor], Tensor]
