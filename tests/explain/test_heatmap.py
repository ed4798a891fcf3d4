"""The heatmap artefact: what goes in comes out, and what does not fit is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from assay.core.errors import AssayError
from assay.explain.heatmap import pack, unpack

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(3, 5, 6), (1, 4, 4), (2, 9), (1, 3, 4, 5)])
def test_there_and_back(shape):
    inputs, relevance = RNG.random(shape), RNG.normal(size=shape)
    mask = relevance.sum(0) > 0
    artefact = pack(torch.tensor(inputs), torch.tensor(relevance, requires_grad=True), mask, cmap="bwr", label="x")
    assert (artefact.kind, artefact.suffix, artefact.label) == ("heatmap", ".npz", "x")
    found = unpack(artefact.data)
    assert found.input == pytest.approx(inputs.astype(np.float32))
    assert found.relevance == pytest.approx(relevance.sum(0), abs=1e-5)
    assert (found.mask == mask).all()
    assert found.cmap == "bwr"
    assert found.input.dtype == found.relevance.dtype == np.float32


def test_without_mask_and_map():
    found = unpack(pack(np.zeros((3, 4, 4)), np.ones((4, 4))).data)
    assert found.mask is None
    assert found.cmap == ""


def test_the_same_sample_is_the_same_artefact():
    assert pack(np.zeros((3, 4, 4)), np.ones((4, 4))).sha256 == pack(np.zeros((3, 4, 4)), np.ones((4, 4))).sha256


@pytest.mark.parametrize(("inputs", "relevance", "mask", "words"), [
    (np.zeros((3, 4, 4)), np.zeros((4, 5)), None, r"\(4, 5\)"),
    (np.zeros((3, 4, 4)), np.zeros((4, 4)), np.zeros((3, 4, 4)), "mask"),
    (np.zeros((3, 4, 4)), np.full((4, 4), np.nan), None, "not finite"),
])
def test_refused(inputs, relevance, mask, words):
    with pytest.raises(AssayError, match=words):
        pack(inputs, relevance, mask)


def saved(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("data", [
    b"", b"no archive", saved(relevance=np.zeros((2, 2))), saved(input=np.zeros((1, 2, 2)), relevance=np.zeros(3)),
    saved(input=np.array([object()], dtype=object), relevance=np.zeros(1))])
def test_bytes_that_are_none(data):
    with pytest.raises(AssayError, match="heatmap") as error:
        unpack(data)
    assert error.value.code == 3
