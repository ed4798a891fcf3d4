"""Weights files: every kind reads the same, nothing runs, and what does not fit is named."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from assay.core.errors import AssayError, LoadError
from assay.explain.models import build
from assay.explain.models.architectures import empty
from assay.explain.models.state import fill, read_state

CNN = {"layers": (4, "M", 5), "batch_norm": True}


@pytest.fixture
def model():
    return build("cnn", 3, seed=4, **CNN)


def save(path, state):
    if path.suffix == ".safetensors":
        save_file(state, path)
    elif path.suffix == ".npz":
        np.savez(path, **{name: value.numpy() for name, value in state.items()})
    else:
        torch.save(state, path)
    return path


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors", ".npz"])
def test_every_kind_of_file_gives_the_same_network(tmp_path, model, suffix):
    state = read_state(save(tmp_path / f"w{suffix}", model.state_dict()))
    filled = fill(empty("cnn", 3, **CNN), state, "here")
    x = torch.rand(2, 3, 9, 9)
    assert torch.equal(filled(x), model(x))
    assert all(value.requires_grad for value in filled.parameters())


def test_wrapped_states(tmp_path, model):
    state = model.state_dict()
    for wrapped in ({"state_dict": state, "epoch": 3}, {"model": state}, {f"module.{k}": v for k, v in state.items()}):
        assert read_state(save(tmp_path / "w.pt", wrapped)).keys() == state.keys()


def test_older_names_and_counters_are_understood():
    vit = build("vit", 2, num_layers=1, image_size=8, patch_size=4, hidden_dim=6, mlp_dim=5, num_heads=2)
    older = {name.replace(".mlp.0.", ".mlp.linear_1.").replace(".mlp.3.", ".mlp.linear_2."): value
             for name, value in vit.state_dict().items()}
    assert older.keys() != vit.state_dict().keys()
    options = {"num_layers": 1, "image_size": 8, "patch_size": 4, "hidden_dim": 6, "mlp_dim": 5, "num_heads": 2}
    filled = fill(empty("vit", 2, **options), older, "here")
    assert torch.equal(filled(torch.ones(1, 3, 8, 8)), vit(torch.ones(1, 3, 8, 8)))
    without = {k: v for k, v in build("cnn", 3, **CNN).state_dict().items() if "num_batches" not in k}
    assert fill(empty("cnn", 3, **CNN), without, "here").features[1].num_batches_tracked == 0


def test_types_are_the_networks(model):
    halves = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    assert fill(empty("cnn", 3, **CNN), halves, "here").features[0].weight.dtype == torch.float32


def test_what_does_not_fit_is_named(model):
    state = model.state_dict()
    del state["features.0.bias"]
    state["extra.weight"] = torch.ones(1)
    state["classifier.0.weight"] = torch.ones(7, 5)
    with pytest.raises(LoadError) as error:
        fill(empty("cnn", 3, **CNN), state, "net from w.pt")
    for words in ("net from w.pt", "missing: features.0.bias", "not expected: extra.weight",
                  "classifier.0.weight (7, 5) instead of (3, 5)"):
        assert words in error.value.message
    assert error.value.code == 4


def test_many_wrong_keys_are_counted():
    with pytest.raises(LoadError, match="and 11 more"):
        fill(empty("cnn", 3, layers=(2,) * 7), {}, "here")


class Danger:
    def __reduce__(self):
        return open, ("ran", "w")


def test_code_in_a_file_does_not_run(tmp_path):
    for suffix, dump in ((".pt", lambda path: torch.save({"w": Danger()}, path)),
                         (".pth", lambda path: path.write_bytes(pickle.dumps({"w": Danger()}))),
                         (".npz", lambda path: np.savez(path, w=np.array([Danger()], dtype=object)))):
        path = tmp_path / f"w{suffix}"
        dump(path)
        with pytest.raises(LoadError, match="cannot be read"):
            read_state(path)
    assert not list(tmp_path.rglob("ran"))


def test_files_that_are_none(tmp_path, model):
    (tmp_path / "w.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(LoadError, match="cannot be read"):
        read_state(tmp_path / "w.safetensors")
    with pytest.raises(AssayError, match=r"expected one of \.pt"):
        read_state(tmp_path / "w.onnx")
    with pytest.raises(LoadError, match="save the network's state_dict"):
        read_state(save(tmp_path / "w.pt", [torch.ones(1)]))
