"""explain/parity: every question is asked, and the engine answers them all."""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from assay.core.errors import AssayError
from assay.core.record import Case
from assay.core.registry import registry
from assay.explain import rules
from assay.explain.benchmarks.parity import Parity
from assay.explain.parity import AFFINE, OTHERS, RULES, load, names
from assay.explain.parity import operations as implemented

torch.set_num_threads(1)


def test_at_least_150_questions_each_with_a_formula():
    assert len(set(names())) == len(names()) >= 150
    assert set(implemented.RULES) == set(RULES)
    assert set(implemented.AFFINE) == set(AFFINE)
    assert set(implemented.OTHERS) == set(OTHERS)
    for case in Parity().checked_cases():
        kind, *rest = case.id.split("/")
        assert len(rest) == 2
        assert kind == "conservation" or rest[1] in ("positive", "mixed")


@pytest.mark.parametrize(("precision", "bound"), [("float64", 1e-10), ("float32", 1e-4)])
def test_the_engine_equals_the_formulas(precision, bound):
    engine, benchmark, started = load(precision), Parity(), time.process_time()
    found = {case.id: benchmark.calc(engine, case).checked() for case in benchmark.checked_cases()}
    assert {name: record.reason for name, record in found.items() if record.status != "ok"} == {}
    wrong = {name: record.values for name, record in found.items()
             if abs(record.values.get("error", record.values.get("leak"))) > bound}
    assert wrong == {}
    assert time.process_time() - started < 60


def test_a_wrong_rule_is_noticed(monkeypatch):
    """Twice the relevance from one rule is an error of 1; from every sum, a leak."""
    monkeypatch.setattr(rules.ZPlus, "stabilizer", 1e-6)
    right = rules.ZPlus.back

    def doubled(self, op, flow):
        sent, = right(self, op, flow)
        return (type(sent)(sent.value * 2, sent.form),)

    monkeypatch.setattr(rules.ZPlus, "back", doubled)
    engine = load()
    assert engine.answer("z-plus/conv2d/mixed")["error"] == pytest.approx(1)
    assert engine.answer("epsilon/conv2d/mixed")["error"] < 1e-10


def test_only_the_engines_take_part():
    models = registry.load().models
    assert Parity().supports(models["engine-float64"]) is None
    assert "engine-float64" in Parity().supports(models["lrp-epsilon"])


def test_metrics_are_the_worst_cases():
    record = type("R", (), {"__getitem__": lambda self, key: self.values[key]})

    def made(**values):
        one = record()
        one.values = values
        return one

    found = Parity().analyse([made(error=1e-9), made(error=3e-5), made(leak=-2e-4, sum_in=1.0)])
    assert found == {"error": 3e-5, "leak": 2e-4}


def test_the_formulas_of_other_operations_are_plain():
    """Known results, worked out by hand."""
    add = implemented.OTHERS["norm/add"]
    x = torch.tensor([[1.0, 2.0], [3.0, 2.0]], dtype=torch.float64)
    found = add.formula(lambda y: y[0] + y[1], x, torch.tensor([4.0, 8.0], dtype=torch.float64))
    assert found.flatten().tolist() == pytest.approx([1, 4, 3, 4], rel=1e-5)
    pool = implemented.OTHERS["winner/amax"].formula(
        lambda y: y.amax(1), torch.tensor([[1.0, 5.0, 2.0]], dtype=torch.float64), torch.tensor([7.0]).double())
    assert pool.tolist() == [[0, 7, 0]]
    assert isinstance(implemented.operation("zero/linear")[0].make(), nn.Linear)


def test_an_unknown_question_is_an_error():
    with pytest.raises((AssayError, KeyError)):
        load().answer("z-plus/conv7d/mixed")
    assert Parity().calc(load(), Case("zero/linear/positive")).values["error"] < 1e-10
