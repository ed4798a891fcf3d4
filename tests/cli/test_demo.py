"""The demo needs no network and no mirror; `.ci/run` runs it whole."""

from __future__ import annotations

import pytest

from assay.cli.demo import BENCHMARKS, MODELS
from assay.core.registry import registry


def test_everything_it_names_comes_with_the_packages() -> None:
    registry.load()
    for name in BENCHMARKS:
        assert registry.benchmark(name).data == {}
    for name in MODELS:
        model = registry.model(name)
        assert not model.needs_weights
        assert model.environment is None


@pytest.mark.slow
def test_demo_without_the_app(assay) -> None:
    outcome = assay("demo", "--no-app", timeout=600)
    assert "atoms: leaderboard" in outcome.out
    for name in MODELS:
        assert name in outcome.out
    assert "next:" in outcome.err
    document = assay("analyse", "--json").json
    assert len(document["cells"]) == 4 * 4 + 1  # pairs of one family
    assert {cell["state"] for cell in document["cells"]} == {"ok"}
