"""What ran: every operation on the path from the explained input, seen by one mode around the model's own forward."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from assay.explain.op import UNKNOWN, Edge, Op, edge_of, on_path
from assay.explain.ops import DESCRIBERS, WRITTEN, Call
from assay.explain.scopes import PLAIN, Scopes, tensors_in
from assay.explain.tokens import Tokens

CHECKS = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
WHOLE = ("local_response_norm", "layer_norm", "rms_norm", "group_norm")  # described as they are
DROPOUTS = frozenset({F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout})
NAMESPACES = (torch.Tensor, torch, torch._C._nn, torch.nn.functional)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a function of torch is, as far as its name and type say.

    Parameters
    ----------
    name : str
        ``add`` for ``add``, ``add_`` and ``__add__``, ``T`` for the property.
    opens : bool
        It is Python whose calls say more than its name.
    overwrites : bool
        It overwrites its first argument.
    written : callable, optional
        The same, written out with operations that have rules.
    """

    name: str
    opens: bool
    overwrites: bool
    written: Callable[..., Any] | None


@functools.lru_cache(4096)
def facts_of(func: Any) -> Facts:
    """Return what a function of torch is."""
    name: str = getattr(func, "__name__", "")
    if name == "__get__":
        name = func.__self__.__name__
    special = name.startswith("__")
    overwrites = name == "__setitem__" or (name.endswith("_") and not special)
    return Facts(name.strip("_") if special or overwrites else name,
                 isinstance(func, types.FunctionType) and name not in WHOLE, overwrites, WRITTEN.get(name))


class Recorder(TorchFunctionMode):
    """Notes the operations that depend on the explained input; the model runs as it always does.

    Autograd records the graph, so that views, aliases and control flow need no care. Parameters enter detached: no
    gradient is taken for them. Python functions of torch are opened, so that what they call is seen. Operations in
    place are done out of place where that can be hidden from the model, since their result would overwrite what
    a rule needs.

    Parameters
    ----------
    scopes : Scopes
        Says which module is running.
    describe : bool
        Note operations; plain gradients need none of it.
    """

    def __init__(self, scopes: Scopes, describe: bool = True) -> None:
        super().__init__()
        self.scopes, self.describe = scopes, describe
        self.ops: dict[Node, Op] = {}
        self.tokens: Tokens | None = None
        self.bytes = 0  # of results, where they are not described
        self._renamed: dict[int, tuple[Tensor, Tensor]] = {}  # id -> (what was overwritten, what it is now)
        self._opening: list[Any] = []
        self._viewed: set[int] = set()  # storages that some view shares
        scopes.ops = self.ops
        scopes.current = self._now

    def __torch_function__(self, func: Any, types_: Any, args: tuple[Any, ...] = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        kwargs = {} if kwargs is None else kwargs
        found = tensors_in((args, kwargs)) if kwargs else tensors_in(args)
        if self._renamed and any(id(tensor) in self._renamed for tensor in found):
            args, kwargs = self._rename(args), self._rename(kwargs)
            found = tensors_in((args, kwargs))
        if not found or not torch.is_grad_enabled():
            return func(*args, **kwargs)
        path, constants = [], False
        for tensor in found:
            if tensor.grad_fn is not None:
                path.append(tensor)
            elif tensor.requires_grad:
                constants = True
        if not path:
            return self._aside(func, args, kwargs, found)
        facts = facts_of(func)
        if facts.opens and func not in self._opening:
            return args[0] if _idle(func, args, kwargs) else self._inside(func, args, kwargs)
        if self.describe and facts.written:
            with self:
                return facts.written(*args, **kwargs)
        if constants:
            args, kwargs = _detached(args), _detached(kwargs)
        if self.describe and facts.overwrites:
            return self._in_place(func, facts.name, args, kwargs)
        return self._run(func, facts.name, args, kwargs, path)

    def _inside(self, func: Any, args: Any, kwargs: Any) -> Any:
        self._opening.append(func)
        try:
            with self:
                return opened(func)(*args, **kwargs)
        finally:
            self._opening.pop()

    def finish(self) -> None:
        """Drop what only the forward pass needed."""
        self._renamed.clear()
        self._viewed.clear()
        self.scopes.ops, self.scopes.newest = (), None

    def _aside(self, func: Any, args: Any, kwargs: Any, found: list[Tensor]) -> Any:
        """Run what does not depend on the input, without a graph; an embedding of the explained ids starts one."""
        if facts_of(func).opens and func not in self._opening:
            return self._inside(func, args, kwargs)
        if self.tokens is not None and self.tokens.concerns(found):
            return self.tokens.follow(func, _detached(args), _detached(kwargs))
        if not any(tensor.requires_grad for tensor in found):
            return func(*args, **kwargs)
        with torch.no_grad():
            return func(*args, **kwargs)

    def _run(self, func: Any, name: str, args: Any, kwargs: Any, path: list[Tensor]) -> Any:
        if not self.describe:
            out = func(*args, **kwargs)
            self.bytes += sum(tensor.nbytes for tensor in tensors_in(out) if on_path(tensor) and tensor._base is None)
            return out
        sources = dict(self._source(tensor) for tensor in path)
        out = func(*args, **kwargs)
        if not isinstance(out, PLAIN):  # else a shape, a size, a truth value
            self._note(Call(name, args, kwargs, out, sources, self.scopes.path, len(self.ops)))
        return out

    def _source(self, tensor: Tensor) -> tuple[Edge, Tensor]:
        """Return where an operand comes from, and its value without the graph: what made it holds both, as a rule."""
        edge = edge_of(tensor)
        source = self.ops.get(edge[0])
        if source is None or source.out_edge != edge or source.clipped:
            return edge, tensor.detach()
        return source.out_edge, source.out

    def _note(self, call: Call) -> None:
        # What returns its own operand (dropout in evaluation) is no operation.
        out = tensors_in(call.out)
        new = [tensor for tensor in out
               if (node := tensor.grad_fn) is not None and (node, tensor.output_nr) not in call.sources]
        if not new:
            self._viewed.update(storage_of(tensor) for tensor in out if tensor.grad_fn is None)  # detached
            return
        describer = DESCRIBERS.get(call.name)
        op = (describer(call) if describer else None) or call.op(UNKNOWN)
        self._clip(op)
        for tensor in new:
            if tensor._base is not None:
                self._share(tensor, call, len(new))
            self.ops[tensor.grad_fn] = op  # type: ignore[index]
        self.scopes.newest = new[-1]

    def _share(self, view: Tensor, call: Call, results: int) -> None:
        """Note whose memory a view shares: another tensor's, or nobody's (what a dense layer makes of tokens)."""
        storage = storage_of(view)
        if results > 1 or any(storage_of(value) == storage for value in call.sources.values()):
            self._viewed.add(storage)
        else:
            self._viewed.discard(storage)  # of a tensor that is gone

    def _clip(self, op: Op) -> None:
        """Let what makes a rectifier's operand share the rectifier's result, until something else takes the operand."""
        for i, edge in enumerate(op.edges):
            source = self.ops.get(edge[0])
            if source is None or source.out_edge != edge:
                continue
            if op.details.get("rectifies") and source.can_be_clipped and not source.taken:
                source.clip(op.out)
                op.inputs = (op.out,)
            elif source.clipped:
                source.out, source.clipped = op.inputs[i], False
            source.taken = True

    def _gave_up(self, tensor: Tensor) -> bool:
        """Whether what made a tensor has given it up for a rectifier's result."""
        source = self.ops.get(edge_of(tensor)[0])
        return source is not None and source.clipped and source.out_edge == edge_of(tensor)

    def _in_place(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        """Run an operation that overwrites its first argument, so that what rules need survives."""
        target: Tensor = args[0]
        function = functional(func)
        hidden = on_path(target) and storage_of(target) not in self._viewed and \
            (target._base is None or target.grad_fn in self.ops)
        if function is None:
            if hidden and target._base is not None and self.ops[edge_of(target)[0]].name == "linear":
                # Autograd knows it as a view of rows that were not seen: here it is a tensor of its own. A dense layer
                # needs its result no more; others may have kept theirs, and autograd would not see it change.
                alone = self._run(torch.ops.aten._unsafe_view.default, "view", (target, target.shape), {}, [target])
                self._renamed[id(target)] = (target, alone)
                args = (alone, *args[1:])
            return self._overwrite(func, name, args, kwargs)
        if not hidden:  # what autograd keeps of the operand must not be overwritten
            args = (self._run(torch.Tensor.clone, "clone", (target,), {}, path_in(target, ())), *args[1:])
        result = self._run(function, name, args, kwargs, path_in(args, kwargs))
        if result is args[0]:  # it did nothing
            return target
        result = result if result.dtype == target.dtype else result.to(target.dtype)
        if hidden:
            self._renamed[id(target)] = (target, result)
            if name == "relu" and target._base is None and self._gave_up(target):
                target.data = result.detach()  # autograd keeps the result of a relu, and nobody else took the operand
            return result
        return self._overwrite(torch.Tensor.copy_, "copy", (target, result), {})

    def _overwrite(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        """Run an operation in place for real: what shares the memory and was kept gets a memory of its own.

        Overwriting a view changes the tensor that it is a view of: autograd says so there.
        """
        target: Tensor = args[0]
        whole = target if target._base is None else target._base
        storage = storage_of(whole)

        def own(value: Tensor) -> Tensor:
            return value.clone() if storage_of(value) == storage else value

        for op in self.ops.values():
            op.inputs, op.out = tuple(own(value) for value in op.inputs), own(op.out)
        self.scopes.protect(own)
        given = [whole, *(tensor for tensor in path_in(args, kwargs) if tensor is not target)]
        sources = {edge_of(tensor): own(tensor.detach()) for tensor in given if on_path(tensor)}
        func(*args, **kwargs)
        self._note(Call(name, args, kwargs, whole, sources, self.scopes.path, len(self.ops)))
        return target

    def _now(self, tensor: Tensor) -> Tensor:
        return self._renamed[id(tensor)][1] if id(tensor) in self._renamed else tensor

    def _rename(self, value: Any) -> Any:
        return convert(value, self._now)


def storage_of(tensor: Tensor) -> int:
    """Return which memory a tensor lies in."""
    return tensor.untyped_storage().data_ptr()


def _idle(func: Any, args: Any, kwargs: Any) -> bool:
    """Tell whether a call is dropout in evaluation, which returns its operand; a network has dozens of them."""
    return func in DROPOUTS and len(args) > 0 and kwargs.get("training", args[2] if len(args) > 2 else None) is False


def convert(value: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """Return nested arguments with `function` applied to every tensor."""
    if isinstance(value, Tensor):
        return function(value)
    if type(value) in (list, tuple):
        return type(value)(convert(item, function) for item in value)
    if type(value) is dict:
        return {key: convert(item, function) for key, item in value.items()}
    return value


def path_in(args: Any, kwargs: Any) -> list[Tensor]:
    """Return the tensors among the arguments that depend on the explained input."""
    return [tensor for tensor in tensors_in((args, kwargs)) if on_path(tensor)]


def _detached(value: Any) -> Any:
    return convert(value, lambda t: t.detach() if t.requires_grad and t.grad_fn is None else t)


@functools.cache
def opened(function: types.FunctionType) -> types.FunctionType:
    """Return a function of torch that does not offer itself to modes: what it calls is seen instead."""
    names = {**function.__globals__, **dict.fromkeys(CHECKS, _never)}
    cells = tuple(types.CellType(opened(cell.cell_contents)) if _dispatches(function, cell) else cell
                  for cell in function.__closure__ or ())
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells or None)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _dispatches(function: types.FunctionType, cell: types.CellType) -> bool:
    """Tell whether a cell holds one of the functions that a function of torch chooses from by a flag."""
    return function.__module__ == "torch._jit_internal" and isinstance(cell.cell_contents, types.FunctionType)


def _never(*args: Any) -> bool:
    return False


@functools.cache
def functional(func: Any) -> Callable[..., Any] | None:
    """Return the out-of-place form of an operation, or None: ``relu_`` -> ``relu``."""
    name = func.__name__
    if name == "__setitem__" or name in ("copy_", "detach_", "requires_grad_"):
        return None
    for space in NAMESPACES:
        found = getattr(space, name[:-1], None)
        if found is not None and not isinstance(found, types.FunctionType):
            return found  # type: ignore[no-any-return]
    return None
