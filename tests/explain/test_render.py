"""Pictures of heatmaps for the app, and the component that stacks them."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image
from plotly.utils import PlotlyJSONEncoder

from assay.core.errors import AssayError
from assay.explain.heatmap import pack
from assay.explain.image import CMAPS, overlay, picture, to_rgb
from assay.explain.render import heatmap, image

RNG = np.random.default_rng(1)
INPUT, RELEVANCE = RNG.random((3, 6, 8)), RNG.normal(size=(6, 8))
MASK = RELEVANCE > 0.5
DATA = pack(INPUT, RELEVANCE, MASK).data


def pixels(data=DATA, **query):
    made, kind = image(data, query)
    assert kind == "image/png"
    return np.asarray(Image.open(io.BytesIO(made)))


def test_every_part_pixel_by_pixel():
    relevance = RELEVANCE.astype(np.float32)[None]
    assert (pixels(what="input") == picture(INPUT[None])[0]).all()
    assert (pixels(what="relevance") == to_rgb(relevance)[0]).all()
    assert (pixels(what="relevance", cmap="bwr") == to_rgb(relevance, "bwr")[0]).all()
    assert (pixels(what="overlay", alpha="0.25", cmap="hot") == overlay(INPUT[None], relevance, 0.25, "hot")[0]).all()
    assert (pixels() == pixels(what="overlay", alpha="0.5", cmap="coldnhot")).all()


def test_the_mask_is_white_and_transparent_elsewhere():
    found = pixels(what="mask")
    assert (found[MASK] == 255).all()
    assert (found[~MASK] == 0).all()
    assert found.shape == (6, 8, 4)


def test_scale_enlarges_without_blur():
    assert (pixels(what="relevance", scale="5") == pixels(what="relevance").repeat(5, 0).repeat(5, 1)).all()


def test_the_artefacts_own_map_comes_first():
    assert (pixels(pack(INPUT, RELEVANCE, cmap="bwr").data, what="relevance") == pixels(
        what="relevance", cmap="bwr")).all()


@pytest.mark.parametrize("shape", [(2, 40), (1, 5, 6, 7), (5, 6, 6), (1, 8, 8)])
@pytest.mark.parametrize("what", ["input", "relevance", "overlay"])
def test_signals_volumes_and_other_channels_are_drawn(shape, what):
    data = pack(RNG.random(shape), RNG.normal(size=shape)).data
    assert len(np.unique(pixels(data, what=what).reshape(-1, 3), axis=0)) > 5


@pytest.mark.parametrize(("query", "words"), [
    ({"what": "inputs"}, "did you mean input"),
    ({"cmap": "coldhot"}, "did you mean coldnhot"),
    ({"alpha": "1.5"}, "from 0 to 1"), ({"alpha": "x"}, "from 0 to 1"), ({"alpha": "nan"}, "from 0 to 1"),
    ({"scale": "0"}, "from 1 to 64"), ({"scale": "inf"}, "from 1 to 64"),
])
def test_refused(query, words):
    with pytest.raises(AssayError, match=words):
        image(DATA, query)


def test_no_mask_and_no_giants():
    with pytest.raises(AssayError, match="no mask"):
        image(pack(INPUT, RELEVANCE).data, {"what": "mask"})
    with pytest.raises(AssayError, match="4096"):
        image(pack(np.zeros((1, 300, 9)), np.zeros((300, 9))).data, {"scale": "14"})


def component(data=DATA, **page):
    return json.loads(json.dumps(heatmap(data, page), cls=PlotlyJSONEncoder))


def walk(node):
    if isinstance(node, dict) and "props" in node:
        yield node["props"] | {"type": node["type"]}
        for child in node["props"].values():
            yield from walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from walk(child)


def find(found, **props):
    return [one for one in found if all(one.get(key) == value for key, value in props.items())]


def test_the_component_stacks_the_pictures():
    sha = hashlib.sha256(DATA).hexdigest()
    found = list(walk(component(opacity=40, cmap="bwr")))
    pictures = {one["className"]: one for one in find(found, type="Img") if one.get("className")}
    assert list(pictures) == ["input", "relevance", "mask"]
    assert all(one["src"].startswith(f"/artefact/{sha}/image.png?what={name}") for name, one in pictures.items())
    assert pictures["relevance"]["style"] == {"opacity": 0.4}
    assert "cmap=bwr" in pictures["relevance"]["src"]
    slider, = find(found, id="opacity")
    assert (slider["min"], slider["max"], slider["value"]) == (0, 100, 40)
    chosen, = find(found, id="cmap")
    assert [option["props"]["value"] for option in chosen["children"]] == list(CMAPS)


def test_every_address_on_the_component_is_answered():
    others = [{"model": "other", "sha256": hashlib.sha256(DATA).hexdigest(), "href": "?m=other"}]
    found = list(walk(component(others=others)))
    addresses = [one["src"].partition("?")[2] for one in find(found, type="Img")]
    assert len(addresses) == 4
    for address in addresses:
        pixels(**dict(pair.split("=") for pair in address.split("&")))
    link, = find(found, type="A")
    assert link["href"] == "?m=other"


def test_bad_state_falls_back():
    found = list(walk(component(opacity="", cmap="no such map")))
    assert find(found, id="opacity")[0]["value"] == 70
    assert "cmap=coldnhot" in find(found, className="relevance")[0]["src"]
    assert find(list(walk(component(pack(INPUT, RELEVANCE).data))), className="mask") == []
