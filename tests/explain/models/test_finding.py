"""The network that a command names: registered, an architecture with weights, a folder; or none of these."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from assay.core.errors import AssayError
from assay.explain.models import build
from assay.explain.models.finding import find_network


def test_an_architecture_with_weights(tmp_path):
    model = build("cnn", 3, seed=1)
    torch.save(model.state_dict(), tmp_path / "w.pt")
    np.save(tmp_path / "in.npy", np.zeros((3, 9, 9)))
    found = find_network("cnn", str(tmp_path / "w.pt"), None, 3, tmp_path / "in.npy")
    assert (found.input_shape, found.name) == ((3, 9, 9), "cnn")
    assert torch.equal(found.module(torch.ones(1, 3, 9, 9)), model(torch.ones(1, 3, 9, 9)))
    with pytest.raises(AssayError) as error:
        find_network("cnn", str(tmp_path / "w.pt"), "0" * 64, 3)
    assert error.value.code == 3


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("vgg17",), 5, "did you mean vgg16"),
    (("vgg11",), 5, "--weights"),
    (("emt",), 5, "no network named 'emt'"),
    (("vgg11", None, None, 3), 2, "--weights"),
    (("vgg11", "nowhere.pt", None, 3), 4, "nowhere.pt"),
    (("resnet50",), 4, "resnet50-11ad3fa6.pth"),
    (("hf:a/b",), 2, "REVISION"),
])
def test_networks_that_are_none(arguments, code, words):
    with pytest.raises(AssayError) as error:
        find_network(*arguments)
    assert words in str(error.value)
    assert error.value.code == code


def test_a_picture_keeps_its_size_where_the_architecture_has_none(tmp_path):
    Image.new("RGB", (20, 12)).save(tmp_path / "in.png")
    torch.save(build("cnn", 3).state_dict(), tmp_path / "w.pt")
    assert find_network("cnn", str(tmp_path / "w.pt"), None, 3, tmp_path / "in.png").input_shape == (3, 12, 20)
    assert find_network("cnn", str(tmp_path / "w.pt"), None, 3).input_shape == (3, 224, 224)


def test_a_folder_stands_in_for_no_registered_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vit-random").mkdir()
    (tmp_path / "saved").mkdir()
    assert find_network("vit-random").name == "vit-random"
    with pytest.raises(AssayError, match=r"no config\.json") as error:
        find_network("saved")
    assert error.value.code == 4
