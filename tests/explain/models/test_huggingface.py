"""Networks that transformers has saved: class, labels, size and units as the folder states them."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from assay.core.errors import LoadError
from assay.explain import explain
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


COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """What a download asks of Hugging Face's hub: which commit a revision is, its files, and each file."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.server.asked.append(self.path)
        api, resolve = "/api/models/some/vit", f"/some/vit/resolve/{COMMIT}/"
        files = {path.name: path.read_bytes() for path in sorted(self.server.folder.iterdir())}
        listed = self.path.partition("?")[0]
        if listed == f"{api}/tree/{COMMIT}":
            self.answer(json.dumps([
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in files.items()]).encode())
        elif listed == f"{api}/revision/{COMMIT}":
            self.answer(json.dumps({"id": "some/vit", "sha": COMMIT, "siblings": [
                {"rfilename": name} for name in files]}).encode())
        elif (name := self.path.removeprefix(resolve)) in files and name != self.server.broken:
            self.answer(files[name], {"ETag": f'"{hashlib.sha1(files[name]).hexdigest()}"', "X-Repo-Commit": COMMIT})
        else:
            self.answer(b"", {"X-Error-Code": "RepoNotFound"}, 404)

    def answer(self, data, headers=None, code=200):
        self.send_response(code)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(folder, monkeypatch):
    """A host that has the tiny transformer as a repository."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.folder, server.asked, server.broken = folder, [], None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("ASSAY_OFFLINE", "")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    yield server
    server.shutdown()
    server.server_close()


def test_a_repository_is_fetched_once_and_explained(hub, folder):
    (folder / "training.bin").write_bytes(b"pickled")
    source = f"hf:some/vit@{COMMIT}"
    network = load_folder(source)
    x = network.from_unit(torch.rand(2, 3, 32, 32))
    peer = transformers.ViTForImageClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        assert torch.equal(network.module(x).logits, peer(x).logits)
    found = explain(network, x, "predicted")
    assert found.report.composite == "attn-lrp"
    assert found.relevance.shape == x.shape
    assert torch.isfinite(found.relevance).all()
    assert float(found.relevance.abs().max()) > 0
    kept = find_folder(source)
    assert {path.name for path in kept.iterdir()} >= {"config.json", "model.safetensors", "preprocessor_config.json"}
    assert not (kept / "training.bin").exists()
    asked = len(hub.asked)
    load_folder(source)
    assert len(hub.asked) == asked


def test_a_download_that_breaks_off_leaves_nothing(hub):
    source, hub.broken = f"hf:some/vit@{COMMIT}", "model.safetensors"
    with pytest.raises(LoadError, match="not at hand"):
        find_folder(source)
    hub.broken = None
    assert load_folder(source).labels == ("cat", "dog", "hen")


def test_a_repository_that_is_none(hub, folder):
    with pytest.raises(LoadError, match="not at hand") as error:
        find_folder("hf:some/other@main")
    assert error.value.code == 4
    (folder / "config.json").unlink()
    with pytest.raises(LoadError, match=r"no config\.json"):
        find_folder(f"hf:some/vit@{COMMIT}")


def test_a_host_that_is_not_there_is_exit_4_at_once(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("ASSAY_OFFLINE", "")
    started = time.perf_counter()
    with pytest.raises(LoadError, match=r"127\.0\.0\.1:1/some/vit/tree/main") as error:
        find_folder("hf:some/vit@main")
    assert error.value.code == 4
    assert "huggingface/some--vit@main below a mirror" in error.value.hint
    assert time.perf_counter() - started < 3
