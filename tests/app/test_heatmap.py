"""Pictures of artefacts by their address, and what the page knows of a heatmap."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assay import Artefact, Record, Store
from assay.app.detail import artefact
from assay.app.server import create_app
from assay.app.state import Catalogue, parse
from assay.core.registry import registry
from assay.explain.heatmap import pack

BENCHMARK, MODELS = "explain/ground-truth", ("gradient", "random", "edges")


@pytest.fixture
def site(tmp_path: Path) -> tuple[Any, dict[str, str]]:
    """An app on a store of three methods on one scene, and the addresses of some artefacts."""
    benchmark = registry.load().benchmark(BENCHMARK)
    case, values = benchmark.checked_cases()[0], {metric.name: 0.5 for metric in benchmark.metrics}
    shas = {}
    with Store(tmp_path / "store") as store:
        for i, name in enumerate(MODELS):
            heatmap = pack(np.zeros((3, 4, 5)), np.full((4, 5), i + 1.0))
            note = Artefact("text", f"note of {name}".encode(), ".txt")
            store.add(BENCHMARK, benchmark.version, name, registry.model(name).digest, case,
                      Record({**values, "area": 0.1}, {"heatmap": heatmap, "note": note}))
            shas |= {name: heatmap.sha256, f"{name} note": note.sha256}
    return create_app(tmp_path / "store"), shas


def test_a_picture_by_its_address(site: Any) -> None:
    app, shas = site
    client = app.server.test_client()
    answer = client.get(f"/artefact/{shas['gradient']}/image.png?what=relevance&cmap=bwr&scale=3")
    assert answer.status_code == 200
    assert answer.content_type == "image/png"
    picture = np.asarray(Image.open(io.BytesIO(answer.data)))
    assert picture.shape == (12, 15, 3)
    assert (picture == [255, 0, 0]).all()


@pytest.mark.parametrize(("address", "code"), [
    ("gradient note", 404), ("gradient?what=everything", 400), ("gradient?what=mask", 400), ("gradient?alpha=2", 400),
])
def test_other_kinds_and_bad_wishes(site: Any, address: str, code: int) -> None:
    app, shas = site
    name, _, query = address.partition("?")
    answer = app.server.test_client().get(f"/artefact/{shas[name]}/image.png?{query}")
    assert answer.status_code == code
    assert b"Traceback" not in answer.data


@pytest.mark.parametrize("sha", ["0" * 64, "../../etc/passwd", "nothing"])
def test_what_the_store_does_not_know(site: Any, sha: str) -> None:
    assert site[0].server.test_client().get(f"/artefact/{sha}/image.png").status_code == 404


def test_the_artefact_knows_the_other_methods_maps(site: Any) -> None:
    app, shas = site
    request = app.assay_site.request(f"b={BENCHMARK}&m=gradient&metric=mass&case=scenes-cnn/000&opacity=20&cmap=hot")
    shown = str(artefact(request, dark=False))
    assert all(shas[name] in shown for name in MODELS)
    assert "m=random" in shown
    assert "cmap=hot" in shown
    assert "'opacity': 0.2" in shown


def test_entries_of_the_link() -> None:
    state, notices = parse("opacity=30&cmap=bwr", Catalogue())
    assert (state.opacity, state.cmap, notices) == (30, "bwr", [])
    for bad in ("101", "-1", "x", "1e1", "٣"):
        state, notices = parse(f"opacity={bad}", Catalogue())
        assert state.opacity == 70
        assert len(notices) == 1
