"""The circumstances: versions of what is imported, nothing that is not."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import assay
from assay.core import provenance


def test_versions_are_those_of_imported_distributions() -> None:
    import numpy

    found = provenance.versions()
    assert found["numpy"] == numpy.__version__
    assert found["pytest"] == version("pytest")
    assert "json" not in found


def test_what_is_not_imported_is_not_named(python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    code = "import json; from assay.core import provenance; print(json.dumps(provenance.circumstances('cuda')))"
    found = json.loads(python(code).stdout)
    assert "torch" not in found["packages"]
    assert found["device"] == "cuda"
    assert found["threads"] == "1"


def test_the_circumstances_name_python_machine_seed_and_assay() -> None:
    found = provenance.circumstances()
    assert found["python"] == platform.python_version() == sys.version.split()[0]
    assert platform.machine() in found["machine"]
    assert (found["assay"], found["seed"], found["device"]) == (assay.__version__, 0, "cpu")
    assert json.loads(json.dumps(found)) == found


def test_the_commit_is_that_of_the_checkout() -> None:
    provenance.commit.cache_clear()
    found = provenance.commit()
    top = provenance.Path(assay.__file__).parents[2]
    if not (top / ".git").exists():
        assert found == ""
        return
    head = subprocess.run(["git", "-C", str(top), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert len(found) >= 7
    tail = found.removesuffix("-dirty").rpartition("-g")[2]
    assert head.stdout.startswith(tail) or found.startswith("v")
