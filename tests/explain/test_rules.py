"""Every rule on every affine operation equals its formula on a dense matrix, in double precision."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from assay.core.errors import AssayError
from assay.explain import (
    AlphaBeta,
    Composite,
    Epsilon,
    Flat,
    Gamma,
    LocalRenorm,
    Norm,
    Rule,
    WSquare,
    ZBox,
    Zero,
    ZPlus,
    explain,
)
from assay.explain.closed_form import closed_form, dense

torch.set_num_threads(1)

RULES = {
    "zero": Zero(),
    "epsilon": Epsilon(0.05),
    "gamma": Gamma(0.25),
    "gamma-without-bias": Gamma(0.5, bias=False),
    "z-plus": ZPlus(),
    "z-plus-without-bias": ZPlus(bias=False),
    "alpha-beta": AlphaBeta(2.0, 1.0),
    "alpha-beta-without-bias": AlphaBeta(1.5, 0.5, bias=False),
    "alpha-one": AlphaBeta(1.0, 0.0),
    "flat": Flat(),
    "w-square": WSquare(),
    "w-square-without-bias": WSquare(bias=False),
    "z-box": ZBox(-4.0, 4.0),
    "z-box-without-bias": ZBox(-4.0, 4.0, bias=False),
    "norm": Norm(0.01),
}

OPERATIONS = {
    "linear": (lambda: nn.Linear(6, 4), (6,)),
    "linear-on-tokens": (lambda: nn.Linear(4, 3), (5, 4)),
    "conv1d": (lambda: nn.Conv1d(3, 4, 3, padding=1), (3, 7)),
    "conv2d": (lambda: nn.Conv2d(2, 3, 3, padding=1), (2, 5, 6)),
    "conv3d": (lambda: nn.Conv3d(2, 2, 2), (2, 3, 4, 3)),
    "conv2d-stride": (lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1), (2, 6, 5)),
    "conv2d-dilation": (lambda: nn.Conv2d(2, 3, 3, dilation=2, padding=2), (2, 6, 5)),
    "conv2d-groups": (lambda: nn.Conv2d(4, 6, 3, groups=2), (4, 4, 5)),
    "conv2d-depthwise": (lambda: nn.Conv2d(3, 3, 3, groups=3, padding=1), (3, 4, 4)),
    "conv2d-same": (lambda: nn.Conv2d(2, 3, 3, padding="same"), (2, 4, 5)),
    "conv2d-same-uneven": (lambda: nn.Conv2d(2, 3, (2, 4), padding="same"), (2, 4, 5)),
    "conv2d-circular": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 4, 5)),
    "conv2d-without-bias": (lambda: nn.Conv2d(2, 3, 3, bias=False), (2, 5, 4)),
    "conv-transpose1d": (lambda: nn.ConvTranspose1d(2, 3, 3, stride=2), (2, 4)),
    "conv-transpose2d": (lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1), (2, 3, 4)),
    "conv-transpose2d-groups": (lambda: nn.ConvTranspose2d(4, 4, 3, groups=2, dilation=2), (4, 3, 3)),
}


def network(name: str, seed: int = 0) -> tuple[nn.Module, Tensor]:
    """Return a double-precision operation and the shape of a sample."""
    torch.manual_seed(seed)
    make, shape = OPERATIONS[name]
    return make().double().eval(), torch.randn(2, *shape, dtype=torch.float64)


def expected(rule: Rule, module: nn.Module, x: Tensor, relevance: Tensor) -> Tensor:
    """Return the closed form for a batch."""
    rows = []
    for sample, r in zip(x, relevance, strict=True):
        weight, bias = dense(lambda value: module(value[None])[0], sample)
        rows.append(closed_form(rule, weight, bias, sample.flatten(), r.flatten()).reshape(sample.shape))
    return torch.stack(rows)


def error(found: Tensor, truth: Tensor) -> float:
    """Return the largest difference relative to the largest value."""
    assert found.shape == truth.shape
    return float((found - truth).abs().max() / truth.abs().max())


@pytest.mark.parametrize("sign", ["mixed", "positive"])
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("rule", RULES)
def test_rule_equals_its_formula(rule: str, operation: str, sign: str) -> None:
    module, x = network(operation)
    x = x.abs() if sign == "positive" else x
    with torch.no_grad():
        relevance = torch.randn_like(module(x))
    found = explain(module, x, relevance, composite=Composite(layers=[("affine", RULES[rule])]))
    assert error(found.relevance, expected(RULES[rule], module, x, relevance)) < 1e-10


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_takes_relevance_that_is_not_proportional_to_its_result(rule: str) -> None:
    """Above it, Flat puts relevance on units whatever their activation is, also on those that are 0."""
    torch.manual_seed(1)
    below, above = nn.Conv1d(2, 3, 3, padding=1).double(), nn.Conv1d(3, 2, 3).double()
    model = nn.Sequential(below, nn.ReLU(), above).eval()
    x = torch.randn(2, 2, 6, dtype=torch.float64)
    with torch.no_grad():
        hidden = below(x).relu()
        relevance = torch.randn_like(above(hidden))
    middle = expected(Flat(), above, hidden, relevance)
    composite = Composite(names=[("0", RULES[rule]), ("2", Flat())])
    found = explain(model, x, relevance, composite=composite, layers=["0", "1"])
    assert error(found.layers["0"], middle) < 1e-10
    assert error(found.relevance, expected(RULES[rule], below, x, middle)) < 1e-10


@pytest.mark.parametrize("rule", RULES)
def test_a_unit_that_feeds_two_forms_loses_nothing(rule: str) -> None:
    """One consumer hands on R (Flat), the other G: the two are converted and added."""
    class Fork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.a, self.b = nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            hidden = self.stem(x)
            return torch.cat([self.a(hidden), self.b(hidden)], 1)

    torch.manual_seed(2)
    model, x = Fork().double().eval(), torch.randn(3, 4, dtype=torch.float64)
    with torch.no_grad():
        hidden = model.stem(x)
        relevance = torch.randn(3, 6, dtype=torch.float64)
    composite = Composite(names=[("stem", RULES[rule]), ("a", Flat()), ("b", Epsilon(0.0))])
    found = explain(model, x, relevance, composite=composite, layers=["stem"])
    middle = expected(Flat(), model.a, hidden, relevance[:, :3]) + expected(Zero(), model.b, hidden, relevance[:, 3:])
    assert error(found.layers["stem"], middle) < 1e-10
    assert error(found.relevance, expected(RULES[rule], model.stem, x, middle)) < 1e-10


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2),
       st.integers(1, 2), st.sampled_from(sorted(RULES)), st.integers(0, 10 ** 6))
def test_any_convolution(inputs: int, outputs: int, stride: int, padding: int, dilation: int, groups: int, rule: str,
                         seed: int) -> None:
    torch.manual_seed(seed)
    module = nn.Conv2d(inputs * groups, outputs * groups, (2, 3), stride, padding, dilation, groups).double().eval()
    x = torch.randn(2, inputs * groups, 6, 5, dtype=torch.float64).clamp(-3.9, 3.9)
    with torch.no_grad():
        relevance = torch.randn_like(module(x))
    found = explain(module, x, relevance, composite=Composite(layers=[("conv", RULES[rule])]))
    assert error(found.relevance, expected(RULES[rule], module, x, relevance)) < 1e-9


@pytest.mark.parametrize("size", [3, 4])
def test_local_response_norm(size: int) -> None:
    """Binder et al. 2016: y_k expanded at (0, ..., x_k, ..., 0)."""
    module = nn.LocalResponseNorm(size, alpha=0.3, beta=0.75, k=1.5)
    torch.manual_seed(0)
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    r = torch.randn_like(x)
    scale = 0.3 / size
    truth = torch.zeros_like(x)
    for n in range(2):
        for place in range(3):
            v = x[n, :, place]
            for k in range(6):
                window = [j for j in range(k - size // 2, k + (size - 1) // 2 + 1) if 0 <= j < 6]
                total = 1.5 + scale * sum(v[j] ** 2 for j in window)
                parts = {j: -2 * scale * 0.75 * v[k] * v[j] ** 2 / total ** 1.75 for j in window if j != k}
                parts[k] = v[k] * (1.5 + scale * v[k] ** 2) ** -0.75
                whole = sum(parts.values())
                for j, part in parts.items():
                    truth[n, j, place] += part * r[n, k, place] / (whole + 1e-6 * (-1 if whole < 0 else 1))
    found = explain(module.eval(), x, r, composite=Composite())
    assert error(found.relevance, truth) < 1e-10
    assert found.report.lines[0].rule == "LocalRenorm()"
    assert isinstance(LocalRenorm(), Rule)


def test_rules_show_what_matters() -> None:
    assert repr(Gamma()) == "Gamma(gamma=0.25)"
    assert repr(ZPlus(bias=False)) == "ZPlus(bias=False)"
    assert repr(Flat(stabilizer=0.5)) == "Flat(stabilizer=0.5)"
    assert repr(Zero()) == "Zero()"
    assert Gamma(0.1) == Gamma(0.1) != Gamma(0.2)
    assert repr(ZBox(torch.zeros(3, 1, 1), torch.tensor(1.0))) == "ZBox(low=tensor[3, 1, 1], high=tensor(1.))"


@pytest.mark.parametrize(("make", "says"), [
    (lambda: AlphaBeta(2, 2), "alpha - beta is 0, expected 1"),
    (lambda: AlphaBeta(0.5, -0.5), "AlphaBeta: beta=-0.5, expected a number of at least 0"),
    (lambda: Gamma(-0.1), "Gamma: gamma=-0.1, expected a number of at least 0"),
    (lambda: Gamma(float("nan")), "gamma=nan"),
    (lambda: Epsilon("1e-6"), "epsilon='1e-6'"),
    (lambda: ZPlus(stabilizer=-1.0), "stabilizer=-1.0"),
    (lambda: ZBox(0.0, torch.tensor([1.0, float("inf")])), r"ZBox: high is a tensor \(2,\) with NaN or infinity"),
    (lambda: Composite(gate="open"), "gate='open', expected 'signal' or 'half'"),
    (lambda: Composite(attention="half"), "attention='half', expected 'uniform' or 'stop'"),
    (lambda: Composite(result="map"), "result='map'"),
    (lambda: Composite(names=["conv1"]), r"holds 'conv1', expected pairs \(selector, rule\)"),
    (lambda: Composite(layers=[("conv",)]), "expected pairs"),
    (lambda: Composite(names=[(nn.Conv2d, ZPlus())]), "expected a glob on module paths"),
    (lambda: Composite(stabilizer=-1e-6), "Composite: stabilizer=-1e-06"),
])
def test_parameters_that_make_no_rule(make: object, says: str) -> None:
    with pytest.raises(AssayError, match=says):
        make()  # type: ignore[operator]


def test_an_input_outside_the_box_is_an_error() -> None:
    with pytest.raises(AssayError, match="outside the box"):
        explain(nn.Linear(2, 1).eval(), torch.tensor([[0.5, 3.0]]), 0,
                composite=Composite(first=[("affine", ZBox(0.0, 1.0))]))


def test_a_box_may_be_a_tensor() -> None:
    torch.manual_seed(0)
    module, x = nn.Conv2d(2, 3, 3).double().eval(), torch.rand(2, 2, 4, 4, dtype=torch.float64)
    low, high = torch.tensor([-0.5, -1.0]).double()[:, None, None], torch.tensor([1.5, 2.0]).double()[:, None, None]
    relevance = torch.randn(2, 3, 2, 2, dtype=torch.float64)
    found = explain(module, x, relevance, composite=Composite(layers=[("conv", ZBox(low, high))]))
    flat = [side.expand(2, 4, 4).flatten() for side in (low, high)]
    rows = []
    for sample, r in zip(x, relevance, strict=True):
        weight, bias = dense(lambda value: F.conv2d(value[None], module.weight, module.bias)[0], sample)
        rows.append(closed_form(ZBox(*flat), weight, bias, sample.flatten(), r.flatten()).reshape(2, 4, 4))
    assert error(found.relevance, torch.stack(rows)) < 1e-10


@pytest.mark.parametrize("pads", [(1, 1, 1, 1), (0, 1, 2, 0), (1, 0)], ids=str)
@pytest.mark.parametrize("rule", RULES)
def test_padding_by_an_operation_of_its_own_is_no_input(rule: str, pads: tuple[int, ...]) -> None:
    """As for a convolution's own padding: zeros that were padded on get no share."""
    class Padded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 3, stride=2)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(F.pad(x, pads))

    torch.manual_seed(0)
    module, x = Padded().double().eval(), torch.randn(2, 2, 5, 6, dtype=torch.float64)
    with torch.no_grad():
        relevance = torch.randn_like(module(x))
    composite = Composite(layers=[("conv", RULES[rule])])
    found = explain(module, x, relevance, composite=composite, audit=True, weights=["conv"])
    assert error(found.relevance, expected(RULES[rule], module, x, relevance)) < 1e-10
    assert abs(found.report.lines[0].audit["bias"]) < 1e-12  # type: ignore[index]
    assert torch.allclose(found.weights["conv"].sum(), found.relevance.sum())


@pytest.mark.parametrize(("options", "kept"), [({"value": 0.5}, False), ({"mode": "reflect"}, True), ({}, True)])
def test_padding_with_other_values_keeps_its_share(options: dict[str, object], kept: bool) -> None:
    torch.manual_seed(0)
    conv, x = nn.Conv2d(1, 2, 3).double(), torch.rand(1, 1, 4, 4, dtype=torch.float64)

    class Padded(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return conv(F.pad(x, (1, 1, 1, 1), **options))  # type: ignore[arg-type]

    relevance = torch.ones(1, 2, 4, 4, dtype=torch.float64)
    found = explain(Padded().eval(), x, relevance, composite=Composite(layers=[("conv", Flat(0.0))])).relevance
    assert (abs(float(found.sum()) - 32.0) < 1e-9) == kept
