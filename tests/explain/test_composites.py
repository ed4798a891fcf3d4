"""Which rule an operation gets."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from assay.core.errors import AssayError
from assay.explain import COMPOSITES, AlphaBeta, Composite, Epsilon, Flat, Gamma, ZPlus, composite, explain
from assay.explain.composites import spelled

torch.set_num_threads(1)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 3, 3), nn.Flatten(), nn.Linear(12, 2)).eval()


X = torch.sin(torch.arange(72.0)).reshape(1, 2, 6, 6)


def rules(model: nn.Module, x: Tensor = X, **options: Any) -> dict[str, str]:
    return {line.module: line.rule for line in explain(model, x, 1, **options).report.lines}


@pytest.mark.parametrize(("name", "first", "conv", "dense"), [
    ("epsilon", "Epsilon(epsilon=1e-06)", "Epsilon(epsilon=1e-06)", "Epsilon(epsilon=1e-06)"),
    ("epsilon-plus", "ZPlus()", "ZPlus()", "Epsilon(epsilon=1e-06)"),
    ("epsilon-plus-flat", "Flat()", "ZPlus()", "Epsilon(epsilon=1e-06)"),
    ("epsilon-gamma-box", "ZBox(low=-1.0, high=1.0)", "Gamma(gamma=0.25)", "Epsilon(epsilon=1e-06)"),
    ("epsilon-alpha2-beta1", "AlphaBeta(alpha=2.0, beta=1.0)", "AlphaBeta(alpha=2.0, beta=1.0)",
     "Epsilon(epsilon=1e-06)"),
    ("preset-a", "AlphaBeta(alpha=1.0, beta=0.0)", "AlphaBeta(alpha=1.0, beta=0.0)", "Epsilon(epsilon=0.1)"),
    ("preset-b-flat", "Flat()", "AlphaBeta(alpha=2.0, beta=1.0)", "Epsilon(epsilon=0.1)"),
    ("deep-taylor", "ZBox(low=-1.0, high=1.0)", "ZPlus()", "ZPlus()"),
    ("excitation-backprop", "ZPlus()", "ZPlus()", "ZPlus()"), ("attn-lrp", "Zero()", "Zero()", "Zero()"),
    ("cp-lrp", "Zero()", "Zero()", "Zero()"),
    ("attn-lrp-gamma", "Gamma(gamma=0.25)", "Gamma(gamma=0.25)", "Gamma(gamma=0.05)")])
def test_presets(name: str, first: str, conv: str, dense: str) -> None:
    box = {"low": -1.0, "high": 1.0} if "box" in name or name == "deep-taylor" else {}
    found = rules(net(), composite=name, **box)
    assert (found["0"], found["2"], found["4"]) == (first, conv, dense)


def test_names_are_accepted_in_three_spellings() -> None:
    for name in COMPOSITES:
        camel = "".join(part.capitalize() for part in name.split("-"))
        assert spelled(camel) == spelled(name.replace("-", "_")) == name
    assert composite("EpsilonPlusFlat") == composite("epsilon_plus_flat") == composite("epsilon-plus-flat")


def test_parameters_reach_the_rules() -> None:
    found = rules(net(), composite="epsilon-gamma-box", low=-1.0, high=1.0, gamma=0.1, epsilon=1e-3, stabilizer=1e-4)
    assert found["2"] == "Gamma(gamma=0.1, stabilizer=0.0001)"
    assert found["4"] == "Epsilon(epsilon=0.001)"
    with pytest.raises(AssayError, match="did you mean gamma"):
        composite("epsilon-gamma-box", gama=1, low=0, high=1)


def test_the_first_match_wins() -> None:
    both = Composite(names=[("2", Flat()), ("*", ZPlus())], layers=[("affine", Gamma())])
    found = rules(net(), composite=both)
    assert (found["0"], found["2"], found["4"], found["1"]) == ("ZPlus()", "Flat()", "ZPlus()", "Pass()")
    by_class = Composite(layers=[(nn.Conv2d, Gamma()), (("linear", nn.Linear), ZPlus())])
    assert rules(net(), composite=by_class)["4"] == "ZPlus()"
    with pytest.raises(AssayError, match="no module has such a path"):
        explain(net(), X, 1, composite=Composite(names=[("conv*", ZPlus())]))


def test_first_is_decided_by_data_flow() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last, self.side, self.first = nn.Linear(4, 2), nn.Linear(3, 4), nn.Linear(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            x = (x - 0.5) / 2
            return self.last(self.first(x).relu() + self.side(x))

    found = rules(Backwards().eval(), torch.rand(2, 3), composite=Composite(first=[("affine", Flat())]))
    assert (found["first"], found["side"], found["last"]) == ("Flat()", "Flat()", "Epsilon(epsilon=1e-06)")


def test_without_the_base_map_the_rest_takes_its_gradient() -> None:
    model = net().double()
    found = explain(model, X.double(), 1, composite=Composite(base=False)).relevance
    assert torch.allclose(found, explain(model, X.double(), 1, method="input-x-gradient").relevance)


def test_an_entry_that_is_no_rule() -> None:
    with pytest.raises(AssayError, match="expected a rule"):
        Composite(layers=[("conv", "ZPlus")])  # type: ignore[list-item]
    assert Composite(layers=[("conv", Epsilon())]).layers[0][1] == Epsilon()


def test_the_report_is_plain_data_and_a_table(tmp_path: Path) -> None:
    found = explain(net(), X, 1, composite="epsilon-plus", audit=True, layers=["0"], weights=["4"])
    report = found.report.as_dict()
    assert json.loads(json.dumps(report)) == report
    assert report["schema"] == 1
    assert [line["op"] for line in report["ops"]] == ["conv2d", "relu", "conv2d", "flatten", "linear"]
    assert report["ops"][1] | {"index": 1, "op": "relu", "module": "1", "rule": "Pass()"} == report["ops"][1]
    for line in report["ops"]:
        gone = line["bias"] + line["stabiliser"] + line["lost"]
        assert math.isclose(line["r_out"], line["r_in"] + gone, abs_tol=1e-6)
    assert report["worst"] is None
    assert report["sum_in"] == pytest.approx([float(found.relevance.sum())], abs=1e-6)
    table = str(found.report)
    assert all(word in table for word in ("conv2d", "ZPlus()", "r_out", "stabiliser", "sum at the output"))
    found.save(tmp_path / "found.npz")
    with np.load(tmp_path / "found.npz") as saved:
        assert set(saved) == {"relevance", "output", "target", "layer/0", "weight/4", "report"}
        assert np.array_equal(saved["relevance"], found.relevance.numpy())
        assert json.loads(str(saved["report"])) == report
    with pytest.raises(AssayError, match=r"ends with \.npz"):
        found.save(tmp_path / "found.txt")
    with pytest.raises(AssayError, match="No such file or directory"):
        found.save(tmp_path / "nowhere" / "found.npz")


@pytest.mark.parametrize("rule", [Epsilon(), ZPlus(), AlphaBeta(2, 1), AlphaBeta(3, 2), Gamma(0.5)], ids=repr)
def test_the_books_of_a_dense_layer_close(rule: Any) -> None:
    """On sums of both signs no rule loses anything: bias and stabiliser are all that is missing."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 5), nn.Linear(5, 3)).double().eval()
    x = torch.randn(4, 6, dtype=torch.float64)
    found = explain(model, x, 1, composite=Composite(layers=[("linear", rule)]), audit=True)
    for line in found.report.as_dict()["ops"]:
        assert abs(line["bias"]) > 1e-3
        assert abs(line["lost"]) < 1e-9 * (abs(line["r_out"]) + abs(line["bias"]))


def test_the_books_of_a_changed_rectifier_know_its_operand() -> None:
    """Deconvnet hands on what sits on negative entries: the relevance booked there is of those entries."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).double().eval()
    x = torch.randn(4, 6, dtype=torch.float64)
    line = explain(model, x, 1, composite="deconvnet", audit=True).report.as_dict()["ops"][1]
    with torch.no_grad():
        booked = float((model[0](x) * model[2].weight[1].clamp(min=0)).sum())
    assert line["r_in"] == pytest.approx(booked, rel=1e-9)
