"""Token ids: they have no gradient, so relevance starts where their embedding is looked up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from assay.explain.op import Edge, edge_of
from assay.explain.scopes import tensors_in


class Tokens:
    """Follows ids through views and casts to the look-up that turns them into numbers.

    Parameters
    ----------
    ids : integer Tensor [N, ...]
        The explained input.
    adjust : callable, optional
        Changes the embedding before the model goes on with it (noise, the way from a baseline).
    """

    def __init__(self, ids: Tensor, adjust: Callable[[Tensor], Tensor] | None = None) -> None:
        self.ids, self.adjust = ids, adjust
        self.roots: list[tuple[Edge, Tensor]] = []
        self._followed = {id(ids): ids}  # kept alive, so that ids of objects stay theirs

    def concerns(self, found: Sequence[Tensor]) -> bool:
        """Tell whether an operation's arguments hold the ids, or what was made of them."""
        return any(id(tensor) in self._followed for tensor in found)

    def follow(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run an operation on the ids; numbers that come out are where relevance ends."""
        out = func(*args, **kwargs)
        if isinstance(out, Tensor) and out.is_floating_point():
            return self._start(out)
        for tensor in tensors_in(out):
            if tensor.dtype != torch.bool:
                self._followed[id(tensor)] = tensor
        return out

    def _start(self, embedded: Tensor) -> Tensor:
        root = rooted(embedded if self.adjust is None else self.adjust(embedded))
        self.roots.append((edge_of(root), root.detach()))
        return root


def rooted(value: Tensor) -> Tensor:
    """Return a copy of a tensor that autograd follows; no leaf, so that it may be overwritten."""
    with torch.enable_grad():
        return value.detach().requires_grad_().clone()
