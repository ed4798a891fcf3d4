"""bfloat16: a copy computes, the report says how far off the map is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from assay.core.errors import AssayError
from assay.explain import Explainer, explain

torch.set_num_threads(1)


def net() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(8, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(54, 4)).eval()
    nn.init.uniform_(model[1].weight, 0.5, 1.5)
    nn.init.uniform_(model[1].running_var, 0.5, 1.5)
    return model


X = torch.sin(torch.arange(3 * 3 * 10 * 10.0)).reshape(3, 3, 10, 10)


def apart(found: Tensor, truth: Tensor) -> float:
    return float((found - truth).abs().max() / truth.abs().max())


@pytest.mark.parametrize("options", [
    {"composite": "epsilon-plus-flat"}, {"composite": "epsilon-gamma-box", "low": -1.0, "high": 1.0},
    {"composite": "epsilon-alpha2-beta1"}, {"method": "gradient"}, {"method": "integrated-gradients", "steps": 4},
    {"method": "smoothgrad", "samples": 3}, {"method": "occlusion", "window": 5}, {"method": "guided-backprop"}],
    ids=str)
def test_the_difference_that_is_stated_is_the_difference(options: dict[str, Any]) -> None:
    truth = explain(net(), X, [1, 2, 3], **options)
    found = explain(net(), X, [1, 2, 3], precision="bf16", **options)
    assert found.relevance.dtype == found.output.dtype == torch.float32
    stated = found.report.precision
    assert stated is not None
    assert stated["dtype"] == "bfloat16"
    assert stated["difference"] == pytest.approx(apart(found.relevance[:1], truth.relevance[:1]), rel=1e-3)
    assert 0 < stated["difference"] < 0.5
    assert found.report.as_dict()["precision"] == stated
    assert "off the map in float32 by" in str(found.report)
    assert "precision" not in truth.report.as_dict()


def test_it_is_measured_once_on_the_first_call() -> None:
    explainer = Explainer(net(), composite="epsilon-plus", precision="bf16")
    first, second = explainer(X, 1).report.precision, explainer(-X, 2).report.precision
    assert first == second
    assert first != Explainer(net(), composite="epsilon-plus", precision="bf16")(-X, 2).report.precision


def test_the_model_is_as_before_and_batch_norms_are_merged() -> None:
    model = net()
    before = copy.deepcopy(model.state_dict())
    found = explain(model, X, 1, composite="epsilon-plus", precision="bf16", layers=["4"], weights=["4"])
    assert all(value.dtype == before[key].dtype and torch.equal(value, before[key])
               for key, value in model.state_dict().items())
    assert [entry["merged"] for entry in found.report.canonized] == [True]
    truth = explain(model, X, 1, composite="epsilon-plus", layers=["4"], weights=["4"])
    assert apart(found.layers["4"], truth.layers["4"]) < 0.1
    assert apart(found.weights["4"], truth.weights["4"]) < 0.1


def test_all_kinds_of_targets_and_masks() -> None:
    one_hot = torch.eye(8)[:, :, None, None]
    per_sample = torch.rand(3, 8, 1, 1)
    for target, options in (("predicted", {}), ("contrast:1,2", {}), (lambda y: y, {}), (torch.ones(3, 4), {}),
                            (torch.tensor(2), {}), (torch.tensor([0, 1, 2]), {}), ((0, 1, 2), {}),
                            ([1, [0, 1, 2], "predicted", "contrast:2"], {"many": True}),
                            (1, {"mask": [{"0": row} for row in one_hot]}), (1, {"mask": {"0": per_sample}})):
        found = explain(net(), X, target, composite="epsilon-plus", precision="bf16", **options)  # type: ignore[arg-type]
        truth = explain(net(), X, target, composite="epsilon-plus", **options)  # type: ignore[arg-type]
        assert found.relevance.shape == truth.relevance.shape
        assert apart(found.relevance, truth.relevance) < 0.5
        assert found.report.precision is not None
        assert found.report.precision["difference"] < 0.5


def test_token_ids() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 8), nn.GELU(), nn.Flatten(), nn.Linear(40, 3)).eval()
    ids = torch.tensor([[1, 2, 3, 4, 5], [8, 7, 6, 5, 4]])
    found, truth = (explain(model, ids, 1, composite="epsilon", precision=kind) for kind in ("bf16", None))
    assert apart(found.relevance, truth.relevance) < 0.1
    assert found.layers["embedding"].dtype is torch.float32


class Double(nn.Module):
    """Has an operation that is in double precision whatever comes in."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.linear(x, torch.ones(4, x.shape[-1]))


@pytest.mark.parametrize(("model", "inputs", "options", "says"), [
    (net(), X, {"precision": "fp8"}, "precision='fp8', expected 'bf16' or None"),
    (net().double(), X.double(), {"precision": "bf16"}, r"a model in torch\.float32, this one holds torch\.float64"),
    (nn.Flatten().eval(), X.double(), {"precision": "bf16"}, r"an input in torch\.float32, found torch\.float64"),
    (net(), X, {"precision": "bf16", "method": "random"}, "'random' computes nothing with the model"),
    (Double().eval(), torch.ones(2, 4), {"precision": "bf16"}, "the model does not compute in bfloat16"),
    (nn.Linear(2, 2).eval(), torch.full((1, 2), 3e38), {"precision": "bf16"}, "NaN or infinity"),
], ids=["unknown", "double", "double-input", "control", "operation", "range"])
def test_where_it_cannot_be(model: nn.Module, inputs: Tensor, options: dict[str, Any], says: str) -> None:
    with pytest.raises(AssayError, match=says):
        explain(model, inputs, 0 if model is not None else 1, **options)
