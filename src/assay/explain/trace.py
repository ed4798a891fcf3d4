"""One forward pass: the model as it is, what ran, and the ends that relevance travels between."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from assay.core.errors import AssayError, did_you_mean
from assay.explain.compiled import modules_of
from assay.explain.inputs import Inputs
from assay.explain.op import Edge, edge_of, on_path
from assay.explain.recorder import Recorder
from assay.explain.scopes import Output, Scopes
from assay.explain.targets import pick_output
from assay.explain.tokens import Tokens, rooted


@dataclass
class Trace:
    """What one forward pass left.

    Parameters
    ----------
    recorder : Recorder
        The operations.
    output : Tensor
        The explained output, with its graph.
    roots : list of (edge, value)
        Where the explained input, or the embedding of its ids, enters.
    outputs : mapping name -> Output
        What the watched modules returned; the second call of one is ``name#2``.
    entered : mapping path -> int
        How many operations had run when a module was entered first.
    made : mapping node -> path
        The modules of results.
    modules : mapping path -> module
        All modules of the model.
    """

    recorder: Recorder
    output: Tensor
    roots: list[tuple[Edge, Tensor]]
    outputs: Mapping[str, Output]
    entered: Mapping[str, int]
    made: Mapping[Node, str]
    modules: Mapping[str, nn.Module]

    @property
    def edge(self) -> Edge:
        """Where relevance starts."""
        return edge_of(self.output)

    def let_go(self) -> None:
        """Drop what keeps the graph alive, but for the watched outputs."""
        self.output = self.output.detach()
        self.recorder.ops.clear()
        self.roots, self.made = [], {}
        self.recorder.scopes.made.clear()

    def watched(self, name: str) -> Output:
        """Return what a module returned.

        Raises
        ------
        AssayError
            If it did not run (that often).
        """
        if name not in self.outputs:
            raise AssayError(f"layer {name!r} did not run in this forward pass",
                             did_you_mean(name, self.outputs) or "the second call of a module is NAME#2")
        return self.outputs[name]


Adjust = Callable[[Tensor], Tensor]


def trace(model: nn.Module, inputs: Inputs, adjust: Adjust | None = None, *, watched: Sequence[str] = (),
          describe: bool = True, clone: bool = False) -> Trace:
    """Run the model once and note what happened.

    Parameters
    ----------
    model, inputs
        What runs.
    adjust : callable, optional
        Applied to the explained tensor, or to the embedding of token ids.
    watched : sequence of names
        Modules whose outputs are kept.
    describe : bool
        Note operations for rules; plain gradients need none.
    clone : bool
        Keep copies of the watched outputs, in case the model overwrites them.

    Raises
    ------
    AssayError
        If the output is not fit to be explained, or does not depend on the input.
    """
    value = inputs.explained
    if adjust is not None and not inputs.are_tokens:
        value = adjust(value)
    paths = [name.partition("#")[0] for name in watched]
    keep = (lambda t: t.detach().clone()) if clone else Tensor.detach
    modules = modules_of(model)
    scopes = Scopes(modules, paths, all_modules=describe, keep=keep)
    recorder = Recorder(scopes, describe)
    with torch.inference_mode(False), torch.enable_grad():
        root = value if inputs.are_tokens else rooted(value)
        recorder.tokens = Tokens(root, adjust) if inputs.are_tokens else None
        with scopes, recorder:
            out = called(model, inputs, root, recorder.tokens)
    recorder.finish()
    forget_graphs(modules)
    output = pick_output(out)
    if not on_path(output):
        raise AssayError("the output does not depend on the input through operations that have a gradient",
                         "was it computed under no_grad, or detached?")
    roots = recorder.tokens.roots if recorder.tokens else [(edge_of(root), value)]
    return Trace(recorder, output, roots, scopes.outputs, scopes.entered, scopes.made, modules)


def called(model: nn.Module, inputs: Inputs, root: Tensor, tokens: Tokens | None) -> Any:
    """Call the model.

    Raises
    ------
    AssayError
        If it fails on whole numbers that it took for anything but token ids.
    """
    try:
        return inputs.call(model, root)
    except (RuntimeError, TypeError) as error:
        if tokens is None or tokens.roots:
            raise
        raise AssayError(f"the input holds {root.dtype}, as token ids do, but the model looks up no embedding and "
                         f"fails: {error}", "give numbers as floating point: inputs.float()") from error


def forget_graphs(modules: Mapping[str, nn.Module]) -> None:
    """Detach buffers that the model wrote activations into."""
    for module in modules.values():
        for buffer in module._buffers.values():
            if buffer is not None and buffer.grad_fn is not None:
                buffer.detach_()


def globs_of(globs: Any, what: str) -> list[str]:
    """Return one glob or several as a list, or raise AssayError."""
    found = [globs] if isinstance(globs, str) else globs
    if not isinstance(found, Iterable) or not all(isinstance(glob, str) for glob in found):
        raise AssayError(f"{what} are {globs!r}, expected paths or globs", "for example ['features.*']")
    return list(found)


def layer_names(model: nn.Module, globs: Sequence[str] | str) -> list[str]:
    """Return the module paths that globs mean; ``*`` means all modules without children.

    Raises
    ------
    AssayError
        If a glob matches none.
    """
    paths = {path: module for path, module in modules_of(model).items() if path}
    found: dict[str, None] = {}
    for glob in globs_of(globs, "layers"):
        bare, _, call = glob.partition("#")
        matching = [path for path, module in paths.items()
                    if fnmatch.fnmatchcase(path, bare) and (bare != "*" or not any(module.children()))]
        if not matching:
            raise AssayError(f"no layer {glob!r} in the model",
                             did_you_mean(bare, paths) or "see model.named_modules(), or assay explain --list-layers")
        found.update(dict.fromkeys(f"{path}#{call}" if call else path for path in matching))
    return list(found)
