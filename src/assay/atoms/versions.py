"""Versions of the packages that compute: part of the key under which an evaluation is kept."""

from __future__ import annotations

import hashlib
import importlib.util
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from assay.core.model import Model


def versions(model: Model) -> list[str]:
    """Return ``name==version`` of the packages that compute a model's numbers.

    They are ``meta.packages`` (distribution names) where the entry says so: what holds the model's own code and what
    runs its arithmetic (torch), not everything installed beside it, so that an evaluation holds in every environment
    that computes the same. Otherwise it is the package that the loader comes from; a loader in a loose file counts
    by the sha256 of that file.
    """
    if "packages" in model.meta:
        return [package_version(name) for name in model.meta["packages"]]
    return list(_of_module(model.loader.partition(":")[0]))


def package_version(distribution: str) -> str:
    """Return ``name==version``; without a version if the distribution is not installed."""
    try:
        return f"{distribution}=={version(distribution)}"
    except PackageNotFoundError:
        return f"{distribution}=="


def _of_module(module: str) -> tuple[str, ...]:
    distributions = packages_distributions().get(module.partition(".")[0], [])
    if distributions:
        return tuple(sorted({package_version(name) for name in distributions}))
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return ()
    return (f"file:{hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()}",)
