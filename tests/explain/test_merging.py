"""Batch norms merged: on the fly by data flow, or in a copy."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from assay.core.errors import AssayError
from assay.explain import AlphaBeta, Composite, Epsilon, Flat, Gamma, Rule, WSquare, ZBox, ZPlus, canonize, explain

torch.set_num_threads(1)
RULES: tuple[Rule, ...] = (Epsilon(), ZPlus(), Gamma(0.3), AlphaBeta(), Flat(), WSquare(), ZBox(-4.0, 4.0),
                           Gamma(0.3, bias=False), WSquare(bias=False))


def lively(model: nn.Module, lowest: float = 0.3, seed: int = 0) -> nn.Module:
    """Return a network whose batch norms do something; factors from `lowest`."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.weight, lowest, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.5)
            nn.init.normal_(module.running_mean, 0.0, 0.5)
            nn.init.uniform_(module.running_var, 0.3, 2.0)
    return model.double().eval()


def error(found: Tensor, truth: Tensor) -> float:
    return float((found - truth).abs().max() / truth.abs().max())


LAYERS = {
    "conv2d": (lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4)), (2, 5, 5)),
    "conv2d-groups": (lambda: nn.Sequential(nn.Conv2d(4, 4, 3, groups=2, bias=False), nn.BatchNorm2d(4)), (4, 5, 5)),
    "conv1d": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4)), (2, 6)),
    "conv3d": (lambda: nn.Sequential(nn.Conv3d(1, 2, 2), nn.BatchNorm3d(2)), (1, 3, 3, 3)),
    "linear": (lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), (5,)),
    "transposed": (lambda: nn.Sequential(nn.ConvTranspose2d(4, 6, 3, groups=2), nn.BatchNorm2d(6)), (4, 3, 3)),
}


@pytest.mark.parametrize("lowest", [0.3, -1.5], ids=["positive", "negative-factors"])
@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("layer", LAYERS)
def test_merged_on_the_fly_equals_merged_in_a_copy(layer: str, rule: Rule, lowest: float) -> None:
    make, shape = LAYERS[layer]
    model = lively(make(), lowest)
    x = torch.randn(3, *shape, dtype=torch.float64).clamp(-4, 4)
    copied = canonize(model, x)
    assert isinstance(copied[1], nn.Identity)
    assert isinstance(model[1], nn.modules.batchnorm._BatchNorm)
    with torch.no_grad():
        relevance = torch.randn_like(model(x))
    composite = Composite(layers=[("affine", rule)])
    found, truth = (explain(each, x, relevance, composite=composite) for each in (model, copied))
    assert error(found.relevance, truth.relevance) < 1e-9
    assert found.report.canonized[0]["modules"] == ["0", "1"]
    assert [line.op for line in found.report.lines] == [line.op for line in truth.report.lines if line.op != "identity"]


def test_a_channel_that_is_switched_off() -> None:
    model = lively(nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)))
    with torch.no_grad():
        model[1].weight[1] = 0.0
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64)
    for composite in ("epsilon", "epsilon-plus", "epsilon-alpha2-beta1"):
        found, truth = (explain(each, x, 1, composite=composite) for each in (model, canonize(model, x)))
        assert error(found.relevance, truth.relevance) < 1e-9


class Dense(nn.Module):
    """Like DenseNet: batch norms come before relu and convolution, and are defined in an order that misleads."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm0 = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.norm1, self.conv1, self.norm2, self.conv2 = nn.BatchNorm2d(4), nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6), \
            nn.Conv2d(6, 3, 3, padding=1)
        self.norm3, self.head = nn.BatchNorm2d(7), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm0(self.stem(x)))
        new = self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))
        return self.head(F.relu(self.norm3(torch.cat([x, new], 1))).mean((2, 3)))


def test_data_flow_decides_and_not_the_order_of_definition() -> None:
    """A merge by order of definition takes norm0 with stem, but also norm1, which follows stem in no way."""
    model = lively(Dense())
    x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
    found = explain(model, x, 1, composite="epsilon-plus-flat")
    assert [entry["modules"] for entry in found.report.canonized] == [["stem", "norm0"], ["conv1", "norm2"]]
    assert all(entry["merged"] and entry["difference"] < 1e-12 for entry in found.report.canonized)
    copied = canonize(model, x)
    assert isinstance(copied.norm2, nn.Identity)
    assert isinstance(copied.norm1, nn.BatchNorm2d)
    assert error(found.relevance, explain(copied, x, 1, composite="epsilon-plus-flat").relevance) < 1e-9
    kept = {line.module for line in found.report.lines if line.op == "batch_norm"}
    assert kept == {"norm1", "norm3"}


def test_what_else_takes_the_layers_result_still_gets_its_relevance() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv1d(2, 3, 3), nn.BatchNorm1d(3)

        def forward(self, x: Tensor) -> Tensor:
            z = self.conv(x)
            return (self.norm(z) + z).flatten(1)

    model = lively(Shared())
    with torch.no_grad():
        model.conv.bias.zero_()
        model.norm.bias.zero_()
        model.norm.running_mean.zero_()
    x = torch.randn(2, 2, 6, dtype=torch.float64)
    composite = Composite(layers=[("conv", Epsilon(0.0))], stabilizer=0.0)
    found = explain(model, x, 5, composite=composite, layers=["conv"])
    leaf = x.clone().requires_grad_()
    truth = leaf * torch.autograd.grad(model(leaf)[:, 5].sum(), leaf)[0]
    assert error(found.relevance, truth) < 1e-10
    assert torch.allclose(found.layers["conv"].sum((1, 2)), found.output[:, 5])
    with pytest.raises(AssayError, match=r"differs by|batch norms"):
        canonize(model, x, pairs=[("conv", "norm")])
    assert isinstance(canonize(model, x).norm, nn.BatchNorm1d)


def test_a_batch_norm_of_its_own_is_a_scale_and_its_shift_absorbs() -> None:
    model = lively(nn.Sequential(nn.ReLU(), nn.BatchNorm1d(4)))
    x = torch.randn(3, 4, dtype=torch.float64)
    report = explain(model, x, 2, composite="epsilon", audit=True).report
    audit = report.lines[1].audit
    assert audit is not None
    assert abs(audit["bias"]) > 0.01
    assert abs(audit["lost"]) < 1e-12
    assert report.lines[1].rule == "Epsilon(epsilon=1e-06)"


def test_merging_can_be_turned_off() -> None:
    model = lively(LAYERS["conv2d"][0]())
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64)
    found = explain(model, x, 1, position="sum", canonize=False, composite="epsilon-plus")
    assert found.report.canonized == []
    assert {line.op for line in found.report.lines} == {"conv2d", "batch_norm"}


def test_what_differs_by_more_than_rounding_is_not_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.explain import merging

    model = lively(LAYERS["conv2d"][0]())
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64)
    apart = explain(model, x, 1, position="sum", canonize=False, composite="epsilon-plus")
    monkeypatch.setitem(merging.BOUNDS, torch.float64, -1.0)
    found = explain(model, x, 1, position="sum", composite="epsilon-plus")
    assert torch.equal(found.relevance, apart.relevance)
    assert [(entry["modules"], entry["merged"]) for entry in found.report.canonized] == [(["0", "1"], False)]
    assert "not merged: 0 + 1 (difference " in str(found.report)
    with pytest.raises(AssayError, match="after merging 1 batch norms the output differs"):
        canonize(model, x)


def test_the_difference_is_measured_on_the_first_call_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.explain import Explainer, merging

    explainer = Explainer(lively(LAYERS["conv2d"][0]()), position="sum", composite="epsilon-plus")
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64)
    first = explainer(x, 1)
    monkeypatch.setattr(merging, "difference", lambda both: 1.0)
    assert explainer(-x, 1).report.canonized == first.report.canonized


def test_relevance_of_a_merged_layer_is_that_of_the_merged_result() -> None:
    model = lively(nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)))
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64)
    found = explain(model, x, 1, composite="epsilon-plus", layers=["0", "1"])
    assert torch.equal(found.layers["0"], found.layers["1"])
    one_hot = torch.eye(4, dtype=torch.float64)[:, :, None, None]
    before, after = (explain(model, x, 1, composite="epsilon-plus", mask=[{name: row} for row in one_hot]).relevance
                     for name in ("0", "1"))
    assert torch.allclose(before, after)
    assert torch.allclose(before.sum(0), found.relevance)


@pytest.mark.parametrize(("pairs", "says"), [
    ([("0", "9")], "no module '9'"), ([("1", "0")], "expected a convolution or dense layer"),
    ([("0", "2")], "expected a batch norm")])
def test_pairs_that_are_none(pairs: Any, says: str) -> None:
    model = lively(nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU()))
    with pytest.raises(AssayError, match=says):
        canonize(model, torch.randn(1, 2, 5, 5, dtype=torch.float64), pairs=pairs)


def test_named_pairs() -> None:
    model = lively(Dense())
    x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
    copied = canonize(model, x, pairs=[("conv1", "norm2")])
    assert isinstance(copied.norm2, nn.Identity)
    assert isinstance(copied.norm0, nn.BatchNorm2d)
    with pytest.raises(AssayError, match="6 outputs, batch norm 'norm1' 4 channels"):
        canonize(model, x, pairs=[("conv1", "norm1")])
