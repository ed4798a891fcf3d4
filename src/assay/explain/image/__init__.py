"""Pictures of relevance: colour maps, heatmaps, overlays, grids; drawings of signals, volumes and tokens.

Everything takes numpy arrays or torch tensors and gives ``uint8`` pixels. Names are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {"colours": ("CMAPS", "colour_stops", "paint"), "heatmaps": ("to_rgb", "overlay", "picture"),
          "sheets": ("grid", "enlarge", "save", "png"), "drawing": ("draw", "signal", "volume", "tokens")}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'assay.explain.image' has no attribute {name!r}")
    return getattr(importlib.import_module(f"assay.explain.image.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
