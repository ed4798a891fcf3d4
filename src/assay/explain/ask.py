"""A question to a method: which model, which input, what about its output, where relevance is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from assay.explain.engine import Masks
from assay.explain.inputs import Inputs
from assay.explain.merging import Checked
from assay.explain.targets import Objective, Position, Seed, Units, objectives
from assay.explain.trace import Adjust, Trace, trace


@dataclass
class Settings:
    """What holds for every input of one Explainer; see `explain`."""

    layers: list[str] = field(default_factory=list)
    seed: Seed = "output"
    position: Position = None
    masks: Masks | None = None
    weights: list[str] = field(default_factory=list)
    many: bool = False
    flat_below: str | None = None
    canonize: bool = True
    audit: bool = False
    on_uncovered: str = "error"
    checked: Checked = field(default_factory=dict)

    @property
    def watched(self) -> list[str]:
        """Names of the modules whose outputs are needed."""
        return list(dict.fromkeys([*self.layers, *(self.masks.names if self.masks else ())]))


@dataclass
class Ask:
    """One question."""

    model: nn.Module
    inputs: Inputs
    target: Any
    settings: Settings

    @property
    def many(self) -> bool:
        """Whether the answer has an axis of targets or masks in front."""
        return self.settings.many or bool(self.settings.masks and self.settings.masks.many)

    @property
    def targets(self) -> int:
        """How many targets there are, if many were asked for, else 0."""
        return len(self.target) if self.settings.many else 0

    def trace(self, times: int = 1, adjust: Adjust | None = None, describe: bool = False, clone: bool = False,
              watched: Sequence[str] | None = None) -> Trace:
        """Run the model on `times` copies of the batch."""
        inputs = self.inputs if times == 1 else self.inputs.repeated(times)
        return trace(self.model, inputs, adjust, watched=self.settings.watched if watched is None else watched,
                     describe=describe, clone=clone)

    def objective(self, output: Tensor, relevance: bool = False) -> Objective:
        """Return where relevance (or a gradient) starts."""
        units = Units(output.detach(), self.settings.position)
        return objectives(self.target, units, self.settings.seed, relevance, self.settings.many)

    def to_input(self, values: Sequence[Tensor]) -> Tensor:
        """Return relevance in the shape of the explained tensor; for token ids, the sum over the embedding."""
        if not self.inputs.are_tokens:
            return values[0]
        shape = self.inputs.explained.shape
        each = []
        for value in values:
            lead = value.shape[:1] if self.many else ()
            each.append(value.reshape(*lead, *shape, -1).sum(-1))
        return sum(each[1:], each[0])
