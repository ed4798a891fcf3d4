"""The examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import assay

ROOT = Path(assay.__file__).parent
MODULES = [".".join(("assay", *path.relative_to(ROOT).with_suffix("").parts)) for path in sorted(ROOT.rglob("*.py"))
           if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.attempted
    assert not result.failed


def test_there_are_some() -> None:
    assert "assay.results.score" in MODULES
