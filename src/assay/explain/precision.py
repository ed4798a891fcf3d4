"""A shorter precision: a copy of the model computes in bfloat16, and the report says how far off its map is."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from assay.core.errors import AssayError
from assay.explain.ask import Ask
from assay.explain.attribution import Attribution
from assay.explain.inputs import Inputs

if TYPE_CHECKING:
    from assay.explain.methods import Method

Precision = Literal["bf16"] | None
WITHOUT_MODEL = ("random", "edges")
FULL = "leave precision out: float32"


@dataclass
class Shortened:
    """A method for a model, computed in bfloat16.

    Parameters
    ----------
    method : Method
        What is computed.
    model : nn.Module
        A copy of the model in bfloat16.
    difference : float, optional
        Largest difference to the map in float32, relative to that map's largest entry, on the first sample of the
        first call.
    """

    method: Method
    model: nn.Module
    difference: float | None = None

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question; values are float32, and the report tells the difference.

        Raises
        ------
        AssayError
            If the model has an operation that does not compute in bfloat16, or its numbers do not fit.
        """
        if not ask.inputs.are_tokens and ask.inputs.explained.dtype is not torch.float32:
            raise AssayError(f"precision='bf16' needs an input in torch.float32, found {ask.inputs.explained.dtype}",
                             FULL)
        short = replace(ask, model=self.model, inputs=cast(ask.inputs), settings=replace(ask.settings, checked={}))
        try:
            found = widened(self.method.attribute(short))
        except RuntimeError as error:
            raise AssayError(f"the model does not compute in bfloat16: {str(error).splitlines()[0]}", FULL) from None
        if not bool(torch.isfinite(found.relevance).all()):
            raise AssayError("the relevance in bfloat16 holds NaN or infinity", FULL)
        if self.difference is None:
            self.difference = difference(self.method, ask, found)
        found.report.precision = {"dtype": "bfloat16", "difference": self.difference}
        return found


def shortened(method: Method, name: str, model: nn.Module, precision: Any) -> Shortened | None:
    """Return what computes a method in the precision that is asked for; None for the model's own.

    Raises
    ------
    AssayError
        If there is no such precision, the method does not compute with the model, or the model is not in float32.
    """
    if precision is None:
        return None
    if precision != "bf16":
        raise AssayError(f"precision={precision!r}, expected 'bf16' or None (the model's own)")
    if name in WITHOUT_MODEL:
        raise AssayError(f"method {name!r} computes nothing with the model, precision='bf16' has no meaning for it",
                         "leave precision out")
    kinds = {value.dtype for value in [*model.parameters(), *model.buffers()] if value.is_floating_point()}
    if kinds - {torch.float32}:
        raise AssayError("precision='bf16' needs a model in torch.float32, this one holds "
                         f"{', '.join(sorted(map(str, kinds)))}", "convert it: model.float()")
    try:
        return Shortened(method, copy.deepcopy(model).to(torch.bfloat16))
    except (RuntimeError, TypeError) as error:
        raise AssayError(f"precision='bf16' needs a copy of the model, which failed: {str(error).splitlines()[0]}",
                         FULL) from None


def cast(inputs: Inputs) -> Inputs:
    """Return the inputs with floating-point tensors in bfloat16."""
    def short(value: Any) -> Any:
        return value.to(torch.bfloat16) if isinstance(value, Tensor) and value.is_floating_point() else value

    return replace(inputs, explained=short(inputs.explained),
                   others={key: short(value) for key, value in inputs.others.items()})


def widened(found: Attribution) -> Attribution:
    """Return an attribution whose values are float32."""
    target = found.target.float() if found.target.is_floating_point() else found.target
    return replace(found, relevance=found.relevance.float(), output=found.output.float(), target=target,
                   layers={name: value.float() for name, value in found.layers.items()},
                   weights={name: value.float() for name, value in found.weights.items()})


def difference(method: Method, ask: Ask, found: Attribution) -> float:
    """Return how far a map is from the one in float32, on the first sample, relative to the largest entry there.

    Masks may have an axis of samples: with masks, the whole batch is compared.
    """
    lead = int(found.many)
    n = len(ask.inputs.explained) if ask.settings.masks else 1
    one = replace(ask, inputs=ask.inputs.first(n), target=first_targets(ask, found, n),
                  settings=replace(ask.settings, layers=[], weights=[], audit=False))
    truth = method.attribute(one).relevance
    apart = (found.relevance.narrow(lead, 0, n) - truth).abs().max()
    return float(apart) / (float(truth.abs().max()) or 1.0)


def first_targets(ask: Ask, found: Attribution, n: int) -> Any:
    """Return what was explained about the first samples: the units themselves where they were predicted."""
    def first(target: Any, index: Tensor) -> Any:
        if isinstance(target, str) and target == "predicted":
            return index[:n]
        return target[:n] if isinstance(target, Tensor | list | tuple) and not is_scalar(target) else target

    if not ask.settings.many:
        return first(ask.target, found.target)
    return [first(target, index) for target, index in zip(ask.target, found.target, strict=True)]


def is_scalar(target: Any) -> bool:
    """Tell whether a target is a tensor without axes."""
    return isinstance(target, Tensor) and target.ndim == 0
