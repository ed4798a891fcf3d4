"""Heatmaps in a real browser: the pictures are there, the slider and the mask act at once, links hold it all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen

import numpy as np
import pytest

from assay import Record, Store
from assay.core.registry import registry
from assay.explain.heatmap import pack

from .conftest import served

pytestmark = pytest.mark.browser
BENCHMARK, MODELS = "explain/ground-truth", ("gradient", "lrp-epsilon-plus-flat", "random")
OPENED = f"/?family=explain&category=Faithfulness&b={BENCHMARK}&metric=mass&m=gradient"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three methods on twelve scenes; only the heatmaps' pixels are made up."""
    folder = tmp_path_factory.mktemp("heatmaps")
    benchmark = registry.load().benchmark(BENCHMARK)
    rng = np.random.default_rng(0)
    with Store(folder) as opened:
        for rank, name in enumerate(MODELS):
            for i, case in enumerate(benchmark.checked_cases()[:12]):
                mask = np.zeros((64, 64), bool)
                mask[10:26, 20 + i:38 + i] = True
                relevance = rng.normal(size=(64, 64)) * 0.3 + mask * (3 - rank)
                values = {"mass": 0.8 - 0.3 * rank + 0.01 * i, "area": 0.05 + 0.002 * i, "rank": 0.5, "gain": 9.0,
                          "mass_l2": 0.5, "rank_l2": 0.5, "probability": 0.99}
                record = Record(values, {"heatmap": pack(rng.random((3, 64, 64)), relevance, mask)})
                opened.add(BENCHMARK, benchmark.version, name, registry.model(name).digest, case, record)
    return folder


@pytest.fixture(scope="module")
def heatmaps(store: Path) -> Iterator[str]:
    """The address of a server on it."""
    with served(store) as found:
        yield found


def loaded(page: Any) -> None:
    page.wait_for_selector("#artefact .heatmap img.relevance")
    page.wait_for_function("[...document.querySelectorAll('.heatmap img')].every(i => i.complete && i.naturalWidth)")


def opacity(page: Any) -> float:
    return float(page.evaluate("getComputedStyle(document.querySelector('#artefact img.relevance')).opacity"))


def query(page: Any) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def test_from_a_point_to_its_stacked_pictures(page: Any, heatmaps: str) -> None:
    page.goto(heatmaps + OPENED)
    page.wait_for_function("((document.getElementById('graph') || {}).data || []).length")
    points = page.evaluate("document.getElementById('graph').data.flatMap(t => (t.customdata || []).map(c => c[0]))")
    assert "scenes-cnn/003" in points
    page.goto(f"{heatmaps}{OPENED}&case={quote('scenes-cnn/003')}")
    loaded(page)
    names = page.evaluate("[...document.querySelectorAll('#artefact .stack img')].map(i => i.className)")
    assert names == ["input", "relevance", "mask"]
    boxes = page.evaluate("""[...document.querySelectorAll('#artefact .stack img')].map(i => {
        const b = i.getBoundingClientRect(); return [b.x, b.y, b.width, b.height].map(Math.round) })""")
    assert boxes[0] == boxes[1] == boxes[2]
    assert boxes[0][2] == boxes[0][3] >= 300
    slider = page.locator("#opacity").bounding_box()
    assert slider["width"] > 80 > slider["height"]
    assert opacity(page) == pytest.approx(0.7)


def test_the_slider_acts_without_the_server(page: Any, heatmaps: str) -> None:
    page.goto(f"{heatmaps}{OPENED}&case={quote('scenes-cnn/003')}&opacity=40")
    loaded(page)
    assert opacity(page) == pytest.approx(0.4)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "_dash-update" in request.url else None)
    slider = page.locator("#opacity")
    slider.fill("85")
    assert opacity(page) == pytest.approx(0.85)
    assert query(page)["opacity"] == "85"
    assert [url for url in asked if "update" in url] == []
    page.reload()
    loaded(page)
    assert opacity(page) == pytest.approx(0.85)


def test_another_map_is_another_picture_and_part_of_the_link(page: Any, heatmaps: str) -> None:
    page.goto(f"{heatmaps}{OPENED}&case={quote('scenes-cnn/003')}")
    loaded(page)
    page.locator("#opacity").fill("30")
    page.select_option("#cmap", "bwr")
    page.wait_for_selector("#artefact img.relevance[src*='cmap=bwr']")
    assert query(page)["cmap"] == "bwr"
    assert query(page)["opacity"] == "30"
    assert opacity(page) == pytest.approx(0.3)
    page.wait_for_function("document.getElementById('cmap').value === 'bwr'")  # set a frame after it is drawn anew


def test_the_mask_can_be_taken_away(page: Any, heatmaps: str) -> None:
    page.goto(f"{heatmaps}{OPENED}&case={quote('scenes-cnn/003')}")
    loaded(page)
    mask = page.locator("#artefact img.mask")
    assert mask.is_visible()
    page.click("#artefact #mask")
    assert not mask.is_visible()
    page.click("#artefact #mask")
    assert mask.is_visible()


def test_other_methods_are_a_click_away(page: Any, heatmaps: str) -> None:
    page.goto(f"{heatmaps}{OPENED}&case={quote('scenes-cnn/003')}&opacity=50")
    loaded(page)
    assert page.locator("#artefact .thumbnails a").all_inner_texts() == list(MODELS[1:])
    page.click("#artefact .thumbnails a >> nth=0")
    page.wait_for_selector(f"#artefact[data-model='{MODELS[1]}'] img.relevance")
    assert query(page)["m"] == MODELS[1]
    assert query(page)["case"] == "scenes-cnn/003"
    assert opacity(page) == pytest.approx(0.5)


def test_bad_entries_of_a_link_are_told(page: Any, heatmaps: str) -> None:
    page.goto(f"{heatmaps}{OPENED}&case={quote('scenes-cnn/003')}&opacity=400&cmap=coldhot")
    loaded(page)
    assert "opacity=400" in page.inner_text("#notice")
    assert "coldhot" in page.inner_text("#artefact")
    assert opacity(page) == pytest.approx(0.7)


def test_pictures_by_address(store: Path, heatmaps: str) -> None:
    with Store(store) as opened:
        sha = opened.records(BENCHMARK, "gradient")[0].artefacts["heatmap"].sha256
    with urlopen(f"{heatmaps}/artefact/{sha}/image.png?what=overlay&cmap=bwr&alpha=0.3&scale=2") as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.read(4) == b"\x89PNG"
    for path, code in ((f"{'0' * 64}/image.png", 404), (f"{sha}/image.png?what=nothing", 400),
                       (f"{sha}/image.png?cmap=nothing", 400), (f"{sha}/other.png", 404)):
        with pytest.raises(Exception, match=str(code)):
            urlopen(f"{heatmaps}/artefact/{path}")
