"""The examples in the docstrings of core, flow and results do what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import assay.core
import assay.flow
import assay.results

ROOMS = (assay.core, assay.flow, assay.results)
MODULES = sorted(info.name for room in ROOMS for info in pkgutil.iter_modules(room.__path__, f"{room.__name__}."))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), raise_on_error=False).failed == 0


def test_there_are_examples_and_modules() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 4
