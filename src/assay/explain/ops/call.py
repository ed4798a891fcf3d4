"""One call of a torch function whose result depends on the explained input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from torch import Tensor

from assay.explain.maps import LinearMap
from assay.explain.op import Edge, Op, edge_of, on_path


@dataclass(slots=True)
class Call:
    """What was called with which arguments, what came out, and which operands depend on the explained input.

    `sources` holds these operands without their graphs.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    out: Any
    sources: Mapping[Edge, Tensor]
    module: str
    index: int

    @property
    def result(self) -> Tensor:
        """The first tensor that came out."""
        return self.out if isinstance(self.out, Tensor) else next(t for t in self.out if on_path(t))

    def bind(self, *names: str, **defaults: Any) -> SimpleNamespace:
        """Return the arguments by name: positional ones in the order of `names` and then of `defaults`."""
        order = [*names, *defaults]
        return SimpleNamespace(**{**defaults, **dict(zip(order, self.args, strict=False)), **self.kwargs})

    def op(self, kind: str, *, map: LinearMap | None = None, bias: Tensor | None = None, **details: Any) -> Op:
        """Return the description of this call as an operation of `kind`."""
        result = self.result
        return Op(self.name, kind, self.module, self.index, tuple(self.sources.values()),
                  tuple(self.sources), result.detach(), edge_of(result), map, bias, details=details)


Describer = Callable[[Call], Op | None]
DESCRIBERS: dict[str, Describer] = {}


def describes(*names: str) -> Callable[[Describer], Describer]:
    """Register what describes operations of these names; it returns None for a form it does not know."""

    def register(describer: Describer) -> Describer:
        DESCRIBERS.update(dict.fromkeys(names, describer))
        return describer

    return register
