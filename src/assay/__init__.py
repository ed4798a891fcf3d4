"""assay: the evidence a machine-learning component needs before it goes into a product.

The names below are loaded when first used, so that ``import assay`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "assay.core.record": ("Case", "Record", "Artefact", "Metric", "View", "StoredRecord"),
    "assay.core.plot": ("Parity", "Bar", "Line", "Density", "Histogram", "Embedding", "ImageGrid",
                        "PeriodicTable", "Table"),
    "assay.core.model": ("Model",),
    "assay.core.data": ("Remote", "RemoteSet"),
    "assay.core.errors": ("AssayError", "Skip"),
    "assay.core.benchmark": ("Benchmark",),
    "assay.core.registry": ("benchmark", "register_model", "register_family", "register_renderer", "register_page"),
    "assay.core.store": ("Store",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
