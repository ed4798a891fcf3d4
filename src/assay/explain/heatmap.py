"""The artefact of kind ``heatmap``: an input, the relevance of its places, and what is known to decide, as ``.npz``."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.core.errors import DATA, AssayError, describe
from assay.core.record import Artefact


@dataclass(frozen=True)
class Heatmap:
    """One explained sample.

    Parameters
    ----------
    input : array of float32 [C, ...]
        In 0..1.
    relevance : array of float32 [...]
        Of the input's spatial shape.
    mask : array of bool [...], optional
        What is known to decide.
    cmap : str
        Colour map to begin with; empty for the usual one.
    """

    input: np.ndarray
    relevance: np.ndarray
    mask: np.ndarray | None = None
    cmap: str = ""


def pack(inputs: Any, relevance: Any, mask: Any = None, cmap: str = "", label: str = "") -> Artefact:
    """Return the artefact of an explained sample.

    Parameters
    ----------
    inputs : array or tensor [C, ...]
        In 0..1.
    relevance : array or tensor [...] or [C, ...]
        Of the input's spatial shape; summed over channels, if it has any.
    mask : array or tensor of bool [...], optional
    cmap : str
    label : str
        What a reader is told it is.

    Raises
    ------
    AssayError
        If the shapes do not fit, or a value is not finite.
    """
    shown, values = _array(inputs, np.float32), _array(relevance, np.float32)
    if values.ndim == shown.ndim:
        values = values.sum(axis=0)
    inside = None if mask is None else _array(mask, bool)
    if values.shape != shown.shape[1:] or (inside is not None and inside.shape != values.shape):
        raise AssayError(f"heatmap: input {shown.shape}, relevance {values.shape} and mask "
                         f"{None if inside is None else inside.shape} do not fit",
                         "expected [C, ...] and the same spatial shape for the others")
    if not (np.isfinite(shown).all() and np.isfinite(values).all()):
        raise AssayError("heatmap: values that are not finite")
    arrays = {"input": shown, "relevance": values} | ({} if inside is None else {"mask": inside})
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays, **({"cmap": np.array(cmap)} if cmap else {}))
    return Artefact("heatmap", stream.getvalue(), ".npz", label)


def unpack(data: bytes) -> Heatmap:
    """Return the explained sample of an artefact's bytes.

    Raises
    ------
    AssayError
        Exit code 3 if they are none.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            mask = arrays["mask"].astype(bool) if "mask" in arrays else None
            cmap = str(arrays["cmap"]) if "cmap" in arrays else ""
            found = Heatmap(arrays["input"].astype(np.float32), arrays["relevance"].astype(np.float32), mask, cmap)
    except Exception as error:
        raise AssayError(f"heatmap: cannot be read: {describe(error)}", "expected .npz with input and relevance",
                         DATA) from error
    values = found.relevance.sum(axis=0) if found.relevance.ndim == found.input.ndim else found.relevance
    if values.shape != found.input.shape[1:] or not values.ndim:
        raise AssayError(f"heatmap: input {found.input.shape} and relevance {found.relevance.shape} do not fit",
                         "expected [C, ...] and the same spatial shape", DATA)
    return Heatmap(found.input, values, found.mask, found.cmap)


def _array(value: Any, kind: Any) -> np.ndarray:
    plain = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
    return plain.astype(kind)
