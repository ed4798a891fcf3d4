"""Explain: what does this network look at? Attributions of any torch module; the model under test is a method.

The names below are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "assay.explain.explainer": ("Explainer", "explain"),
    "assay.explain.attribution": ("Attribution",),
    "assay.explain.composites": ("COMPOSITES", "Composite", "composite"),
    "assay.explain.methods": ("METHODS",),
    "assay.explain.rules": ("AlphaBeta", "Epsilon", "Flat", "Gamma", "LocalRenorm", "Norm", "Pass", "Rule", "Stop",
                            "Uniform", "WSquare", "Winner", "ZBox", "ZPlus", "Zero"),
    "assay.explain.merging": ("canonize",),
    "assay.explain.errors": ("UncoveredOp",),
    "assay.explain.report": ("Report",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'assay.explain' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
