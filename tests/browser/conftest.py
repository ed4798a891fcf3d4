"""A real server on a filled store, and a real Chromium that looks at it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

BIG = Path(__file__).parent / "big"


@contextmanager
def served(home: Path, *options: str) -> Iterator[str]:
    """Run ``assay app --port 0`` on a store; gives its address without the last slash."""
    variables = {**os.environ, "PYTHONPATH": str(BIG), "ASSAY_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "assay", "app", "--port", "0", *options]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip().rstrip("/")  # type: ignore[union-attr]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def big() -> Iterator[Any]:
    """The module of the large family."""
    sys.path.insert(0, str(BIG))
    yield importlib.import_module("assay_big")
    sys.path.remove(str(BIG))


@pytest.fixture(scope="session")
def home(big: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 8 models x 12 benchmarks, and the odd family."""
    folder = tmp_path_factory.mktemp("home")
    big.fill(folder, models=8, benchmarks=12, odd=True)
    return folder


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """The address of a server on the filled store."""
    with served(home) as found:
        yield found


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open pages; afterwards none may have asked another host or written an error to the console."""
    contexts, asked, errors = [], list[str](), list[str]()

    def make(**options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts <= {"127.0.0.1"}
    # A server that a test has stopped resets what its page still asks for.
    assert not [text for text in errors if "net::ERR_" not in text]


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """One page."""
    return new_page()
