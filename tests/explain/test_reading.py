"""Samples from files: pictures, sounds, arrays and tokens, in the network's units."""

from __future__ import annotations

import wave

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from assay.core.errors import AssayError
from assay.explain.models import Network
from assay.explain.reading import read_sample, shape_of

RNG = np.random.default_rng(0)
COLOUR = Network(nn.Identity(), (3, 6, 8), mean=(0.5, 0.4, 0.3), std=(0.1, 0.2, 0.5), name="net")
GREY = Network(nn.Identity(), (1, 6, 8), mean=5, std=2, range=(0, 16))
SIGNAL = Network(nn.Identity(), (2, 50), range=(-1, 1), layout="signal", sample_rate=8000)
TOKENS = Network(nn.Identity(), (16,), layout="tokens")


def picture(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


def sound(path, values, width=2, rate=8000):
    top = 2 ** (8 * width - 1)
    whole = np.clip(np.round(values.T * top), -top, top - 1).astype(np.int64) + (128 if width == 1 else 0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(values))
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"".join(int(v).to_bytes(width, "little", signed=width > 1) for v in whole.reshape(-1)))
    return path


def test_a_picture_is_scaled_and_normalised(tmp_path):
    pixels = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    sample = read_sample(picture(tmp_path / "a.png", pixels), COLOUR)
    unit = pixels.transpose(2, 0, 1) / 255
    assert sample.inputs.shape == (1, 3, 6, 8)
    assert sample.inputs.dtype == torch.float32
    assert sample.inputs[0, 2].numpy() == pytest.approx((unit[2] - 0.3) / 0.5, abs=1e-5)
    assert sample.shown == pytest.approx(unit, abs=1e-6)


def test_a_picture_becomes_grey_and_has_the_networks_range(tmp_path):
    sample = read_sample(picture(tmp_path / "a.png", np.full((6, 8, 3), 51, np.uint8)), GREY)
    assert sample.inputs.numpy() == pytest.approx(np.full((1, 1, 6, 8), (16 * 0.2 - 5) / 2), abs=1e-5)


def test_a_picture_is_resized_only_if_its_size_differs(tmp_path):
    pixels = np.zeros((12, 16, 3), np.uint8)
    pixels[:, 8:] = 255
    sample = read_sample(picture(tmp_path / "a.png", pixels), COLOUR)
    assert sample.shown.shape == (3, 6, 8)
    assert sample.shown[0, 0, [0, 7]].tolist() == [0, 1]


def test_with_transparency_and_palette(tmp_path):
    Image.new("P", (8, 6)).save(tmp_path / "p.png")
    Image.new("RGBA", (8, 6), (255, 0, 0, 255)).save(tmp_path / "t.png")
    assert read_sample(tmp_path / "p.png", COLOUR).shown.max() == 0
    assert read_sample(tmp_path / "t.png", COLOUR).shown[:, 0, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_an_array_is_taken_as_it_is(tmp_path, suffix):
    array = RNG.normal(size=(3, 6, 8))
    path = tmp_path / f"a{suffix}"
    np.save(path, array) if suffix == ".npy" else np.savez(path, anything=array)
    sample = read_sample(path, COLOUR)
    assert sample.inputs.numpy() == pytest.approx(array[None].astype(np.float32))
    assert sample.inputs.dtype == torch.float32


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_sound_of_any_width(tmp_path, width):
    values = RNG.uniform(-1, 1, (2, 50))
    sample = read_sample(sound(tmp_path / "a.wav", values, width), SIGNAL)
    assert sample.inputs[0].numpy() == pytest.approx(values, abs=2.0 ** (1 - 8 * width) + 1e-6)


def test_a_signals_curve_is_drawn_without_limits(tmp_path):
    array = RNG.normal(size=(2, 50)) * 5
    np.save(tmp_path / "a.npy", array)
    assert read_sample(tmp_path / "a.npy", SIGNAL).shown == pytest.approx(array.astype(np.float32))


def test_the_shape_of_a_file(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 5)))
    assert shape_of(tmp_path / "a.npy") == (2, 5)
    path = picture(tmp_path / "a.png", np.zeros((6, 8), np.uint8))
    assert shape_of(path) == (3, 6, 8)
    assert shape_of(path, pictures=False) is None
    assert shape_of(sound(tmp_path / "a.wav", np.zeros((1, 4)))) is None
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert shape_of(tmp_path / "b.png") is None


def test_token_ids(tmp_path):
    np.save(tmp_path / "t.npy", np.array([3, 1, 2], np.int32))
    sample = read_sample(tmp_path / "t.npy", TOKENS)
    assert sample.inputs.tolist() == [[3, 1, 2]]
    assert sample.inputs.dtype == torch.int64
    assert sample.shown.tolist() == [3, 1, 2]


def made(tmp_path, name, content):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, dict):
        np.savez(path, **content)
    elif content is not None:
        np.save(path, content)
    return path


@pytest.mark.parametrize(("name", "content", "network", "words"), [
    ("a.png", None, COLOUR, "no such file"),
    ("a.png", b"no picture", COLOUR, "cannot be read as a picture"),
    ("a.npy", b"no array", COLOUR, "cannot be read"),
    ("a.npy", np.array([{}], dtype=object), COLOUR, "cannot be read"),
    ("a.npy", np.zeros((3, 8, 6)), COLOUR, "shape (3, 8, 6)"),
    ("a.npy", np.zeros((3, 8, 6)), COLOUR, "the network net takes one sample of shape (3, 6, 8)"),
    ("a.npy", np.zeros((1, 3, 6, 8)), COLOUR, "shape (1, 3, 6, 8)"),
    ("a.npy", np.zeros((3, 6, 8), complex), COLOUR, "complex128"),
    ("a.npy", np.full((3, 6, 8), np.nan), COLOUR, "NaN or infinity"),
    ("a.npz", {"a": np.zeros(1), "b": np.zeros(1)}, COLOUR, "2 arrays (a, b)"),
    ("a.npy", np.zeros(3), TOKENS, "shape (T,)"),
    ("a.png", b"", TOKENS, "takes tokens"),
    ("a.wav", b"no sound", SIGNAL, "cannot be read as a sound"),
    ("a.wav", b"", COLOUR, "takes image"),
])
def test_refused(tmp_path, name, content, network, words):
    with pytest.raises(AssayError) as error:
        read_sample(made(tmp_path, name, content), network)
    assert words in str(error.value)
    assert "INPUT" in error.value.message
    assert error.value.code == 2


def test_another_rate_or_length_of_a_sound(tmp_path):
    with pytest.raises(AssayError, match=r"16000 samples a second\n.*takes 8000"):
        read_sample(sound(tmp_path / "a.wav", np.zeros((2, 50)), rate=16000), SIGNAL)
    with pytest.raises(AssayError, match=r"shape \(1, 50\)"):
        read_sample(sound(tmp_path / "b.wav", np.zeros((1, 50))), SIGNAL)
