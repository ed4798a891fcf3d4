"""The drill-down: the clicked model's own artefact, the reference beside it, and reasons where something broke."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from assay.app import detail
from assay.app.site import Site
from assay.core.registry import Registry


@pytest.fixture(scope="module")
def site(filled: Path) -> Site:
    return Site(filled, readonly=True)


def text(parts: Any) -> str:
    return json.dumps(parts, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_the_artefact_is_the_open_models(site: Site) -> None:
    for model in ("potential-01", "potential-02"):
        request = site.request(f"b=big/test-00&m={model}&case=case-03")
        section = detail.artefact(request, dark=False)[0]
        own = request.sample.records["case-03"].artefacts["molecule"].sha256  # type: ignore[union-attr]
        assert getattr(section, "data-model") == model
        assert getattr(section, "data-case") == "case-03"
        assert f"/artefact/{own}" in text(section)
        assert "data-structure" in text(section)


def test_reference_prediction_and_difference_stand_beside_it(site: Site) -> None:
    page = text(detail.artefact(site.request("b=big/test-00&m=potential-05&case=case-03"), dark=False))
    assert all(f'"children": "{word}"' in page for word in ("reference", "predicted", "difference"))


@pytest.mark.parametrize(("query", "words"), [
    ("b=odd/broken&m=odd-good", "ZeroDivisionError"),
    ("b=odd/unshown&m=odd-bad", "no convergence after 100 steps"),
    ("b=odd/unshown&m=odd-good", "declares none"),
    ("b=big/test-09&m=potential-04", "no periodic cells"),
    ("b=big/test-00&m=potential-20", "assay calc -b 'big/test-00' -m 'potential-20'"),
])
def test_a_cell_says_why(site: Site, query: str, words: str) -> None:
    request = site.request(query)
    assert words in text([detail.head(request), detail.after(request)])


@pytest.mark.parametrize(("query", "words"), [
    ("b=big/test-00&m=potential-01&case=nothing", "knows no case 'nothing'"),
    ("b=big/test-00&m=potential-07&case=case-03", "the series does not converge"),
])
def test_a_case_without_an_artefact_says_why(site: Site, query: str, words: str) -> None:
    assert words in text(detail.artefact(site.request(query), dark=False))


def test_a_damaged_artefact_says_so_in_place(big: Any, tmp_path: Path) -> None:
    big.fill(tmp_path, models=1, benchmarks=1)
    for path in (tmp_path / "artefacts").rglob("*.extxyz"):
        path.write_bytes(b"?")
    page = text(detail.artefact(Site(tmp_path).request("b=big/test-00&m=potential-01&case=case-00"), dark=False))
    assert "damaged" in page
    assert "assay calc --again all" in page


def test_a_renderer_that_raises_costs_its_own_place() -> None:
    from assay.app import viewer

    page = {"kind": "text", "suffix": ".txt", "label": "", "name": "x"}
    shown = viewer.show(Registry(renderers={"text": "assay.app.nowhere:render"}), b"", page)
    assert "ModuleNotFoundError" in shown.children
    plain = viewer.show(Registry(), "grüße <b>".encode(), page)
    assert plain.children == "grüße <b>"


def test_a_models_card_says_where_it_stands(site: Site) -> None:
    page = text(detail.head(site.request("m=potential-07")))
    assert "rank 8 of 8" in page
    assert "r2scan" in page
    assert "the series does not converge" in page
