"""Which module is running: light forward hooks, seen only by the thread that placed them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn
from torch._C import DisableTorchFunction
from torch.autograd.graph import Node
from torch.utils.hooks import RemovableHandle

from assay.explain.op import Edge, edge_of, on_path

PLAIN = (int, float, bool, str, torch.Size, torch.dtype, torch.device, type(None))  # hold no tensor, and are asked most


@dataclass(frozen=True)
class Output:
    """What a module returned: its first tensor on the path, and where it comes out of the graph."""

    value: Tensor
    edge: Edge | None


class Scopes:
    """The stack of running modules of one model, while the context is open.

    Hooks are removed at the end, also after an error. A thread that runs the same model meanwhile meets them and
    is left alone.

    Parameters
    ----------
    modules : mapping path -> module
        All modules of the model.
    watched : sequence of paths
        Modules whose outputs are kept; the second call of a module is ``path#2``.
    all_modules : bool
        Follow every module, or only the watched ones.
    keep : callable
        How the value of an output is kept.
    """

    def __init__(self, modules: Mapping[str, nn.Module], watched: Sequence[str] = (), all_modules: bool = True,
                 keep: Callable[[Tensor], Tensor] = Tensor.detach) -> None:
        self.outputs: dict[str, Output] = {}
        self.entered: dict[str, int] = {}
        self.made: dict[Node, str] = {}  # node of a module's result that was not noted -> the innermost such module
        self.running: list[str] = [""]
        self.ops: Sized = ()  # what has been noted so far
        self.newest: Tensor | None = None  # the newest result of these
        self.current: Callable[[Tensor], Tensor] = lambda tensor: tensor  # what a tensor is now, if it was overwritten
        self._calls: dict[str, int] = {}
        self._watched, self._keep = frozenset(watched), keep
        self._thread = get_ident()
        self._paths = {module: path for path, module in modules.items() if all_modules or path in self._watched}
        self._key = RemovableHandle(OrderedDict()).id  # one for all: a handle for each costs more than the hooks do

    @property
    def path(self) -> str:
        """Path of the innermost module that is running."""
        return self.running[-1]

    def __enter__(self) -> Scopes:
        for module in self._paths:
            module._forward_pre_hooks[self._key] = self._enter
            module._forward_hooks[self._key] = self._leave
        return self

    def __exit__(self, *error: object) -> None:
        for module in self._paths:
            module._forward_pre_hooks.pop(self._key, None)
            module._forward_hooks.pop(self._key, None)

    def protect(self, own: Callable[[Tensor], Tensor]) -> None:
        """Exchange kept values by what `own` makes of them."""
        self.outputs = {name: Output(own(kept.value), kept.edge) for name, kept in self.outputs.items()}

    def _enter(self, module: nn.Module, args: Any) -> None:
        if get_ident() == self._thread:
            path = self._paths[module]
            self.running.append(path)
            self.entered.setdefault(path, len(self.ops))

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        if get_ident() != self._thread:
            return
        path = self._paths[module]
        while self.running.pop() != path:  # a module inside raised, and its caller went on
            pass
        if output is self.newest and path not in self._watched:  # noted, with its module, as it is most often
            return
        with DisableTorchFunction():  # looking is no operation
            found = [self.current(tensor) for tensor in tensors_in(output)]
            for tensor in found:
                if (node := tensor.grad_fn) is not None and node not in self.made:
                    self.made[node] = path
            if path in self._watched:
                self._remember(path, found)

    def _remember(self, path: str, found: Sequence[Tensor]) -> None:
        self._calls[path] = self._calls.get(path, 0) + 1
        name = path if self._calls[path] == 1 else f"{path}#{self._calls[path]}"
        value = next((tensor for tensor in found if on_path(tensor)), found[0] if found else None)
        if value is not None:
            self.outputs[name] = Output(self._keep(value), edge_of(value) if on_path(value) else None)


def tensors_in(value: Any) -> list[Tensor]:
    """Return the tensors of nested tuples, lists, mappings and model outputs, in order."""
    if isinstance(value, Tensor):  # as it is most often
        return [value]
    found: list[Tensor] = []
    _gather(value if type(value) is tuple else (value,), found)
    return found


def _gather(items: Iterable[Any], found: list[Tensor]) -> None:
    for item in items:
        if isinstance(item, Tensor):
            found.append(item)
        elif type(item) in PLAIN:
            continue
        elif isinstance(item, tuple | list):
            _gather(item, found)
        elif isinstance(item, Mapping):
            _gather(item.values(), found)
