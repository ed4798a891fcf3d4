"""What a rule is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from torch import Tensor

from assay.explain.flow import Flow
from assay.explain.numbers import at_least
from assay.explain.op import Edge, Op

LINEAR = frozenset({"conv", "linear", "batch-norm", "scale", "sum", "avg-pool", "layer-norm", "view", "division"})
WEIGHTED = frozenset({"conv", "linear", "batch-norm"})
Flows = tuple[Flow | None, ...]


@dataclass(frozen=True, repr=False)
class Rule:
    """One way to share relevance among the operands of an operation."""

    emits: ClassVar[Literal["G", "R", "same"]] = "G"  # form in which relevance is handed on
    takes: ClassVar[Literal["G", "R"]] = "G"  # form in which it is cheaper to get
    kinds: ClassVar[frozenset[str] | None] = None  # operations it can be put on; None: any

    def __post_init__(self) -> None:
        for name in ("epsilon", "stabilizer", "gamma", "alpha", "beta"):
            if hasattr(self, name):
                at_least(f"{type(self).__name__}: {name}", getattr(self, name))

    def back(self, op: Op, flow: Flow) -> Flows:
        """Return the relevance of each operand (in the order of ``op.edges``), given that of the result."""
        raise NotImplementedError

    def edges(self, op: Op) -> tuple[Edge, ...]:
        """Return the operands that get relevance at all."""
        return op.edges

    @property
    def is_foreign(self) -> bool:
        """Whether the rule comes from elsewhere, and may look at all of a result."""
        return not type(self).__module__.startswith(__package__)

    def needs_operand(self, books: bool) -> bool:
        """Whether entries below 0 of a rectifier's operand matter, to the rule or, if they are kept, to the books."""
        return self.is_foreign

    def suits(self, op: Op) -> bool:
        """Tell whether the rule can be put on an operation."""
        return self.kinds is None or (op.kind in self.kinds and (self.kinds is not WEIGHTED or op.map is not None))

    def __repr__(self) -> str:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        shown = [f"{name}={_brief(given[name])}" for name, default in ((f.name, f.default) for f in fields(self))
                 if name not in ("stabilizer", "bias") or given[name] != default]
        return f"{type(self).__name__}({', '.join(shown)})"


def _brief(value: object) -> str:
    """Return a parameter as it is shown: of a tensor, the shape."""
    return f"tensor{list(value.shape)}" if isinstance(value, Tensor) and value.numel() > 1 else repr(value)


def flows(values: tuple[Tensor | None, ...], form: Literal["G", "R"] = "G", owned: bool = False) -> Flows:
    """Return each value as a flow; what several operands get may be one tensor."""
    if len(values) == 1:
        value, = values
        return (None if value is None else Flow(value, form, owned),)
    return tuple(None if value is None else Flow(value, form) for value in values)


class Stop(Rule):
    """Nothing goes on."""

    def edges(self, op: Op) -> tuple[Edge, ...]:
        return ()

    def back(self, op: Op, flow: Flow) -> Flows:
        return (None,) * len(op.edges)
