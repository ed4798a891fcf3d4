"""assay explain, as a user meets it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

OWN = """
from assay.explain.models import Network, build

def net(device):
    module = build("cnn", 3, in_channels=1, layers=(4, "M", 5), seed=1)
    return Network(module, (1, 8, 8), labels=("a", "b", "c"), name="own")
"""


@pytest.fixture
def own(assay, folders, monkeypatch):
    """A network of one's own, registered; a sample for it; and ``assay explain`` with that network."""
    (folders / "own_net.py").write_text(OWN)
    assay("models", "add", "own", "--family", "network", "--loader", "own_net:net")
    np.save("sample.npy", np.random.default_rng(0).normal(size=(1, 8, 8)))
    Image.fromarray(np.zeros((5, 4, 3), np.uint8)).save("picture.png")
    path = f"{folders}:{Path(__file__).parents[1] / 'plugin_package'}"

    def run(source, *args, **more):
        return assay("explain", source, "--model", "own", *args, env={"PYTHONPATH": path}, **more)

    return run


def test_json_and_files(own):
    outcome = own("sample.npy", "--target", "contrast:b,0", "--layer", "features.0", "--composite", "epsilon", "--json",
                  "-o", "a.png", "-o", "a.npz", "-o", "a.json")
    document = outcome.json
    assert document["schema"] == 1
    assert document["target"] == {"spec": "contrast:b,0", "index": 1, "minus": 0, "label": "b"}
    assert document["files"] == ["a.png", "a.npz", "a.json"]
    assert set(document) == {"schema", "model", "method", "composite", "target", "output", "relevance", "layer",
                             "report", "files", "seconds"}
    assert json.loads(Path("a.json").read_text())["relevance"] == document["relevance"]
    assert Image.open("a.png").size == (8, 8)
    assert np.load("a.npz")["layer"].shape == (4, 8, 8)


def test_a_summary_without_a_file(own):
    outcome = own("picture.png", "--audit")
    assert "own, lrp" in outcome.out
    assert "relevance (1, 8, 8): sum" in outcome.out
    assert "conv2d" in outcome.out
    assert not list(Path().glob("*.npz"))


def test_layers_are_listed_with_and_without_a_sample(own, assay, folders):
    listed = own("sample.npy", "--list-layers", "--json").json["layers"]
    assert {"name": "features.0", "type": "Conv2d", "shape": [4, 8, 8]} in listed
    assert "features.2" in assay("explain", "--model", "own", "--list-layers",
                                 env={"PYTHONPATH": str(folders)}).out


@pytest.mark.parametrize(("args", "code", "words"), [
    (("sample.npy", "--target", "d", "-o", "a.png"), 2, "--target"),
    (("sample.npy", "--layer", "featur.0", "-o", "a.png"), 2, "--layer"),
    (("sample.npy", "--option", "nonsense=1", "-o", "a.png"), 2, "nonsense"),
    (("sample.npy", "--option", "nonsense"), 2, "KEY=VALUE"),
    (("sample.npy", "--cmap", "coldhot", "-o", "a.png"), 2, "--cmap"),
    (("sample.npy", "--alpha", "2", "-o", "a.png"), 2, "--alpha"),
    (("nowhere.npy", "-o", "a.png"), 2, "nowhere.npy"),
    (("sample.npy", "-o", "a.gif"), 2, ".gif"),
])
def test_refused_and_no_file_is_left(own, args, code, words):
    assert words in own(*args, code=code).err
    assert not list(Path().glob("a.*"))


def test_wrong_shapes_are_written_as_tuples(own):
    np.save("other.npy", np.zeros((3, 8, 8)))
    err = own("other.npy", code=2).err
    assert "(3, 8, 8)" in err
    assert "(1, 8, 8)" in err


def test_exit_codes_of_networks(assay):
    Image.fromarray(np.zeros((5, 4, 3), np.uint8)).save("picture.png")
    Path("w.pt").write_bytes(b"weights of something")
    started = time.perf_counter()
    assert "vgg16-397923af.pth" in assay("explain", "picture.png", "--model", "vgg16", code=4).err
    assert time.perf_counter() - started < 3
    assert "did you mean" in assay("explain", "picture.png", "--model", "vgg61", code=5).err
    wrong = assay("explain", "picture.png", "--model", "cnn", "--weights", "w.pt", "--sha256", "0" * 64, code=3)
    assert "0" * 64 in wrong.err
    assert "cannot be read as weights" in assay("explain", "picture.png", "--model", "cnn", "--weights", "w.pt",
                                                code=4).err
