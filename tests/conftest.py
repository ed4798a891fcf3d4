"""Every test gets folders of its own; `assay` runs the command line as a user would, in a process of its own."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["lab_fixtures"]

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader"]

TESTS = Path(__file__).parent
PLUGINS = TESTS / "plugin_package"
NUMBERS = b"1 2 3\n4 5 6\n-1 1\n"  # the data set of toy/numbers


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, a cache, a configuration and a current folder that nobody else sees; no socket is opened."""
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
    monkeypatch.setenv("ASSAY_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("ASSAY_MIRROR", "ASSAY_JOBS", "ASSAY_DEBUG", "ASSAY_EVAL_CACHE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


MIRROR = os.environ.get("ASSAY_MIRROR") or str(TESTS.parent.parent / "shared" / "data")


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of reference data: ``ASSAY_MIRROR``, or ``../shared/data`` beside the checkout."""
    folder = Path(MIRROR.split(os.pathsep)[0])
    if not folder.is_dir():
        pytest.skip("no mirror of the reference data: set ASSAY_MIRROR")
    monkeypatch.setenv("ASSAY_MIRROR", MIRROR)
    return folder


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the toy plugin, imported here; workers that a test starts find it too."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
    return importlib.import_module("assay_toy")


@pytest.fixture
def toy_mirror(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror that holds the data set of ``toy/numbers``."""
    path = folders / "mirror" / "numbers" / "numbers.txt"
    path.parent.mkdir(parents=True)
    path.write_bytes(NUMBERS)
    monkeypatch.setenv("ASSAY_MIRROR", str(folders / "mirror"))
    return path


@dataclass
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Outcome]


def run_assay(*args: str, env: dict[str, str] | None = None, code: int | None = 0, timeout: float = 120.0,
              stdin: str = "") -> Outcome:
    """Run ``assay ARGS`` in a process of its own, with the toy plugin on the path.

    `code` is the exit code that is expected, None for any; no command may show a traceback.
    """
    variables = {**os.environ, "PYTHONPATH": str(PLUGINS), **(env or {})}
    done = subprocess.run([sys.executable, "-m", "assay", *args], env=variables, input=stdin, text=True,
                          capture_output=True, timeout=timeout, check=False)
    outcome = Outcome(done.returncode, done.stdout, done.stderr)
    assert code is None or outcome.code == code, f"exit {outcome.code}\n{outcome.out}\n{outcome.err}"
    assert "Traceback" not in outcome.err or variables.get("ASSAY_DEBUG"), outcome.err
    return outcome


@pytest.fixture
def assay(folders: Path) -> Run:
    """The command line: `run_assay` in the test's own folders."""
    return run_assay


@pytest.fixture(scope="session")
def toy_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with results of the toy family; not to be written to."""
    folder = tmp_path_factory.mktemp("toy")
    run_assay("calc", *TOY_SELECTION, code=1,
              env={"ASSAY_HOME": str(folder / "home"), "ASSAY_CACHE": str(folder / "cache"), "ASSAY_OFFLINE": "1"})
    return folder / "home"


TOY_SELECTION = ("-b", "toy/sums", "-b", "toy/negatives", "-b", "toy/curves",
                 "-m", "toy-exact", "-m", "toy-biased", "-m", "toy-noisy", "-m", "toy-positive")


@pytest.fixture
def filled(folders: Path, toy_results: Path) -> Path:
    """A home of the test's own that holds the toy results."""
    return Path(shutil.copytree(toy_results, folders / "home"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium: scripts/system-packages installs it on Debian")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
