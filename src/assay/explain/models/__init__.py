"""Networks: architectures with known state-dict names, weights from files and URLs, and what a network takes in.

The names below are loaded when first used: importing this package does not import torch.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME_OF = {"build": "architectures", "ARCHITECTURES": "architectures", "load": "loading", "Network": "network",
            "named": "registered"}

__all__ = ["ARCHITECTURES", "Network", "build", "load", "named"]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'assay.explain.models' has no attribute {name!r}")
    return getattr(importlib.import_module(f"assay.explain.models.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
