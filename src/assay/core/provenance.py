"""The circumstances of a result: what ran it, on what, with which versions."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import assay


def versions() -> dict[str, str]:
    """Return the version of every distribution whose module of the same name is imported in this process."""
    names = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
    found = ((name, _version(name)) for name in names if not name.startswith("_"))
    return {name: number for name, number in sorted(found) if number}


def circumstances(device: str = "cpu") -> dict[str, Any]:
    """Return python, machine, device, seed, threads and package versions of this process."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "device": device,
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "seed": 0,
        "assay": assay.__version__,
        "commit": commit(),
        "packages": versions(),
    }


@functools.cache
def commit() -> str:
    """Return the commit of the checkout assay runs from; empty if it is installed."""
    top = Path(assay.__file__).parents[2]
    if not (top / ".git").exists():
        return ""
    command = ["git", "-C", str(top), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


@functools.cache
def _version(name: str) -> str:
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):
        return ""
