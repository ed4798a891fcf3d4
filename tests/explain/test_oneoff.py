"""One explanation of one file: the network, the target, what is written, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from assay.core.errors import AssayError
from assay.explain import explain
from assay.explain.image import draw, tokens
from assay.explain.models import Network, build
from assay.explain.oneoff import Drawing, Question, answer, check_files, layers, parse_target
from assay.explain.reading import Sample, read_sample

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def network():
    module = build("cnn", 4, layers=(5, "M", 6), seed=2)
    return Network(module, (3, 8, 6), (0.4,), (0.3,), labels=("ant", "bee", "cat", "dog"), name="small")


@pytest.fixture
def sample(network, tmp_path):
    Image.fromarray(RNG.integers(0, 256, (8, 6, 3), dtype=np.uint8)).save(tmp_path / "in.png")
    return read_sample(tmp_path / "in.png", network)


def test_the_document_says_what_explain_found(network, sample):
    found = answer(network, sample, Question(composite="epsilon", target="cat", layer="features.0"))
    truth = explain(network, sample.inputs, 2, composite="epsilon", layers=["features.0"])
    document = found.document()
    assert document["target"] == {"spec": "cat", "index": 2, "minus": None, "label": "cat"}
    assert (document["model"], document["method"], document["composite"]) == ("small", "lrp", "epsilon")
    assert document["output"]["shape"] == [4]
    values = [one["value"] for one in document["output"]["top"]]
    assert values == sorted(truth.output[0].tolist(), reverse=True)
    assert document["relevance"]["shape"] == [3, 8, 6]
    assert document["relevance"]["sum"] == pytest.approx(float(truth.relevance.sum()), rel=1e-4)
    assert document["relevance"]["positive"] + document["relevance"]["negative"] == pytest.approx(
        document["relevance"]["sum"], rel=1e-4, abs=1e-6)
    assert document["layer"]["shape"] == [5, 8, 6]
    assert document["layer"]["sum"] == pytest.approx(float(truth.layers["features.0"].sum()), rel=1e-4)
    assert document["report"]["ops"]
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize(("text", "meant", "index", "minus"), [
    ("predicted", "predicted", None, None), ("3", 3, 3, None), ("bee", 1, 1, None),
    ("contrast:bee,dog", "contrast:1,3", 1, 3), ("contrast:2", "contrast:2", 2, None)])
def test_targets(network, sample, text, meant, index, minus):
    assert parse_target(text, network) == meant
    found = answer(network, sample, Question(target=text)).document()["target"]
    top = int(network.module(sample.inputs).argmax())
    assert found == {"spec": text, "index": top if index is None else index, "minus": minus,
                     "label": network.labels[top if index is None else index]}


def test_what_is_written(network, sample, tmp_path):
    found = answer(network, sample, Question(layer="features.3"))
    files = [tmp_path / name for name in ("a.png", "a.npz", "a.json")]
    assert found.write(files, Drawing(cmap="bwr")) == files
    assert Image.open(files[0]).size == (6, 8)
    arrays = np.load(files[1])
    assert set(arrays.files) == {"relevance", "input", "output", "target", "layer"}
    assert arrays["relevance"].shape == arrays["input"].shape == (3, 8, 6)
    assert arrays["layer"].shape == (6, 4, 3)
    assert arrays["output"].shape == (4,)
    document = json.loads(files[2].read_text())
    assert document["schema"] == 1
    assert document["files"] == [str(path) for path in files]
    assert document["relevance"]["sum"] == pytest.approx(arrays["relevance"].sum(), rel=1e-4)


def test_the_picture(network, sample):
    from assay.explain.image import overlay, to_rgb

    found = answer(network, sample, Question(composite="epsilon"))
    relevance = found.found.relevance
    assert (found.picture(Drawing()) == to_rgb(relevance)[0]).all()
    assert (found.picture(Drawing(cmap="hot", percentile=90)) == to_rgb(relevance, "hot", percentile=90)[0]).all()
    assert (found.picture(Drawing(alpha=0.4)) == overlay(sample.shown[None], relevance, 0.4)[0]).all()


def test_the_picture_of_a_layer_has_the_inputs_size(network, sample):
    found = answer(network, sample, Question(layer="features.3"))
    picture = found.picture(Drawing())
    assert picture.shape == (8, 6, 3)
    assert (picture[::2, ::2] == picture[1::2, 1::2]).all()
    dense = answer(network, sample, Question(layer="classifier.0")).picture(Drawing())
    assert dense.ndim == 3


@pytest.mark.parametrize(("asked", "words"), [
    (Question(target="4"), "--target: target 4 is out of range"),
    (Question(target="contrast:1,1"), "--target: the target"),
    (Question(target="cow"), "--target"),
    (Question(target="contrast:bee,cow"), "--target"),
    (Question(layer="feature.0"), "--layer"),
    (Question(flat_below="feature.0"), "--flat-below"),
    (Question(method="lpr"), "--method"),
    (Question(composite="epsilon-pluss"), "--composite"),
    (Question(method="gradient", composite="epsilon"), "composite"),
    (Question(options={"gama": 1}), "gama"),
    (Question(composite="epsilon-gamma-box", options={"gamma": -1}), "gamma"),
    (Question(position="x"), "--position"),
    (Question(position="3"), "--position 3"),
    (Question(method="occlusion", layer="features.0"), "--layer"),
    (Question(method="gradcam", layer="classifier.0"), "choose a convolution"),
    (Question(layer="features.*"), "--layer"),
])
def test_refused_and_the_option_is_named(network, sample, asked, words):
    with pytest.raises(AssayError) as error:
        answer(network, sample, asked)
    assert words in str(error.value)
    assert error.value.code == 2


def test_a_network_that_does_not_run_is_named(network):
    wrong = Network(network.module, (1, 8, 6), name="wrong")
    for run in (lambda sample: answer(wrong, sample, Question()), lambda sample: layers(wrong, sample)):
        with pytest.raises(AssayError, match=r"network wrong does not run on an input of shape \(1, 8, 6\)"):
            run(Sample(torch.zeros(1, 1, 8, 6)))


def test_grad_cam_works_at_the_layer_that_is_asked(network, sample):
    free = answer(network, sample, Question(method="gradcam"))
    assert free.document()["layer"] is None
    assert (free.picture(Drawing()) == draw(free.found.relevance[0])).all()
    found = answer(network, sample, Question(method="guided_gradcam", layer="features.0"))
    assert found.document()["layer"]["shape"] == [1, 8, 6]
    assert found.document()["report"]["notes"] == ["layer features.0"]


def test_a_map_needs_a_position_and_the_option_is_named():
    maps = Network(torch.nn.Conv2d(3, 2, 1), (3, 8, 6), name="maps")
    sample = Sample(torch.ones(1, 3, 8, 6))
    with pytest.raises(AssayError) as error:
        answer(maps, sample, Question())
    assert "no --position" in error.value.message
    assert error.value.hint == "give --position i,j"
    found = answer(maps, sample, Question(position="2,3", composite="epsilon")).found.relevance
    assert found.abs().sum((0, 1)).nonzero().tolist() == [[2, 3]]
    assert answer(maps, sample, Question(position="sum")).document()["output"]["shape"] == [2, 8, 6]


def test_options_reach_the_method(network, sample):
    one, other = (answer(network, sample, Question(method="occlusion", options={"window": size}))
                  for size in (1, 4))
    assert not torch.equal(one.found.relevance, other.found.relevance)
    boxed = answer(network, sample, Question(composite="epsilon-gamma-box", options={"gamma": 0.5}))
    assert "Gamma(gamma=0.5)" in json.dumps(boxed.document())


def test_tokens_and_positions():
    module = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Linear(4, 5)).eval()
    network = Network(module, (16,), layout="tokens", name="language")
    sample = Sample(torch.tensor([[1, 2, 3]]), np.arange(1, 4))
    found = answer(network, sample, Question(composite="epsilon", position="1", target="2"))
    assert found.document()["relevance"]["shape"] == [3]
    assert found.document()["output"]["shape"] == [3, 5]
    assert len(found.document()["output"]["top"]) == 5
    assert (found.picture(Drawing()) == tokens(found.found.relevance[0], ["1", "2", "3"])).all()


def test_layers_of_tokens():
    embedding = torch.nn.Embedding(9, 4)
    network = Network(torch.nn.Sequential(embedding, torch.nn.Linear(4, 5)), (16,), layout="tokens")
    sample = Sample(torch.tensor([[7, 8]]), np.array([7, 8]))
    for layer in ("0", "embedding"):
        found = answer(network, sample, Question(composite="epsilon", layer=layer))
        assert found.document()["layer"]["shape"] == [2, 4]
        assert found.picture(Drawing()).shape == tokens([0.0, 1.0], ["7", "8"]).shape


def test_units_without_a_place_are_cells(network, sample):
    found = answer(network, sample, Question(layer="classifier.0", composite="epsilon"))
    labels = ["ant", "bee", "cat", "dog"]
    assert (found.picture(Drawing()) == tokens(found.at_layer, labels)).all()


def test_the_picture_is_enlarged_without_blur(network, sample):
    found = answer(network, sample, Question())
    small, large = found.picture(Drawing()), found.picture(Drawing(scale=3))
    assert large.shape == (24, 18, 3)
    assert (large[1::3, 1::3] == small).all()


def test_layers_with_shapes(network, sample):
    found = {one["name"]: one for one in layers(network, sample)}
    assert found["features.0"] == {"name": "features.0", "type": "Conv2d", "shape": [5, 8, 6]}
    assert layers(network)[0]["shape"] is None
    assert not network.module._forward_hooks


def test_files_are_checked_first_and_all_or_none_are_written(network, sample, tmp_path):
    for name, words in (("a.gif", "suffix '.gif'"), ("none/a.png", "no folder")):
        with pytest.raises(AssayError, match=words):
            check_files([tmp_path / name])
    found = answer(network, sample, Question())
    (tmp_path / "taken.npz").mkdir()
    with pytest.raises(AssayError, match=r"taken\.npz"):
        found.write([tmp_path / "a.png", tmp_path / "taken.npz"], Drawing())
    with pytest.raises(AssayError, match="no colour map"):
        found.write([tmp_path / "a.json", tmp_path / "a.png"], Drawing(cmap="nothing"))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(("a.", "."))) == []
