"""Modules whose code runs when something of theirs is used, not when they are imported.

Packages import more than an energy needs: half of the time until CHGNet's first energy went into molecular dynamics,
plotting and readers of files that nobody had asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


def defer(name: str, functions: Sequence[str] = ()) -> None:
    """Let the code of a module run later; nothing is imported, and a module that is imported already stays as it is.

    Parameters
    ----------
    name : str
        Full name. Submodules of a package can be imported while its own code waits.
    functions : sequence of str
        Functions that others import by name: they get a stand-in that runs the module's code when it is called.
    """
    if _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)
    _FINDER.functions[name] = tuple(functions)


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self.functions: dict[str, tuple[str, ...]] = {}

    def find_spec(self, name: str, path: Sequence[str] | None = None,
                  target: ModuleType | None = None) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path) if name in self.functions else None
        if found is not None and found.loader is not None:
            found.loader = _Waiting(found.loader, self.functions[name])
        return found


_FINDER = _Finder()


class _Waiting(Loader):
    """Makes a module as its own loader does, and lets its code wait."""

    def __init__(self, loader: Loader, functions: tuple[str, ...]) -> None:
        self.loader, self.functions = loader, functions

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Deferred(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__waiting__"] = self


class _Deferred(ModuleType):
    """A module that runs its code at the first look at an attribute that it does not have yet.

    `importlib.util.LazyLoader` runs a package as soon as a submodule of it is imported; this does not.
    """

    def __getattr__(self, name: str) -> Any:
        waiting = vars(self).get("__waiting__")
        if waiting is None or name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name in waiting.functions:
            return _later(self, name)
        _run(self)
        return getattr(self, name)


def _run(module: ModuleType) -> None:
    waiting = vars(module).pop("__waiting__")
    module.__class__ = ModuleType  # before its code runs, which may import what imports it
    waiting.loader.exec_module(module)


def _later(module: ModuleType, name: str) -> Any:
    def function(*arguments: Any, **keywords: Any) -> Any:
        if isinstance(module, _Deferred):
            _run(module)
        return getattr(module, name)(*arguments, **keywords)

    function.__name__ = function.__qualname__ = name
    function.__module__ = module.__name__
    return function
