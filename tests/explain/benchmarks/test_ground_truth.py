"""explain/ground-truth: what counts, what is skipped, and what is kept."""

from __future__ import annotations

import types

import pytest
import torch
from torch import nn

from assay.core.errors import AssayError, Skip
from assay.core.registry import registry
from assay.explain import questions
from assay.explain.benchmarks.ground_truth import GroundTruth
from assay.explain.heatmap import unpack
from assay.explain.models import Network
from assay.explain.scenes import SHAPES, render


class Knows(nn.Module):
    """Says what it is told, and how sure it is of it."""

    def __init__(self, label: int, logit: float = 10.0) -> None:
        super().__init__()
        self.label, self.logit = label, logit

    def forward(self, x):
        return nn.functional.one_hot(torch.full((len(x),), self.label), 5) * self.logit


@pytest.fixture
def ask(monkeypatch):
    """Answer a case with a relevance map, by a network that says something."""
    case = next(iter(GroundTruth().cases()))
    images, labels, masks = render(60, case.inputs["seed"])

    def asked(relevance, says=int(labels[0]), logit=10.0):
        network = Network(Knows(says, logit), (3, 64, 64), (0.5,), (0.25,), labels=SHAPES, name="net")
        monkeypatch.setattr(questions, "network", lambda name: network)

        def method(given, inputs, target):
            assert given is network
            assert target == labels[0]
            assert torch.allclose(network.to_unit(inputs), images[:1], atol=1e-6)
            return types.SimpleNamespace(relevance=relevance(masks[0]) if callable(relevance) else relevance)

        return GroundTruth().calc(method, case), images[0], masks[0]

    return asked


def test_cases_are_known_without_rendering():
    cases = GroundTruth().checked_cases()
    assert len(cases) == 180
    assert [case.id for case in cases[:2]] == ["scenes-cnn/000", "scenes-cnn/001"]
    assert cases[-1].id == "scenes-vit/059"
    assert {tag for case in cases for tag in case.tags if tag.startswith("network:")} == {
        "network:scenes-cnn", "network:scenes-resnet", "network:scenes-vit"}
    assert not any(case.full for case in cases)


def test_all_on_the_object(ask):
    record, image, mask = ask(lambda mask: mask.float().expand(1, 3, 64, 64))
    area = float(mask.double().mean())
    assert record.status == "ok"
    assert record.values["mass"] == record.values["rank"] == record.values["mass_l2"] == pytest.approx(1)
    assert record.values["area"] == pytest.approx(area)
    assert record.values["gain"] == pytest.approx(1 / area)
    assert record.values["probability"] > 0.99
    heatmap = unpack(record.artefacts["heatmap"].data)
    assert (heatmap.mask == mask.numpy()).all()
    assert heatmap.input == pytest.approx(image.numpy())
    assert heatmap.relevance == pytest.approx(3 * mask.numpy())


def test_everywhere_alike_is_chance(ask):
    record, _, mask = ask(torch.ones(1, 3, 64, 64))
    assert record.values["mass"] == pytest.approx(float(mask.double().mean()), rel=1e-5)
    assert record.values["gain"] == pytest.approx(1, rel=1e-5)


def test_negative_relevance_counts_for_the_squares_alone(ask):
    record, _, _ = ask(lambda mask: -mask.float().expand(1, 3, 64, 64))
    assert (record.values["mass"], record.values["rank"]) == (0, 0)
    assert record.values["mass_l2"] == pytest.approx(1)


def test_one_channel_maps(ask):
    record, _, _ = ask(lambda mask: mask.float()[None, None])
    assert record.values["mass"] == pytest.approx(1)


def test_a_network_that_is_wrong_or_unsure_is_skipped(ask):
    with pytest.raises(Skip, match=r"net takes the .* for a"):
        ask(torch.ones(1, 3, 64, 64), says=(int(render(60, 3)[1][0]) + 1) % 5)
    with pytest.raises(Skip, match=r"net is only 0\.\d\d sure"):
        ask(torch.ones(1, 3, 64, 64), logit=1.0)


def test_what_a_method_does_not_allow_is_skipped_with_the_reason(ask):
    def refuses(_):
        raise AssayError("no module with a spatial output")

    with pytest.raises(Skip, match="scenes-cnn does not allow it: no module with a spatial output"):
        ask(refuses)


def test_metrics_are_means_and_engines_stay_out():
    benchmark, models = GroundTruth(), registry.load().models
    records = [{metric.name: value for metric in benchmark.metrics} for value in (0.25, 0.75)]
    assert benchmark.analyse(records) == {metric.name: 0.5 for metric in benchmark.metrics}
    assert benchmark.supports(models["engine-float32"])
    assert benchmark.supports(models["edges"]) is None


def test_every_row_of_the_table_loads():
    rows = [model for model in registry.load().models.values() if model.family == "explain"]
    assert len(rows) >= 24
    for model in rows:
        assert model.load() is not None
