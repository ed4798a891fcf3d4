"""Networks that transformers has saved: class, labels, size and units as the folder states them."""

from __future__ import annotations

import json

import pytest
import torch

from assay.core.errors import LoadError
from assay.explain.models import load
from assay.explain.models.huggingface import find_folder, load_folder

transformers = pytest.importorskip("transformers")


@pytest.fixture
def folder(tmp_path):
    """A tiny vision transformer, saved."""
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, image_size=32, patch_size=8,
        id2label={0: "cat", 1: "dog", 2: "hen"}, label2id={"cat": 0, "dog": 1, "hen": 2})
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path / "vit")
    (tmp_path / "vit" / "preprocessor_config.json").write_text(json.dumps(
        {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3, "do_normalize": True}))
    return tmp_path / "vit"


def test_a_folder(folder):
    network = load_folder(str(folder))
    assert network.input_shape == (3, 32, 32)
    assert network.labels == ("cat", "dog", "hen")
    assert network.std == (0.25,) * 3
    assert network.layout == "image"
    peer = transformers.ViTForImageClassification.from_pretrained(folder).eval()
    x = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network.module(x).logits, peer(x).logits)
        assert torch.equal(load(str(folder))(x).logits, peer(x).logits)


def test_a_repository_is_found_in_a_mirror(folder, tmp_path, monkeypatch):
    place = tmp_path / "mirror" / "huggingface" / "some--vit@0123abc"
    place.parent.mkdir(parents=True)
    folder.rename(place)
    monkeypatch.setenv("ASSAY_MIRROR", str(tmp_path / "mirror"))
    assert find_folder("hf:some/vit@0123abc") == place
    assert load_folder("hf:some/vit@0123abc").name == "hf:some/vit@0123abc"


def test_a_language_model_takes_tokens(tmp_path):
    config = transformers.GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=11, n_positions=16)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path / "gpt")
    network = load_folder(str(tmp_path / "gpt"))
    assert (network.layout, network.input_shape) == ("tokens", (16,))
    assert network.module(torch.zeros(1, 5, dtype=torch.long)).logits.shape == (1, 5, 11)


def test_pickled_weights_are_not_read(folder):
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(LoadError, match="safetensors"):
        load_folder(str(folder))


def test_a_folder_without_a_network(tmp_path):
    with pytest.raises(LoadError, match=r"config\.json"):
        load_folder(str(tmp_path))
