"""Where things are kept, from the environment's variables; read at each call, so tests can set them."""

from __future__ import annotations

import os
from pathlib import Path

from assay.core.errors import AssayError


def _platform_folder(kind: str) -> Path:
    # Imported here: workers in an environment of their own get both folders handed and have no platformdirs.
    import platformdirs

    folder = platformdirs.user_cache_path if kind == "cache" else platformdirs.user_data_path
    return Path(folder("assay"))


def home() -> Path:
    """Folder of the results: ``ASSAY_HOME``, else ``./assay-results`` if there, else the user's data folder."""
    if value := os.environ.get("ASSAY_HOME"):
        return Path(value).expanduser().absolute()
    local = Path("assay-results")
    return local.absolute() if local.is_dir() else _platform_folder("data")


def cache() -> Path:
    """Folder of data sets, weights, environments and evaluations: ``ASSAY_CACHE``, else the user's cache."""
    value = os.environ.get("ASSAY_CACHE")
    return Path(value).expanduser().absolute() if value else _platform_folder("cache")


def mirrors() -> list[Path]:
    """Return the folders of ``ASSAY_MIRROR``, searched before any URL."""
    value = os.environ.get("ASSAY_MIRROR", "")
    return [Path(part).expanduser().absolute() for part in value.split(os.pathsep) if part]


def offline() -> bool:
    """Whether ``ASSAY_OFFLINE`` forbids opening a socket."""
    return os.environ.get("ASSAY_OFFLINE", "") not in ("", "0")


def cpus() -> int:
    """Number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs() -> int:
    """Number of workers at once: ``ASSAY_JOBS``, else the number of cores.

    Raises
    ------
    AssayError
        If the variable is not a positive number.
    """
    value = os.environ.get("ASSAY_JOBS", "")
    if not value:
        return cpus()
    if not value.isdecimal() or int(value) < 1:
        raise AssayError(f"ASSAY_JOBS is {value!r}: expected a whole number of 1 or more")
    return int(value)


def user_files() -> list[Path]:
    """Return the ``assay.toml`` files there are: the current folder's first, then the user's configuration."""
    return [path for path in (Path("assay.toml").absolute(), user_config_file()) if path.is_file()]


def user_config_file() -> Path:
    """``assay.toml`` in the user's configuration folder."""
    import platformdirs

    return Path(platformdirs.user_config_path("assay")) / "assay.toml"
