"""Compiled code in a model: while operations are noted it runs as it was written, under the paths that were written."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

from torch import nn

INNER = "_orig_mod"  # what torch.compile wraps a module as


def plain(path: str) -> str:
    """Return a path without the steps that torch.compile put in.

    >>> plain("head._orig_mod.fc")
    'head.fc'
    """
    return ".".join(step for step in path.split(".") if step != INNER) if INNER in path else path


def modules_of(model: nn.Module) -> dict[str, nn.Module]:
    """Return the modules of a model by path; a compiled one is the module that it was made of."""
    return {plain(path): module for path, module in model.named_modules()}


def parameters_of(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters of a model by path."""
    return {plain(path): parameter for path, parameter in model.named_parameters()}


class Written:
    """While such a context is open, compiled functions and modules run as they were written.

    torch has one switch for all threads: the first to enter turns it, the last to leave turns it back.
    """

    _lock = threading.Lock()
    _inside = 0
    _stance: Any = None

    def __enter__(self) -> None:
        cls = Written
        with cls._lock:
            if cls._inside == 0 and "torch._dynamo" in sys.modules:  # else nothing has been compiled
                import torch

                cls._stance = torch.compiler.set_stance("force_eager")
                cls._stance.__enter__()
            cls._inside += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        cls = Written
        with cls._lock:
            cls._inside -= 1
            if cls._inside == 0 and cls._stance is not None:
                cls._stance.__exit__(kind, error, trace)
                cls._stance = None
