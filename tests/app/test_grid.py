"""Rows and columns: what a reader sees of a leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.app import grid
from assay.app.site import Site


@pytest.fixture(scope="module")
def site(filled: Path) -> Site:
    return Site(filled, readonly=True)


def shown(site: Site, query: str) -> tuple[list[Any], dict[str, Any]]:
    request = site.request(query)
    rows = grid.rows(request.board, request.state, site.registry.models)
    return grid.columns(request.board, request.state), {row["id"]: row for row in rows}


def test_the_summary_has_a_column_a_category(site: Site) -> None:
    columns, rows = shown(site, "family=big")
    assert [column["colId"] for column in columns] == [
        "rank", "model", "score", "Clusters", "Defects", "Lattices", "Liquids", "Reactions", "Surfaces"]
    assert rows["potential-01"]["rank"]["t"] == "1"
    assert rows["potential-01"]["Lattices"]["t"] == f"{rows['potential-01']['Lattices']['v']:.2f}"


def test_a_category_has_a_column_a_benchmark_and_marks_what_is_incomplete(site: Site) -> None:
    columns, rows = shown(site, "family=big&category=Lattices")
    assert [column["colId"] for column in columns][3:] == ["big/test-00", "big/test-06", "big/test-12"]
    assert rows["potential-07"]["big/test-00"]["n"] == "8/10"
    assert rows["potential-07"]["big/test-00"]["warn"]
    assert "the series does not converge" in rows["potential-07"]["big/test-00"]["tip"]
    assert rows["potential-01"]["big/test-00"]["n"] == ""


def test_skipped_everywhere_is_a_dash(site: Site) -> None:
    cell = shown(site, "family=big&category=Defects")[1]["potential-04"]["big/test-09"]
    assert cell["v"] is None
    assert "no periodic cells" in cell["tip"]


def test_metrics_have_columns_of_their_own_with_levels(site: Site) -> None:
    columns, rows = shown(site, "family=big&category=Lattices&show=metric")
    group = columns[3]
    assert [leaf["colId"] for leaf in group["children"]] == ["big/test-00", "big/test-00.me"]
    row = rows["potential-02"]
    assert row["big/test-00"]["mark"] == "="
    assert rows["potential-01"]["big/test-00"]["mark"] == "≠"
    assert row["big/test-00"]["c"] == pytest.approx(1 - row["big/test-00"]["v"] / 0.8)


def test_a_broken_analysis_warns_and_says_why(site: Site) -> None:
    _, rows = shown(site, "family=odd&category=Trouble")
    cell = rows["odd-good"]["odd/broken"]
    assert cell["warn"]
    assert "ZeroDivisionError" in cell["tip"]
    summary = shown(site, "family=odd")[1]["odd-good"]["Trouble"]
    assert summary["warn"]
    assert summary["b"] == "odd/broken"


def test_the_filters_offered_are_what_models_do_not_know(site: Site) -> None:
    from assay.app.elements import present_elements
    from assay.app.scoring import filters

    request = site.request("family=big")
    present = present_elements(request)
    assert present == {"H", "C", "N", "O", "Si", "Cu", "Au", "Na", "Cl", "Fe"}
    offered = dict(filters(request, {*present, "W", "U"}))
    assert offered["Unsupported by the models shown"] == {"W", "U"}
    assert offered["Not in MPtrj"] == {"U"}
    assert offered["Not in OMat24"] == {"W", "U"}
