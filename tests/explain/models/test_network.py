"""Network: units, labels, and what is refused."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from assay.core.errors import AssayError
from assay.explain.models import Network

IDENTITY = nn.Identity()


def test_units_of_an_image_network():
    network = Network(nn.Identity().train(), (3, 4, 5), mean=(0.5, 0.4, 0.3), std=(0.1, 0.2, 0.5))
    images = torch.rand(2, 3, 4, 5)
    inputs = network.normalise(images)
    assert not network.module.training
    assert torch.allclose(inputs[:, 1], (images[:, 1] - 0.4) / 0.2)
    assert torch.allclose(network.denormalise(inputs), images, atol=1e-6)
    assert network.low.shape == (3, 1, 1)
    assert torch.allclose(network.low.flatten(), torch.tensor([-5.0, -2.0, -0.6]))
    assert torch.allclose(network.high.flatten(), torch.tensor([5.0, 3.0, 1.4]))


@given(low=st.floats(-300, 300), width=st.floats(0.1, 300), mean=st.floats(-100, 100),
       std=st.floats(0.1, 100) | st.floats(-100, -0.1))
def test_unit_values_come_back_and_lie_in_the_box(low, width, mean, std):
    network = Network(IDENTITY, (2, 3), mean=mean, std=std, range=(low, low + width))
    values = torch.tensor([[0.0, 0.25, 1.0], [0.5, 0.75, 0.1]])
    inputs = network.from_unit(values)
    assert torch.allclose(network.to_unit(inputs), values, atol=1e-2)
    slack = 1e-4 * float(network.high.abs().max() + network.low.abs().max())
    assert (inputs >= network.low - slack).all()
    assert (inputs <= network.high + slack).all()


def test_labels():
    network = Network(IDENTITY, (1, 2, 2), labels=["cat", "dog"], name="pets")
    assert (network.label(1), network.label(7), network.index("dog")) == ("dog", "7", 1)
    with pytest.raises(AssayError, match="did you mean dog"):
        network.index("dug")
    with pytest.raises(AssayError, match="give a number"):
        Network(IDENTITY, (1, 2, 2)).index("dog")


@pytest.mark.parametrize(("fields", "words"), [
    ({"layout": "imge"}, "did you mean image"),
    ({"mean": (0.1, 0.2)}, "mean must have 1 or 3 values"),
    ({"std": (1, 0, 1)}, "deviations other than 0"),
    ({"range": (1, 1)}, "range"),
    ({"input_shape": (3, 0, 2)}, "input_shape"),
])
def test_refused(fields, words):
    with pytest.raises(AssayError, match=words):
        Network(IDENTITY, **{"input_shape": (3, 2, 2), **fields})
