"""Environments of their own: built for real, once, whole or not at all; a model runs in one."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay import AssayError, Model
from assay.core.model import Environment
from assay.core.registry import registry
from assay.flow import environment

Python = Callable[..., subprocess.CompletedProcess[str]]
LOADER = """
import importlib.util, sys
class Engine:
    def __init__(self, scale):
        self.scale, self.prefix = scale, sys.prefix
        self.others = [name for name in ("numpy", "pytest", "assay_lab") if importlib.util.find_spec(name)]
def load(device, scale):
    return Engine(scale)
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package of one module, as an index would hand it out."""
    files = {"tiny_engine.py": LOADER.encode(),
             "tiny_engine-1.5.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny-engine\nVersion: 1.5\n",
             "tiny_engine-1.5.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    sums = "".join(f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},"
                   f"{len(content)}\n" for name, content in files.items())
    path = tmp_path / "tiny_engine-1.5-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in {**files, "tiny_engine-1.5.dist-info/RECORD": sums.encode()}.items():
            zipped.writestr(name, content)
    return path


@pytest.fixture
def benchmark_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A benchmark in a package that only the driver has on its path."""
    folder = tmp_path / "package"
    (folder / "scaled").mkdir(parents=True)
    (folder / "scaled" / "__init__.py").touch()
    (folder / "scaled" / "twice.py").write_text("""
from assay import Benchmark, Case, Metric, Record, benchmark
@benchmark
class Twice(Benchmark):
    name, title, category = "scaled/twice", "Twice", "Scaled"
    metrics = (Metric("mean", "u", good=0.0, bad=1.0),)
    def cases(self):
        return [Case(str(n), {"n": n}) for n in range(3)]
    def calc(self, engine, case):
        print("this goes to the log")
        return Record({"x": engine.scale * case.inputs["n"], "prefix": engine.prefix, "others": engine.others})
    def analyse(self, records):
        return {"mean": 0.0}
""")
    monkeypatch.syspath_prepend(str(folder))
    __import__("scaled.twice")


def test_a_model_runs_in_an_environment_of_its_own(wheel: Path, benchmark_package: None, do: Any, store: Any,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    needs = Environment("tiny", (str(wheel),))
    entry = Model("scaled-tiny", "scaled", "tiny_engine:load", {"scale": 2.5}, environment="tiny")
    monkeypatch.setitem(registry.environments, "tiny", needs)
    monkeypatch.setitem(registry.models, entry.name, entry)
    ran = do("scaled/twice", "scaled-tiny")
    assert {case: status for case, (status, _) in ran.cases.items()} == {"0": "ok", "1": "ok", "2": "ok"}
    assert any("building the environment tiny" in event["text"] for event in ran.of("setup"))
    assert any("tiny_engine" in event["text"] or "tiny-engine" in event["text"] for event in ran.of("setup")[1:])
    records = store.records("scaled/twice")
    assert [record["x"] for record in records] == [0.0, 2.5, 5.0]
    # It is another Python, which has neither the driver's packages nor the tests'.
    assert {record["prefix"] for record in records} == {str(environment.folder(needs))}
    assert records[0]["others"] == []
    packages = store.provenance(records[0].provenance)["packages"]
    assert packages["tiny_engine"] == "1.5"
    assert "numpy" not in packages
    again = do("scaled/twice", "scaled-tiny", again="all")
    assert again.of("setup") == []
    assert again.outcome.ok == 3


def test_two_builders_at_once_build_once_and_over_what_is_half_built(wheel: Path, python: Python) -> None:
    needs = Environment("tiny", (str(wheel),))
    (environment.folder(needs) / "bin").mkdir(parents=True)
    environment.python(needs).write_text("#!/bin/sh\nexit 1\n")
    environment.python(needs).chmod(0o755)
    assert not environment.ready(needs)
    code = """
import os, sys
from assay.flow import environment
from assay.core.model import Environment
children = []
for _ in range(2):
    if (child := os.fork()) == 0:
        lines = []
        path = environment.build(Environment("tiny", (sys.argv[1],)), lines.append)
        os.write(1, f"{path} {len(lines) > 0}\\n".encode())
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
"""
    said = sorted(python(code, str(wheel), timeout=240).stdout.splitlines())
    assert said == [f"{environment.python(needs)} False", f"{environment.python(needs)} True"]
    assert environment.ready(needs)
    use = "import tiny_engine; print(tiny_engine.load('cpu', 3).scale)"
    done = subprocess.run([environment.python(needs), "-c", use], capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"


def test_what_pip_cannot_have_is_a_model_that_cannot_load_and_leaves_nothing_ready(tmp_path: Path) -> None:
    needs = Environment("never", (str(tmp_path / "no-such-1.0-py3-none-any.whl"),))
    lines: list[str] = []
    with pytest.raises(AssayError, match="environment never: pip ended with exit code 1") as caught:
        environment.build(needs, lines.append)
    assert caught.value.code == 4
    assert "no-such" in caught.value.message
    assert not environment.ready(needs)
    assert len(lines) > 1


def test_a_cache_that_cannot_be_written_is_a_model_that_cannot_load(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(AssayError, match=r"environment tiny.*cannot be made") as caught:
        environment.build(Environment("tiny", ("x",)))
    assert caught.value.code == 4


def test_without_weights_no_environment_is_begun(lab: Any, do: Any, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Model("lab-heavy", "lab", "heavy:load", {"path": "{weights}"}, environment="heavy",
                  url="https://toy.invalid/heavy.pt")
    monkeypatch.setitem(registry.environments, "heavy", Environment("heavy", ("no-such-package-anywhere",)))
    monkeypatch.setitem(registry.models, entry.name, entry)
    started = time.process_time()
    ran = do("lab/costly", "lab-heavy")
    assert time.process_time() - started < 3
    assert ran.outcome.exit_code == 4
    (error,) = ran.of("error")
    assert "heavy.pt" in error["message"]
    assert not (tmp_path / "cache" / "environments").exists()


def test_the_folder_carries_the_digest_of_the_requirements(tmp_path: Path) -> None:
    one, other = Environment("tiny", ("a",)), Environment("tiny", ("b",))
    assert environment.folder(one) != environment.folder(other)
    assert environment.folder(one).parent == tmp_path / "cache" / "environments"
    assert environment.folder(one).name == f"tiny-{one.digest[:12]}"
    assert json.dumps(one.requires) == '["a"]'
