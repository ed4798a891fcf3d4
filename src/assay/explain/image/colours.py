"""Colour maps as short texts: stops that are evenly spaced, on each side of a centre in brackets if there is one."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from assay.core.errors import AssayError, did_you_mean

STOPS = {
    "gray": "000 fff",
    "wred": "fff f00",
    "wblue": "fff 00f",
    "hot": "000 f00 ff0 fff",
    "cold": "000 00f 0ff",
    "coldnhot": "0ff 00f [000] f00 ff0 fff",
    "bwr": "00f [fff] f00",
    "france": "0055a4 [fff] ef4135",
    "seismic": "0000d0 [d0d0d0] d00000",
}
# viridis (S. van der Walt, N. Smith) and cividis (J. Nunez, C. Anderton, R. Renslow; PLOS ONE 13, e0199239), both
# dedicated to the public domain (CC0) and defined by 256 colours each.
LISTED = {name: stops for name, _, stops in (
    line.partition(": ") for line in
    Path(__file__).with_name("listed.txt").read_text("ascii").splitlines())}

CMAPS: Mapping[str, str] = {**STOPS, **LISTED}


@functools.cache
def colour_stops(cmap: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions [S] in 0..1 and the colours [S, 3] in 0..255 of a colour map.

    Parameters
    ----------
    cmap : str
        A key of `CMAPS`, or stops of your own: two or more colours of 3 or 6 hexadecimal digits, at most one of
        them in brackets, which then is the colour of 0.5.

    Raises
    ------
    AssayError
        If it is neither.

    Examples
    --------
    >>> positions, colours = colour_stops("0ff 00f [000] f00")
    >>> positions.tolist(), colours[2:].tolist()
    ([0.0, 0.25, 0.5, 1.0], [[0.0, 0.0, 0.0], [255.0, 0.0, 0.0]])
    """
    words = CMAPS.get(cmap, cmap).split()
    bare = [word.removeprefix("[").removesuffix("]") for word in words]
    centres = [i for i, word in enumerate(words) if word == f"[{bare[i]}]"]
    plain = all(word in (text, f"[{text}]") for word, text in zip(words, bare, strict=True))
    if len(words) < 2 or not plain or not all(re.fullmatch("[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", text) for text in bare):
        raise AssayError(f"no colour map {cmap!r}", did_you_mean(cmap, CMAPS) or
                         f"expected one of {', '.join(CMAPS)}, or stops such as '00f [fff] f00'")
    if len(centres) > 1 or centres in ([0], [len(words) - 1]):
        raise AssayError(f"colour map {cmap!r}: expected one centre in brackets, with a colour on each side")
    colours = np.array([_rgb(text) for text in bare], dtype=np.float64)
    if not centres:
        return np.linspace(0, 1, len(words)), colours
    below = np.linspace(0, 0.5, centres[0] + 1)
    return np.concatenate([below, np.linspace(0.5, 1, len(words) - centres[0])[1:]]), colours


def paint(values: np.ndarray, cmap: str | Sequence[str] = "coldnhot") -> np.ndarray:
    """Return the colours ``uint8`` [..., 3] of values in 0..1, by linear interpolation between the stops."""
    positions, colours = colour_stops(cmap if isinstance(cmap, str) else " ".join(cmap))
    channels = [np.interp(values, positions, colours[:, channel]) for channel in range(3)]
    # Of a value and its mirror image one can end a rounding error below the half that the other meets.
    return np.rint(np.stack(channels, axis=-1).round(6)).astype(np.uint8)


def _rgb(text: str) -> tuple[int, ...]:
    text = text if len(text) == 6 else "".join(digit * 2 for digit in text)
    return tuple(bytes.fromhex(text))
