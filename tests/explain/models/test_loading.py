"""Loading by file and URL: the hash decides, and what is not at hand is said at once."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from assay.core.errors import AssayError, LoadError
from assay.explain.models import build, load, loading
from assay.explain.models.loading import PUBLISHED, find_weights

CNN = {"layers": (4, "M", 5)}


@pytest.fixture
def saved(tmp_path):
    """A small network, its weights file and that file's sha256."""
    model, path = build("cnn", 3, seed=4, **CNN), tmp_path / "small.pt"
    torch.save(model.state_dict(), path)
    return model, path, hashlib.sha256(path.read_bytes()).hexdigest()


def test_from_a_file(saved):
    model, path, sha256 = saved
    x = torch.rand(2, 3, 9, 9)
    for where in (path, str(path), path.as_uri()):
        loaded = load("cnn", 3, where, sha256, **CNN)
        assert torch.equal(loaded(x), model(x))
        assert not loaded.training
    assert load("cnn", 3, path, sha256[:8], **CNN)


def test_a_wrong_hash_is_exit_3(saved):
    _, path, sha256 = saved
    with pytest.raises(AssayError) as error:
        load("cnn", 3, path, "0" * 64, **CNN)
    assert error.value.code == 3
    assert "0" * 64 in error.value.message
    assert sha256 in error.value.message


@pytest.mark.parametrize("sha256", ["abc", "x" * 64, "A" * 64, "0" * 65])
def test_what_is_no_hash(saved, sha256):
    with pytest.raises(AssayError, match="hexadecimal") as error:
        load("cnn", 3, saved[1], sha256, **CNN)
    assert error.value.code == 2


def test_published_names_are_checked_by_their_digits(saved, tmp_path):
    fake = tmp_path / PUBLISHED["resnet18"]
    fake.write_bytes(saved[1].read_bytes())
    with pytest.raises(AssayError, match="f37072fd") as error:
        load("resnet18", weights=fake)
    assert error.value.code == 3


def test_a_file_in_the_mirror_with_other_digits_is_exit_3(tmp_path, monkeypatch):
    mirror = tmp_path / "mirror" / "resnet18" / PUBLISHED["resnet18"]
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(b"something else")
    monkeypatch.setenv("ASSAY_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(AssayError, match="f37072fd") as error:
        load("resnet18")
    assert error.value.code == 3


def test_from_a_url_by_way_of_the_mirror(saved, tmp_path, monkeypatch):
    _, path, sha256 = saved
    url = "https://example.invalid/nets/small.pt"
    mirror = tmp_path / "mirror" / "cnn" / "small.pt"
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(path.read_bytes())
    monkeypatch.setenv("ASSAY_MIRROR", str(tmp_path / "mirror"))
    found = find_weights("cnn", url)
    assert found.with_name(found.name + ".sha256").read_text().strip() == sha256
    assert load("cnn", 3, url, **CNN)
    mirror.write_bytes(b"another file")
    found.write_bytes(b"another file")
    with pytest.raises(AssayError, match=sha256):
        load("cnn", 3, url, **CNN)


class Publisher(SimpleHTTPRequestHandler):
    """Serves a folder, and notes what is asked for."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A host that publishes weights of a resnet18, named as torchvision names them; what it was asked for."""
    folder = tmp_path / "published"
    folder.mkdir()
    torch.save(build("resnet18", 4, seed=6).state_dict(), folder / "new.pth")
    name = f"resnet18-{hashlib.sha256((folder / 'new.pth').read_bytes()).hexdigest()[:8]}.pth"
    (folder / "new.pth").rename(folder / name)
    handler = type("Handler", (Publisher,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("ASSAY_OFFLINE", "")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(loading, "BASE", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setitem(loading.PUBLISHED, "resnet18", name)
    yield folder / name, handler.asked
    server.shutdown()
    server.server_close()


def test_published_weights_are_fetched_once_and_their_whole_hash_is_recorded(published):
    file, asked = published
    x = torch.rand(1, 3, 32, 32)
    assert torch.equal(load("resnet18", 4)(x), build("resnet18", 4, seed=6)(x))
    found = find_weights("resnet18", loading.BASE + file.name)
    whole = hashlib.sha256(file.read_bytes()).hexdigest()
    assert found.with_name(found.name + ".sha256").read_text().strip() == whole
    assert asked == [f"/{file.name}"]
    # Another file with the same first digits would not do any more: the recorded hash counts.
    found.write_bytes(b"damaged")
    file.write_bytes(b"damaged at the publisher's, too")
    with pytest.raises(LoadError, match=whole) as error:
        load("resnet18", 4)
    assert error.value.code == 3


def test_a_publisher_with_another_file_is_exit_3_and_nothing_is_kept(published):
    file, asked = published
    file.write_bytes(b"something else")
    with pytest.raises(LoadError) as error:
        load("resnet18", 4)
    assert error.value.code == 3
    assert file.stem.rpartition("-")[2] in error.value.message
    assert hashlib.sha256(b"something else").hexdigest() in error.value.message
    assert asked
    assert not find_kept("resnet18-*.pth")


def test_a_publisher_without_the_file_is_exit_4(published):
    file, _ = published
    file.unlink()
    with pytest.raises(LoadError) as error:
        load("resnet18", 4)
    assert error.value.code == 4
    assert loading.BASE + file.name in error.value.message
    assert "put the file at" in error.value.hint


def find_kept(pattern):
    from assay.core import config

    return list(config.cache().rglob(pattern))


@pytest.mark.parametrize("arch", PUBLISHED)
def test_published_weights_that_are_not_at_hand(arch):
    with pytest.raises(LoadError) as error:
        load(arch)
    assert PUBLISHED[arch] in error.value.message
    assert "https://download.pytorch.org/models/" in error.value.message
    assert "put the file at" in error.value.hint
    assert error.value.code == 4


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("cnn", 3), 2, "no weights are published"),
    (("cnn", 3, "nowhere.pt"), 4, "nowhere.pt"),
    (("resnet8", 3, "{saved}"), 2, "did you mean resnet18"),
    (("hf:google/vit-base",), 2, "hf:REPO@REVISION"),
    (("hf:google/vit-base@main",), 4, "huggingface.co/google/vit-base"),
])
def test_refused(saved, arguments, code, words):
    with pytest.raises(AssayError) as error:
        load(*(str(saved[1]) if item == "{saved}" else item for item in arguments))
    assert words in str(error.value)
    assert error.value.code == code


def test_missing_weights_are_said_in_under_three_seconds_and_without_torch():
    code = ("import sys\nfrom assay.core.errors import AssayError\nfrom assay.explain.models import named\n"
            "try: named('vgg16')\nexcept AssayError as error: print(error.code, 'torch' in sys.modules)")
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "False"]
    assert time.perf_counter() - started < 3
