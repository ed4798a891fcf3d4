"""Quick checks of networks and methods: what they say, and what has to happen first."""

from __future__ import annotations

import types

import pytest
import torch
from torch import nn

from assay.core.errors import LoadError
from assay.core.model import Model
from assay.core.record import Case
from assay.core.registry import registry
from assay.explain import methods, train
from assay.explain.check import MethodCheck, NetworkCheck
from assay.explain.models import Network, build
from assay.explain.parity import load as engine

CASE = Case("noise")


class Maps(nn.Module):
    """A class for each place."""

    def forward(self, x):
        return torch.cat([x, 2 * x], 1)


class Sorts(nn.Module):
    """Does what no rule is for."""

    def forward(self, x):
        return x.flatten(1).cumsum(1).sort(1).values


@pytest.mark.parametrize(("network", "said"), [
    (Network(build("cnn", 4, layers=(5,)), (3, 8, 6)), ("(3, 8, 6)", "(4,)", "epsilon-plus-flat", "nothing")),
    (Network(nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 5)), (16,), layout="tokens"),
     ("(8,)", "(8, 5)", "epsilon-plus-flat", "nothing")),
    (Network(Maps(), (3, 5, 5)), ("(3, 5, 5)", "(6, 5, 5)", "epsilon-plus-flat", "nothing"))])
def test_a_network(network, said):
    values = NetworkCheck().calc(network, CASE).values
    assert tuple(values[key] for key in ("input", "output", "rules", "without a rule")) == said


def test_what_no_rule_covers_is_named():
    assert "sort" in NetworkCheck().calc(Network(Sorts(), (1, 4)), CASE).values["without a rule"]


@pytest.mark.parametrize(("method", "options", "shape"), [
    ("lrp", {"composite": "epsilon-gamma-box"}, "(3, 16, 16)"), ("gradcam", {}, "(1, 16, 16)"), ("edges", {}, None)])
def test_a_method(method, options, shape):
    values = MethodCheck().calc(methods.load(method, **options), CASE).values
    assert values["relevance"] == (shape or values["relevance"])
    assert isinstance(values["sum"], float)


def test_the_engine_answers_a_question_of_parity():
    assert MethodCheck().calc(engine("float64"), CASE).values["error"] < 1e-9


@pytest.mark.parametrize(("relevance", "words"), [
    (torch.zeros(1, 3, 8, 8), "shape (1, 3, 8, 8)"), (torch.full((1, 3, 16, 16), torch.nan), "NaN")])
def test_a_method_that_gives_something_else(relevance, words):
    with pytest.raises(LoadError) as error:
        MethodCheck().calc(lambda network, inputs, target: types.SimpleNamespace(relevance=relevance), CASE)
    assert words in error.value.message


def test_what_happens_at_first_use():
    trained = registry.load().models["digits-cnn"]
    assert "trained first" in NetworkCheck.at_first_use(trained)
    place = train.folder("digits-cnn")
    place.mkdir(parents=True)
    (place / train.CARD).touch()
    assert NetworkCheck.at_first_use(trained) == ""
    for model in (registry.models["vgg16-random"], Model("own", "network", train.LOADER, {"recipe": "none"})):
        assert NetworkCheck.at_first_use(model) == ""
