"""The answer: relevance, the output it explains, and the account of how it was found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from assay.core.errors import AssayError, did_you_mean
from assay.explain.report import Report


@dataclass
class Attribution:
    """What an input contributed to an output.

    Parameters
    ----------
    relevance : Tensor [N, ...], or [M, N, ...] for many masks or targets
        Of the explained tensor's shape; for token ids [N, T].
    output : Tensor
        The model's output.
    target : int Tensor [N], or Tensor
        The explained unit of each sample, or the output relevance that was given.
    layers : mapping name -> Tensor
        Relevance at the output of the layers that were asked for.
    weights : mapping name -> Tensor
        Relevance of weights, summed over the batch.
    report : Report
        What was done.
    """

    relevance: Tensor
    output: Tensor
    target: Tensor
    layers: dict[str, Tensor] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)
    report: Report = field(default_factory=lambda: Report("none"))
    many: bool = False  # whether relevance has an axis of masks or targets in front

    def units(self, layer: str, axis: int | None = None) -> Tensor:
        """Return relevance of a layer's units, [N, C]: summed over all axes but samples and channels.

        Parameters
        ----------
        layer : str
            One of `layers`.
        axis : int, optional
            The channel axis: 1 for maps, -1 for tokens (three axes) by default.
        """
        if layer not in self.layers:
            raise AssayError(f"no relevance at layer {layer!r}: it was not asked for",
                             did_you_mean(layer, self.layers) or f"give layers=[{layer!r}]")
        value = self.layers[layer]
        lead = int(self.many)
        axis = (-1 if value.ndim - lead == 3 else 1 + lead) if axis is None else axis
        if not isinstance(axis, int) or not -value.ndim <= axis < value.ndim or axis % value.ndim <= lead:
            raise AssayError(f"axis={axis!r} is no channel axis of relevance {tuple(value.shape)} at layer {layer!r}",
                             f"expected {lead + 1} to {value.ndim - 1}, or counted from the end")
        kept = {*range(lead + 1), axis % value.ndim}
        gone = [i for i in range(value.ndim) if i not in kept]
        return value.sum(gone) if gone else value

    def heatmap(self) -> Tensor:
        """Return relevance summed over channels (axis 1), if there are three axes or more."""
        lead = int(self.many)
        return self.relevance.sum(1 + lead) if self.relevance.ndim >= 3 + lead else self.relevance

    def save(self, path: str | Path) -> None:
        """Write ``.npz``: ``relevance``, ``output``, ``target``, ``layer/NAME``, ``weight/NAME``, ``report`` (JSON)."""
        path = Path(path)
        if path.suffix != ".npz":
            raise AssayError(f"cannot write {path.name}: expected a name that ends with .npz")
        arrays = {"relevance": self.relevance, "output": self.output, "target": self.target,
                  **{f"layer/{name}": value for name, value in self.layers.items()},
                  **{f"weight/{name}": value for name, value in self.weights.items()}}
        try:
            with path.open("wb") as file:
                np.savez_compressed(file, allow_pickle=False, report=np.array(json.dumps(self.report.as_dict())),
                                    **{name: _array(value) for name, value in arrays.items()})
        except OSError as error:
            raise AssayError(f"cannot write {path}: {error.strerror}") from None


def _array(value: Tensor) -> np.ndarray:
    value = value.detach().cpu()
    return (value.float() if value.dtype is torch.bfloat16 else value).numpy()
