"""One execution of one operation: what a rule gets to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from assay.explain.maps import LinearMap
from assay.explain.native import Edge, call_at_once, carry_rows

UNKNOWN = "unknown"  # kind of an operation that nothing describes


def edge_of(tensor: Tensor) -> Edge:
    """Return where a tensor comes out of the autograd graph: its node and which of the node's outputs it is."""
    node = tensor.grad_fn
    assert node is not None
    return node, tensor.output_nr


def on_path(value: Any) -> bool:
    """Tell whether a value depends on the explained input (parameters are leaves, so they do not)."""
    return isinstance(value, Tensor) and value.grad_fn is not None


@dataclass
class Books:
    """What one operation did with the relevance of its result, in totals over the batch."""

    r_out: float = 0.0
    r_in: float = 0.0
    bias: float = 0.0
    stabiliser: float = 0.0
    size: float = 0.0  # of what came and went, signs aside
    weights: bool = False
    credits: dict[int, Tensor] = field(default_factory=dict)  # relevance of the weight, of each part of many passes
    part: int = 0

    def add_credit(self, value: Tensor) -> None:
        """Add to the relevance of the weight."""
        self.credits[self.part] = self.credits[self.part] + value if self.part in self.credits else value

    def total(self, axes: int, many: int) -> Tensor:
        """Return relevance of the weight, [M, ...] for M passes."""
        parts = list(self.credits.values())
        if not many:
            return parts[0]
        if parts[0].ndim == axes:  # above all masks: the same in all passes
            return parts[0].expand(many, *parts[0].shape)
        return torch.cat(parts)


@dataclass(eq=False, slots=True)
class Op:
    """An operation that ran on the path from the explained input to the output.

    Parameters
    ----------
    name, kind, module : str
        What ran (``conv2d``), which group it belongs to (``conv``), and the path of the module it ran in.
    inputs : tensors
        Values of its operands that depend on the explained input, each once, without gradient.
    edges : edges
        Where these come from, in the same order.
    out : Tensor
        Its result z.
    map, bias, scale : LinearMap, Tensor, Tensor or None
        For affine operations: z = scale (map(x) + bias), with bias and a positive scale in shapes that fit z.
    details : dict
        What only this kind of operation needs (a pool's window, a product's shares).
    """

    name: str
    kind: str
    module: str
    index: int
    inputs: tuple[Tensor, ...]
    edges: tuple[Edge, ...]
    out: Tensor
    out_edge: Edge
    map: LinearMap | None = None
    bias: Tensor | None = None
    scale: Tensor | None = None
    details: dict[str, Any] = field(default_factory=dict)
    parts: tuple[Op, ...] = ()  # the operations that were merged into this one
    kept: dict[str, Tensor] | None = None  # denominators, which many passes share
    shared: bool = False  # more passes will come
    books: Books | None = None
    rectified: bool = False  # all that takes the result is a relu: relevance sits on z > 0 alone
    nonnegative: bool = False  # no entry of the first operand is below 0
    few: bool = False  # relevance sits at few places of the result
    taken: bool = False  # some operation takes the result
    clipped: bool = False  # the result's entries below 0 were given up: it is that of the rectifier which takes it

    @property
    def x(self) -> Tensor:
        """The first operand."""
        return self.inputs[0]

    @property
    def can_be_clipped(self) -> bool:
        """Whether the result can be computed anew from the operands."""
        return self.map is not None or (self.name == "add" and self.details.get("exact", False))

    def clip(self, rectified: Tensor) -> None:
        """Keep a rectifier's result in place of the result that it took, to keep one tensor instead of two."""
        self.out, self.clipped = rectified, True

    def restore(self) -> None:
        """Compute a result anew that was clipped."""
        if not self.clipped:
            return
        if self.map is None:
            self.out = self.inputs[0] + self.inputs[1]
        else:
            z = self.map.push(self.x, self.map.weight)
            z = z if self.bias is None else z + self.bias
            self.out = z if self.scale is None else z * self.scale
        self.clipped = False

    @property
    def plain(self) -> Tensor:
        """Z / scale: what the map and the bias alone give."""
        return self.out if self.scale is None else self.out / self.scale

    def epsilon(self, value: float) -> float | Tensor:
        """Return a stabiliser of z as one of z / scale."""
        return value if self.scale is None else value / self.scale

    def offset(self, value: float, bias: Tensor | None) -> Tensor:
        """Return a bias of z / scale plus a stabiliser of z, in a shape that a map can add."""
        assert self.map is not None
        epsilon = self.epsilon(value)
        if bias is not None:
            return bias + epsilon
        return epsilon if isinstance(epsilon, Tensor) else self.map.constant(epsilon)

    def keep(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        """Return what `make` returns; passes of many targets share it, and nobody may overwrite it then."""
        if self.kept is not None and name in self.kept:
            return self.kept[name]
        made = make()
        if self.shared:
            self.kept = {**(self.kept or {}), name: made}
        return made

    @property
    def may_overwrite(self) -> bool:
        """Whether a rule may overwrite what it made: no later pass needs it, and no books are kept of it."""
        return not self.kept and self.books is None

    def absorb(self, s: Tensor, bias: Tensor | None, z: Tensor | None = None, epsilon: float | Tensor = 0.0) -> None:
        """Book what the bias and the stabiliser take, given relevance per unit of z, if books are kept."""
        if self.books is None:
            return
        if bias is not None:
            self.books.bias += float((s * bias).sum())
        if z is not None:
            self.books.stabiliser += float((s * z.sign() * epsilon).sum())

    def credit(self, s: Tensor, weight: Tensor | None = None, side: Callable[[Tensor], Tensor] | None = None) -> None:
        """Book relevance of the weights, sum w_ij x_i s_j over samples, if that is asked for."""
        if self.books is None or not self.books.weights or self.map is None:
            return
        x = self.x if side is None else side(self.x)
        rows = s if s.ndim > self.out.ndim else s[None]
        weight = self.map.weight if weight is None else weight
        found = torch.stack([weight * self.map.outer(x, row) for row in rows])
        self.books.add_credit(found if s.ndim > self.out.ndim else found[0])

    def pull(self, s: Tensor, owned: bool = False) -> tuple[Tensor | None, ...]:
        """Return the transposed map applied to s, for each operand; s may be overwritten if it is owned."""
        if self.map is None:
            return self.native(s)
        if self.scale is not None:
            return (self.map.pull(s * self.scale, self.map.weight),)
        if self.few:
            return (self.map.pull_few(s, self.map.weight),)
        over = owned and self.books is None
        return (self.map.pull_over(s, self.map.weight) if over else self.map.pull(s, self.map.weight),)

    def native(self, s: Tensor) -> tuple[Tensor | None, ...]:
        """Return the operation's own gradient for each operand, row by row if s has an extra axis."""
        return self.carried({self.out_edge: s}, s.ndim > self.out.ndim)

    def carried(self, given: Mapping[Edge, Tensor], lifted: bool) -> tuple[Tensor | None, ...]:
        """Return what autograd sends to each operand, given gradients of some results of one node.

        Row by row, if one has an axis more than its result (`lifted`).
        """
        if lifted:
            return carry_rows(given, self.edges)
        node, results = next(iter(given))[0], {nr: g for (_, nr), g in given.items()}
        return call_at_once(node, results, self.edges, self.inputs) or carry_rows(given, self.edges)
