"""A filled store of the large family, made once; tests only read it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BIG = Path(__file__).parents[1] / "browser" / "big"


@pytest.fixture(scope="session")
def big() -> Iterator[Any]:
    """The module of the large family."""
    sys.path.insert(0, str(BIG))
    yield importlib.import_module("assay_big")
    sys.path.remove(str(BIG))


@pytest.fixture(scope="session")
def filled(big: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 8 models x 14 benchmarks, and the odd family."""
    folder = tmp_path_factory.mktemp("filled")
    big.fill(folder, models=8, benchmarks=14, odd=True)
    return folder
