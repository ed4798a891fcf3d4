"""Virtual environments for models whose packages exclude each other; built once, whole or not at all."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from assay.core import config
from assay.core.errors import LoadError, describe
from assay.core.model import Environment

SETUP_TIMEOUT = 1800.0
# The driver's pip installs into the environment too; a pip of its own would take seconds to set up.
OUR_PIP = importlib.util.find_spec("pip") is not None


def folder(environment: Environment) -> Path:
    """Return where the environment is, or would be."""
    return config.cache() / "environments" / f"{environment.name}-{environment.digest[:12]}"


def python(environment: Environment) -> Path:
    """Return the environment's interpreter."""
    return folder(environment) / "bin" / "python"


def ready(environment: Environment) -> bool:
    """Whether the environment is built; a half-built one is not."""
    return _mark(environment).is_file()


def build(environment: Environment, echo: Callable[[str], None] = lambda line: None) -> Path:
    """Build the environment if it is not ready; returns its interpreter.

    Parameters
    ----------
    environment : Environment
    echo : callable
        Receives pip's lines as they come.

    Raises
    ------
    LoadError
        If pip fails or needs more than 1,800 s; nothing half-built is used later.
    """
    target = folder(environment)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Two drivers may ask for it at once: the second waits here, then finds it ready.
        with (target.parent / f"{target.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not ready(environment):
                shutil.rmtree(target, ignore_errors=True)
                echo(f"building the environment {environment.name}: {', '.join(environment.requires)}")
                venv.create(target, with_pip=not OUR_PIP, symlinks=True)
                _install(environment, echo)
                _mark(environment).write_text("\n".join(environment.requires) + "\n", encoding="utf-8")
    except (OSError, subprocess.SubprocessError) as error:
        raise LoadError(f"environment {environment.name}: {target} cannot be made: {describe(error)}",
                        "check free space and permissions, and that python has venv and pip") from error
    return python(environment)


def _mark(environment: Environment) -> Path:
    return folder(environment) / "complete"


def _install(environment: Environment, echo: Callable[[str], None]) -> None:
    target = str(python(environment))
    pip = [sys.executable, "-P", "-m", "pip", "--python", target] if OUR_PIP else [target, "-P", "-m", "pip"]
    command = [*pip, "install", "--no-input", "--progress-bar", "off", "--disable-pip-version-check",
               *(["--no-index"] if config.offline() else []), *environment.requires]
    variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    process = subprocess.Popen(["timeout", f"{SETUP_TIMEOUT:.0f}", *command] if shutil.which("timeout") else command,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=variables)
    last: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            echo(line.rstrip())
            last = [*last[-4:], line.strip()]
    except BaseException:
        process.terminate()
        raise
    if process.wait() != 0:
        raise LoadError(f"environment {environment.name}: pip ended with exit code {process.returncode}\n  "
                        + "\n  ".join(last), f"python {sys.version.split()[0]} may be too old or too new for "
                        f"{', '.join(environment.requires)}; the index may be out of reach; it is not asked while "
                        "ASSAY_OFFLINE is set")
