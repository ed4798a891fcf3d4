"""Network: a module, and what its numbers mean: the shape it takes, its units, its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from assay.core.errors import AssayError, did_you_mean

LAYOUTS = ("image", "signal", "volume", "tokens", "array")


@dataclass(frozen=True, eq=False)
class Network:
    """A network and how it is fed.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode afterwards.
    input_shape : tuple of int
        Of one sample: (C, H, W), (C, T), (C, D, H, W), (T,) for token ids, or any other.
    mean, std : tuple of float
        Of the values in `range`, one for each channel or one for all; the module takes (x - mean) / std.
    range : tuple of two floats
        Smallest and largest value before normalisation: of an image's channel, a signal's sample.
    labels : tuple of str
        Names of the outputs; may be empty.
    layout : {"image", "signal", "volume", "tokens", "array"}
        How a sample and its relevance are drawn.
    name : str
    sample_rate : int, optional
        Samples a second that a signal must have.

    Raises
    ------
    AssayError
        If the layout is unknown, a deviation is 0, the range is empty, or the counts do not fit the channels.
    """

    module: nn.Module
    input_shape: tuple[int, ...]
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    range: tuple[float, float] = (0.0, 1.0)
    labels: tuple[str, ...] = ()
    layout: str = "image"
    name: str = ""
    sample_rate: int | None = None

    def __post_init__(self) -> None:
        for field, convert in (("input_shape", int), ("mean", float), ("std", float), ("range", float),
                               ("labels", str)):
            object.__setattr__(self, field, _tuple(getattr(self, field), convert))
        self._check()
        self.module.eval()

    def _check(self) -> None:
        where = f"network {self.name!r}" if self.name else "network"
        channels = self.input_shape[0] if self.input_shape else 0
        if self.layout not in LAYOUTS:
            raise AssayError(f"{where}: no layout {self.layout!r}",
                             did_you_mean(self.layout, LAYOUTS) or f"there are {', '.join(LAYOUTS)}")
        if not self.input_shape or min(self.input_shape) < 1:
            raise AssayError(f"{where}: input_shape must hold sizes of 1 or more, found {self.input_shape}")
        for field in ("mean", "std"):
            if len(getattr(self, field)) not in (1, channels):
                raise AssayError(f"{where}: {field} must have 1 or {channels} values (the channels of "
                                 f"{self.input_shape}), found {len(getattr(self, field))}")
        if not all(self.std) or len(self.range) != 2 or not self.range[0] < self.range[1]:
            raise AssayError(f"{where}: expected deviations other than 0 and a range (smallest, largest), "
                             f"found {self.std} and {self.range}")

    @property
    def low(self) -> Tensor:
        """Smallest possible input in the module's units, [C, 1, ...]: one half of the box that ZBox needs."""
        return torch.minimum(*self._ends())

    @property
    def high(self) -> Tensor:
        """Largest possible input in the module's units, [C, 1, ...]."""
        return torch.maximum(*self._ends())

    def normalise(self, values: Any) -> Tensor:
        """Return the module's input for values in `range`, [..., C, ...] as in `input_shape`."""
        values = torch.as_tensor(values, dtype=torch.float32)
        return (values - self._channels(self.mean)) / self._channels(self.std)

    def denormalise(self, inputs: Tensor) -> Tensor:
        """Return the values in `range` of the module's input: the inverse of `normalise`."""
        return inputs * self._channels(self.std).to(inputs) + self._channels(self.mean).to(inputs)

    def to_unit(self, inputs: Tensor) -> Tensor:
        """Return the module's input as values in 0..1, for pictures of it."""
        low, high = self.range
        return ((self.denormalise(inputs) - low) / (high - low)).clamp(0, 1)

    def from_unit(self, values: Any) -> Tensor:
        """Return the module's input for values in 0..1, such as an image's: the inverse of `to_unit`."""
        low, high = self.range
        return self.normalise(low + torch.as_tensor(values, dtype=torch.float32) * (high - low))

    def label(self, index: int) -> str:
        """Return the name of an output, or its number where the outputs have no names."""
        return self.labels[index] if 0 <= index < len(self.labels) else str(index)

    def index(self, label: str) -> int:
        """Return the output that has the label.

        Raises
        ------
        AssayError
            If none has it; with near labels.
        """
        if label not in self.labels:
            raise AssayError(f"network {self.name!r} has no output labelled {label!r}",
                             did_you_mean(label, self.labels) or f"expected one of {', '.join(self.labels[:10])}"
                             if self.labels else "its outputs have no labels: give a number")
        return self.labels.index(label)

    def _channels(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32).reshape(-1, *[1] * (len(self.input_shape) - 1))

    def _ends(self) -> tuple[Tensor, Tensor]:
        mean, std = self._channels(self.mean), self._channels(self.std)
        low, high = ((torch.full_like(mean, end) - mean) / std for end in self.range)
        return low, high


def _tuple(value: Any, convert: Any) -> tuple[Any, ...]:
    items = [value] if isinstance(value, (int, float, str)) else value
    return tuple(convert(item) for item in items)
