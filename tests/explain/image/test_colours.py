"""Colour maps: the stops they are defined by."""

from __future__ import annotations

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.explain.image import CMAPS, colour_stops, paint

STATED = {  # position -> colour
    "gray": {0: "000000", 1: "ffffff"},
    "wred": {0: "ffffff", 1: "ff0000"},
    "wblue": {0: "ffffff", 1: "0000ff"},
    "hot": {0: "000000", 1 / 3: "ff0000", 2 / 3: "ffff00", 1: "ffffff"},
    "cold": {0: "000000", 0.5: "0000ff", 1: "00ffff"},
    "coldnhot": {0: "00ffff", 0.25: "0000ff", 0.5: "000000", 2 / 3: "ff0000", 5 / 6: "ffff00", 1: "ffffff"},
    "bwr": {0: "0000ff", 0.25: "8080ff", 0.5: "ffffff", 0.75: "ff8080", 1: "ff0000"},
    "france": {0: "0055a4", 0.5: "ffffff", 1: "ef4135"},
    "seismic": {0: "0000d0", 0.5: "d0d0d0", 1: "d00000"},
    "viridis": {0: "440154", 128 / 255: "21918c", 1: "fde725"},
    "cividis": {0: "00224e", 1: "fee838"},
}


def hexadecimal(colours):
    return [bytes(colour).hex() for colour in colours]


@pytest.mark.parametrize("name", STATED)
def test_stops(name):
    assert hexadecimal(paint(np.array(list(STATED[name])), name)) == list(STATED[name].values())


def test_every_map_is_tested():
    assert set(CMAPS) == set(STATED)


def test_stops_of_ones_own_in_text_or_list():
    text, listed = (paint(np.array([0, 0.25, 0.5, 0.75, 1]), cmap) for cmap in
                    ("f00 0f0 [123456] 0000FF", ["f00", "0f0", "[123456]", "0000FF"]))
    assert hexadecimal(text) == ["ff0000", "00ff00", "123456", "091aaa", "0000ff"]
    assert (text == listed).all()


@pytest.mark.parametrize("name", CMAPS)
def test_no_jump(name):
    steps = np.abs(np.diff(paint(np.linspace(0, 1, 2000), name).astype(int), axis=0))
    assert steps.max() <= 3


@pytest.mark.parametrize(("cmap", "words"), [
    ("coldhot", "did you mean coldnhot"), ("f00", "expected one of"), ("f00 0f", "stops such as"),
    ("f00 [0f0] [00f] fff", "one centre"), ("[f00] fff", "a colour on each side"), ("f00 [0f0 fff", "stops"),
    ("", "stops"),
])
def test_refused(cmap, words):
    with pytest.raises(AssayError) as error:
        colour_stops(cmap)
    assert words in str(error.value)
