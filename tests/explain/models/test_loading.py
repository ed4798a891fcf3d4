"""Loading by file and URL: the hash decides, and what is not at hand is said at once."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time

import pytest
import torch

from assay.core.errors import AssayError, LoadError
from assay.explain.models import build, load
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
