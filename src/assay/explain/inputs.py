"""The explained input, and how the model is called with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from assay.core.errors import AssayError, did_you_mean
from assay.explain.compiled import Written

DEPEND_ON_MODE = (_DropoutNd, _NormBase, nn.RReLU, nn.RNNBase)


@dataclass(frozen=True)
class Inputs:
    """What the model is called with: one tensor, or keyword tensors of which one is explained.

    Parameters
    ----------
    explained : Tensor [N, ...]
        The explained tensor: floating point, or token ids.
    name : str or None
        Its keyword.
    others : mapping
        The other keyword arguments.
    """

    explained: Tensor
    name: str | None
    others: Mapping[str, Any]

    @property
    def are_tokens(self) -> bool:
        """Whether the explained tensor holds token ids."""
        return not self.explained.is_floating_point()

    def call(self, model: nn.Module, explained: Tensor) -> Any:
        """Call the model with another tensor in place of the explained one."""
        with Written():
            return model(explained) if self.name is None else model(**{**self.others, self.name: explained})

    def first(self, count: int) -> Inputs:
        """Return the first samples of the batch."""
        n = len(self.explained)
        others = {key: value[:count] if isinstance(value, Tensor) and value.ndim and len(value) == n else value
                  for key, value in self.others.items()}
        return replace(self, explained=self.explained[:count], others=others)

    def repeated(self, times: int) -> Inputs:
        """Return `times` copies of the batch, one after the other."""
        n = len(self.explained)
        others = {key: value.repeat(times, *(1,) * (value.ndim - 1))
                  if isinstance(value, Tensor) and value.ndim and len(value) == n else value
                  for key, value in self.others.items()}
        return replace(self, explained=self.explained.repeat(times, *(1,) * (self.explained.ndim - 1)), others=others)


def read_inputs(inputs: Any, wrt: str | None = None) -> Inputs:
    """Check what the user gave.

    Raises
    ------
    AssayError
        For no tensor, complex or boolean numbers, NaN or infinity, an empty batch, an unclear or unknown `wrt`.
    """
    if isinstance(inputs, Tensor):
        if wrt is not None:
            raise AssayError(f"wrt={wrt!r} names a keyword, but the input is one tensor", "leave wrt out")
        return Inputs(_checked(inputs, "the input"), None, {})
    if not isinstance(inputs, Mapping) or not inputs:
        raise AssayError(f"the input is {type(inputs).__name__}, expected a tensor [N, ...] or a dict of tensors")
    name = _explained_name(inputs, wrt)
    others = {key: value for key, value in inputs.items() if key != name}
    return Inputs(_checked(inputs[name], f"input {name!r}"), name, others)


def _explained_name(inputs: Mapping[str, Any], wrt: str | None) -> str:
    if wrt is not None:
        if wrt not in inputs:
            raise AssayError(f"wrt={wrt!r} is none of the inputs {', '.join(inputs)}", did_you_mean(wrt, inputs))
        return wrt
    tensors = {key: value for key, value in inputs.items() if isinstance(value, Tensor)}
    floating = [key for key, value in tensors.items() if value.is_floating_point()]
    if len(floating) == 1:
        return floating[0]
    if not floating and "input_ids" in tensors:
        return "input_ids"
    if not floating and len(tensors) == 1:
        return next(iter(tensors))
    raise AssayError(f"{len(floating)} of the inputs {', '.join(inputs)} are floating point: which one is explained?",
                     f"give wrt=, one of {', '.join(tensors)}")


def _checked(value: Any, what: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise AssayError(f"{what} is {type(value).__name__}, expected a tensor [N, ...]")
    if value.is_complex() or value.dtype == torch.bool:
        raise AssayError(f"{what} holds {value.dtype}, expected floating-point numbers, or ints for token ids")
    if value.ndim == 0 or value.numel() == 0:
        raise AssayError(f"{what} has shape {tuple(value.shape)}, expected [N, ...] with at least one sample")
    if not bool(torch.isfinite(value).all()):
        raise AssayError(f"{what} holds NaN or infinity, expected finite numbers")
    return value.detach()


def check_model(model: nn.Module) -> nn.Module:
    """Return the module to run: the original of a compiled one.

    Raises
    ------
    AssayError
        If it is no module, a TorchScript module, or in training mode.
    """
    model = getattr(model, "_orig_mod", model)
    if not isinstance(model, nn.Module):
        raise AssayError(f"the model is {type(model).__name__}, expected a torch.nn.Module")
    for path, module in model.named_modules():
        where = f"module {path!r}" if path else "the model"
        if isinstance(module, torch.jit.ScriptModule):
            raise AssayError(f"{where} is TorchScript, whose operations cannot be seen", "use the module it came from")
        if module.training and (not path or isinstance(module, DEPEND_ON_MODE)):
            raise AssayError(f"{where} is in training mode, expected evaluation mode", "call model.eval()")
    return model


def check_dtype(model: nn.Module, inputs: Inputs) -> None:
    """Raise AssayError if the input's precision is not that of the weights."""
    dtype = inputs.explained.dtype
    if inputs.are_tokens or any(p.dtype == dtype for p in model.parameters()):
        return
    kinds = {p.dtype for p in model.parameters() if p.is_floating_point()}
    if kinds:
        raise AssayError(f"the input is {dtype}, the model's weights are "
                         f"{', '.join(sorted(map(str, kinds)))}", "convert one: inputs.to(...), or model.to(...)")
