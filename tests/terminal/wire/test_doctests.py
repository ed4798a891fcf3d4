"""Examples in docstrings are right."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["addresses", "habits", "retry", "schemas", "sse", "types"])
def test_examples(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(f"assay.terminal.wire.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
