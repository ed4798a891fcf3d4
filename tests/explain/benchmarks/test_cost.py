"""explain/cost: times beside a plain pass, memory that is allocated, forward passes that are made."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from assay.core.errors import Skip
from assay.explain import methods, questions
from assay.explain.benchmarks.cost import Cost
from assay.explain.costing import cost, peak
from assay.explain.models import Network, build

torch.set_num_threads(1)


class Slow(nn.Module):
    """Takes a while for each sample."""

    def forward(self, x):
        time.sleep(0.01)
        return x.flatten(1)


def test_the_ratio_is_that_of_the_times():
    module, x = Slow(), torch.rand(2, 3)
    found = cost(lambda: (module(x), module(x), module(x)), module, x)
    assert found.ratio == pytest.approx(3, rel=0.3)
    assert found.plain == pytest.approx(0.01, rel=0.5)
    assert found.calls == 3


def test_memory_is_what_is_held_at_once():
    def held():
        both = torch.ones(1000, 1000), torch.ones(1000, 1000)
        return both[0].sum()

    def one_after_the_other():
        for _ in range(5):
            torch.ones(1000, 1000)

    assert peak(held) == pytest.approx(8e6, rel=0.05)
    assert peak(one_after_the_other) == pytest.approx(4e6, rel=0.05)


@pytest.fixture
def small(monkeypatch):
    """A small network in place of the large ones."""
    network = Network(build("cnn", 5, layers=(4, "M", 4)), (3, 224, 224), name="small")
    monkeypatch.setattr(questions, "network", lambda name: network)


@pytest.mark.parametrize(("method", "options", "calls"), [
    ("gradient", {}, 1), ("lrp", {"composite": "epsilon"}, 1), ("smoothgrad", {"samples": 4}, None),
    ("integrated-gradients", {"steps": 5}, None)])
def test_a_case(small, method, options, calls):
    case = next(iter(Cost().cases()))
    record = Cost().calc(methods.load(method, **options), case).checked()
    assert record.status == "ok"
    assert record.values["ratio"] > 0.3
    assert record.values["memory"] > 0.3
    assert record.values["calls"] >= (calls or 4)
    assert record.values["threads"] == torch.get_num_threads()


def test_windows_grow_with_the_picture(small):
    case = next(iter(Cost().cases()))
    values = Cost().calc(methods.load("occlusion", window=32, stride=32), case).values
    assert values["calls"] == pytest.approx(1 + 2 * 2, abs=1)


def test_what_is_not_allowed_is_skipped(monkeypatch):
    network = Network(nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 2)), (3, 224, 224), name="dense")
    monkeypatch.setattr(questions, "network", lambda name: network)
    with pytest.raises(Skip, match="vgg16-random does not allow it"):
        Cost().calc(methods.load("gradcam"), next(iter(Cost().cases())))


def test_batches_of_eight_run_only_when_asked():
    cases = {case.id: case for case in Cost().checked_cases()}
    assert set(cases) == {f"{name}-{n}" for name in ("vgg16", "resnet50", "vit") for n in (1, 8)}
    assert {name for name, case in cases.items() if case.full} == {"vgg16-8", "resnet50-8", "vit-8"}
    assert cases["vit-1"].inputs == {"network": "vit-random", "batch": 1}


def test_all_that_ran_counts_in_a_metric_of_its_own():
    records = [{"ratio": 2.0, "memory": 1.0, "calls": 1.0}, {"ratio": 4.0, "memory": 3.0, "calls": 1.0}]
    assert Cost().analyse(records) == {"ratio": 3.0, "memory": 2.0, "calls": 1.0, "ratio_full": 3.0}
    assert {metric.name: metric.weight for metric in Cost.metrics}["ratio_full"] == 0
