"""Networks of the registry: shipped entries, a user's own module or Network, and what they lack."""

from __future__ import annotations

import sys

import pytest
import torch

from assay.core.errors import AssayError, LoadError
from assay.core.model import Model
from assay.core.registry import Registry, registry
from assay.explain.models import Network, named, registered

SHIPPED = {"vgg16", "resnet18", "resnet50", "vit_b_16", "vgg16-random", "resnet50-random", "vit-random", "digits-cnn",
           "scenes-cnn", "scenes-resnet", "scenes-vit", "driving-cnn"}

OWN = '''
import torch
from assay.explain.models import Network, build

def module(device, classes=2):
    return build("cnn", classes, layers=(3,)).train()

def network(device):
    return Network(build("cnn", 2, layers=(3,)), (3, 5, 5), mean=(0.5,), labels=("a", "b"))

def nothing(device):
    return 3

def broken(device):
    raise RuntimeError("no such device")
'''


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A registry with the user's entries, and a way to add one."""
    (tmp_path / "own_networks.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = Registry()
    monkeypatch.setattr(registered, "registry", mine)

    def add(loader, meta=None, **fields):
        model = Model("own", "network", f"own_networks:{loader}", meta=meta or {}, **fields)
        mine.load().add("models", "own", model, "here")
        return named("own")

    yield add
    sys.modules.pop("own_networks", None)


def test_shipped_entries():
    networks = {model.name for model in registry.load().models.values() if model.family == "network"}
    assert networks >= SHIPPED


def test_a_random_network():
    network = named("vit-random")
    assert network.input_shape == (3, 224, 224)
    assert network.name == "vit-random"
    assert sum(p.numel() for p in network.module.parameters()) == 22050664
    assert torch.allclose(network.low, torch.tensor(-1.0))


def test_a_bare_module_takes_its_meta(own):
    meta = {"input_shape": [3, 6, 6], "mean": [0.1, 0.2, 0.3], "std": [2], "range": [0, 255], "labels": ["x", "y"],
            "layout": "image", "anything": "else"}
    network = own("module", meta, options={"classes": 4})
    assert isinstance(network, Network)
    assert not network.module.training
    assert (network.range, network.labels, network.std, network.name) == ((0, 255), ("x", "y"), (2,), "own")
    assert network.module(torch.rand(1, 3, 6, 6)).shape == (1, 4)


def test_a_network_is_taken_as_it_is(own):
    assert own("network").labels == ("a", "b")


@pytest.mark.parametrize(("loader", "meta", "words"), [
    ("module", {}, "meta.input_shape"),
    ("module", {"input_shape": [3, 6, 6], "layout": "imag"}, "did you mean image"),
    ("module", {"input_shape": [3, 6, 6], "mean": "x"}, "meta is wrong"),
    ("nothing", {}, "returned int"),
    ("broken", {}, "RuntimeError: no such device"),
    ("absent", {}, "AttributeError"),
])
def test_refused(own, loader, meta, words):
    with pytest.raises(AssayError, match=words) as error:
        own(loader, meta)
    assert isinstance(error.value, LoadError) or error.value.code == 2


def test_no_such_network():
    with pytest.raises(AssayError, match=r"did you mean .*scenes-cnn") as error:
        named("scene-cnn")
    assert error.value.code == 5
    with pytest.raises(AssayError, match="no network named 'emt'") as error:
        named("emt")
    assert error.value.code == 5
