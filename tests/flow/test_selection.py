"""Globs on whole names, pairs of one family, cases that run only when asked for."""

from __future__ import annotations

from typing import Any

import pytest

from assay import AssayError, Benchmark, Case, Model
from assay.core.registry import Registry
from assay.flow.selection import Selection

CASES = [Case("b"), Case("a", tags=("full",)), Case("c [1]"), Case("a2")]


@pytest.fixture
def registry() -> Registry:
    """Three benchmarks and four models of two families."""
    registry = Registry(loaded=True)
    for name, category, derived in (("lab/one", "Solids", False), ("lab/two", "Molecules", False),
                                    ("other/one", "Solids", False), ("lab/derived", "Derived", True)):
        cls = type("B", (Benchmark,), {"name": name, "category": category, "derived": derived,
                                       "cases": lambda self: CASES})
        registry.add("benchmarks", name, cls, "test")
    for name, family, environment in (("m", "lab", None), ("m+d3", "lab", None), ("heavy", "lab", "torch"),
                                      ("n", "other", None)):
        registry.add("models", name, Model(name, family, "a:b", environment=environment), "test")
    registry.refused["heavy+d3"] = "dispersion is included"
    return registry


def pairs(registry: Registry, **selection: Any) -> set[tuple[str, str]]:
    return {(b.name, m.name) for b, m in Selection(**selection).find_pairs(registry)}


def test_without_globs_everything_of_one_family_pairs_up_but_environments_and_derived(registry: Registry) -> None:
    assert pairs(registry) == {("lab/one", "m"), ("lab/one", "m+d3"), ("lab/two", "m"), ("lab/two", "m+d3"),
                               ("other/one", "n")}


def test_imported_models_pair_with_nothing(registry: Registry) -> None:
    registry.add("models", "read", Model("read", "lab", "a:b", meta={"imported": True}), "test")
    assert "read" not in {model for _, model in pairs(registry)}
    assert pairs(registry, models=("read", "m")) == pairs(registry, models=("m",))
    with pytest.raises(AssayError, match="only imported results selected") as caught:
        pairs(registry, models=("read",))
    assert caught.value.code == 5


def test_a_glob_matches_the_whole_name(registry: Registry) -> None:
    assert pairs(registry, models=("m",), benchmarks=("lab/one",)) == {("lab/one", "m")}
    assert pairs(registry, models=("m*",), benchmarks=("*/one",)) == {("lab/one", "m"), ("lab/one", "m+d3")}
    assert pairs(registry, models=("m", "n"), categories=("Sol*",)) == {("lab/one", "m"), ("other/one", "n")}


def test_a_model_with_an_environment_has_to_be_named(registry: Registry) -> None:
    assert pairs(registry, models=("heavy",), benchmarks=("lab/two",)) == {("lab/two", "heavy")}


@pytest.mark.parametrize(("selection", "what", "hint"), [
    ({"benchmarks": ("lab/on",)}, "no benchmark matches 'lab/on'", "did you mean lab/one"),
    ({"models": ("m", "hevy")}, "no model matches 'hevy'", "heavy"),
    ({"categories": ("Solid",)}, "no category matches 'Solid'", "did you mean Solids?"),
    ({"models": ("zzzz",)}, "no model matches 'zzzz'", "assay list"),
    ({"models": ("heavy+d3",)}, "no model 'heavy+d3': dispersion is included", ""),
    ({"benchmarks": ("lab/*",), "models": ("n",)}, "no benchmark and model of one family", "assay list"),
    ({"benchmarks": ("lab/derived",)}, "no benchmark and model of one family", "assay list"),
])
def test_what_matches_nothing_exits_with_five(registry: Registry, selection: Any, what: str, hint: str) -> None:
    with pytest.raises(AssayError) as caught:
        pairs(registry, **selection)
    assert what in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.code == 5


@pytest.mark.parametrize(("selection", "expected"), [
    ({}, ["b", "c [1]", "a2"]),
    ({"full": True}, ["b", "a", "c [1]", "a2"]),
    ({"limit": 2}, ["b", "c [1]"]),
    ({"limit": 0}, []),
    ({"full": True, "limit": 2}, ["b", "a"]),
    ({"cases": ("a*",)}, ["a", "a2"]),
    ({"cases": ("a",)}, ["a"]),
    ({"cases": ("c [[]1]", "b")}, ["b", "c [1]"]),
    ({"cases": ("zzz",)}, []),
])
def test_cases(registry: Registry, selection: Any, expected: list[str]) -> None:
    item = registry.benchmark("lab/one")
    assert [case.id for case in Selection(**selection).find_cases(item)] == expected
