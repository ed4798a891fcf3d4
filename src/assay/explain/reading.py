"""One sample from a file: a picture, a sound, an array, token ids."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.core.errors import AssayError, describe

if TYPE_CHECKING:
    from torch import Tensor

    from assay.explain.models.network import Network

PICTURES = {1: "L", 3: "RGB"}
ARRAYS = (".npy", ".npz")


@dataclass(frozen=True)
class Sample:
    """What a file holds, for a network.

    Parameters
    ----------
    inputs : tensor [1, ...]
        In the network's units.
    shown : array, optional
        To draw: [C, ...] in 0..1 of pictures and volumes, the curves [C, T] of signals, the ids [T] of tokens.
    """

    inputs: Tensor
    shown: np.ndarray | None = None


def read_sample(path: Path, network: Network) -> Sample:
    """Return the sample of a file.

    Pictures are converted to the network's channels, resized if their size differs, scaled to its range and
    normalised; sounds (PCM) are scaled and normalised. Arrays (one in the file, one sample) are taken as they are.

    Parameters
    ----------
    path : Path
        ``.npy`` or ``.npz``, ``.wav``, or a picture.
    network : Network

    Raises
    ------
    AssayError
        If the file cannot be read, or is no sample for the network; it says what was expected and found.
    """
    if not path.is_file():
        raise AssayError(f"INPUT {path}: no such file", "name a picture, a .wav, or a .npy with one sample")
    if path.suffix in ARRAYS:
        return _of_array(path, read_array(path), network)
    if path.suffix == ".wav":
        return _of_sound(path, network)
    return _of_picture(path, network)


def read_array(path: Path) -> np.ndarray:
    """Return the one array of a ``.npy`` or ``.npz``.

    Raises
    ------
    AssayError
        If it cannot be read, or there are none or several.
    """
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        with found:
            names = found.files
            arrays = [found[name] for name in names]
    except Exception as error:
        raise AssayError(f"INPUT {path}: cannot be read: {describe(error)}", "expected numpy's format") from error
    if len(arrays) != 1:
        raise AssayError(f"INPUT {path}: holds {len(arrays)} arrays ({', '.join(names) or 'none'})",
                         "expected one array, which is one sample")
    return np.asarray(arrays[0])


def shape_of(path: Path, pictures: bool = True) -> tuple[int, ...] | None:
    """Return the shape of an array, or of a picture in colour if `pictures`; None of anything else.

    Raises
    ------
    AssayError
        If it is an array and cannot be read.
    """
    if path.suffix in ARRAYS:
        return read_array(path).shape
    if not pictures or path.suffix == ".wav":
        return None
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return 3, picture.height, picture.width
    except OSError:
        return None  # what is wrong with it is said when it is read


def _of_array(path: Path, array: np.ndarray, network: Network) -> Sample:
    import torch

    if network.layout == "tokens":
        if array.ndim != 1 or not array.size or array.dtype.kind not in "iu":
            raise AssayError(f"INPUT {path}: {array.dtype} of shape {array.shape}",
                             f"{_name(network)} takes token ids: expected whole numbers of shape (T,)")
        return Sample(torch.from_numpy(array.astype(np.int64))[None], array)
    if array.dtype.kind not in "fiub":
        raise AssayError(f"INPUT {path}: numbers of type {array.dtype}: expected real numbers")
    if array.shape != network.input_shape:
        raise AssayError(f"INPUT {path}: shape {array.shape}", f"{_name(network)} takes one sample of shape "
                         f"{network.input_shape}")
    if not np.isfinite(array).all():
        raise AssayError(f"INPUT {path}: holds NaN or infinity, expected finite numbers")
    inputs = torch.from_numpy(array.astype(np.float32))[None]
    return Sample(inputs, _shown(inputs, network))


def _shown(inputs: Tensor, network: Network) -> np.ndarray:
    """Return what is drawn of a sample: a signal's curve has no limits."""
    signal = network.layout == "signal" or (network.layout == "array" and len(network.input_shape) == 2)
    drawn = network.denormalise(inputs) if signal else network.to_unit(inputs)
    return np.asarray(drawn[0].numpy())


def _of_picture(path: Path, network: Network) -> Sample:
    from PIL import Image

    shape = network.input_shape
    if network.layout not in ("image", "array") or len(shape) != 3 or shape[0] not in PICTURES:
        raise AssayError(f"INPUT {path}: a picture", f"{_name(network)} takes {network.layout} of shape {shape}: give "
                         "it as .npy")
    try:
        with Image.open(path) as opened:
            picture = opened.convert(PICTURES[shape[0]])
    except Exception as error:
        raise AssayError(f"INPUT {path}: cannot be read as a picture: {describe(error)}",
                         "expected PNG, JPEG or another kind that Pillow knows; or .npy, .npz, .wav") from error
    if picture.size != (shape[2], shape[1]):
        picture = picture.resize((shape[2], shape[1]), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture, np.float32) / 255
    shown = pixels[None] if shape[0] == 1 else pixels.transpose(2, 0, 1)
    return Sample(network.from_unit(shown)[None], shown)


def _of_sound(path: Path, network: Network) -> Sample:
    if network.layout not in ("signal", "array") or len(network.input_shape) != 2:
        raise AssayError(f"INPUT {path}: a sound", f"{_name(network)} takes {network.layout} of shape "
                         f"{network.input_shape}")
    values, rate = _pcm(path)
    if network.sample_rate not in (None, rate):
        raise AssayError(f"INPUT {path}: {rate} samples a second", f"{_name(network)} takes {network.sample_rate}: "
                         "resample it before")
    if values.shape != network.input_shape:
        raise AssayError(f"INPUT {path}: shape {values.shape} (channels, samples)",
                         f"{_name(network)} takes one sample of shape {network.input_shape}")
    inputs = network.from_unit((values + 1) / 2)[None]
    return Sample(inputs, _shown(inputs, network))


def _pcm(path: Path) -> tuple[np.ndarray, int]:
    """Return the samples [C, T] of a sound in -1..1, and how many there are a second."""
    try:
        with wave.open(str(path), "rb") as sound:
            width, channels, rate = sound.getsampwidth(), sound.getnchannels(), sound.getframerate()
            data = np.frombuffer(sound.readframes(sound.getnframes()), np.uint8)
    except Exception as error:
        raise AssayError(f"INPUT {path}: cannot be read as a sound: {describe(error)}",
                         "expected a .wav with PCM samples") from error
    frames = data.reshape(-1, width)
    if width == 1:  # the one width without a sign
        whole = frames[:, 0].astype(np.int64) - 128
    else:
        whole = sum(frames[:, i].astype(np.int64) << 8 * i for i in range(width))
        whole -= (whole >> 8 * width - 1) << 8 * width
    values = np.asarray(whole, np.float64) / 2 ** (8 * width - 1)
    return values.reshape(-1, channels).T.astype(np.float32), rate


def _name(network: Network) -> str:
    return f"the network {network.name}" if network.name else "the network"
