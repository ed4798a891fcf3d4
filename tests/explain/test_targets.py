"""What can be explained about an output, and what is bad input."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from assay.core.errors import AssayError
from assay.explain import Explainer, explain

torch.set_num_threads(1)


def net(outputs: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 6, bias=False), nn.ReLU(), nn.Linear(6, outputs, bias=False)).double().eval()


X = torch.sin(torch.arange(15, dtype=torch.float64) * 7).reshape(3, 5)


def test_the_sum_explains_the_logit() -> None:
    model = net()
    y = model(X)
    for spec, truth, index in (
            (2, y[:, 2], [2, 2, 2]), ([0, 1, 3], y[[0, 1, 2], [0, 1, 3]], [0, 1, 3]),
            (torch.tensor([0, 1, 3]), y[[0, 1, 2], [0, 1, 3]], [0, 1, 3]),
            ("predicted", y.max(1).values, y.argmax(1).tolist()), ("contrast:1,3", y[:, 1] - y[:, 3], [1, 1, 1]),
            ("contrast:2", y[:, 2] - (y.sum(1) - y[:, 2]) / 3, [2, 2, 2])):
        found = explain(model, X, spec, composite="attn-lrp")
        assert torch.allclose(found.relevance.sum(1), truth)
        assert found.target.tolist() == index
        assert torch.allclose(found.output, y)
        assert found.report.sum_out == pytest.approx(truth.tolist())
        assert found.report.sum_in == pytest.approx(truth.tolist())
        gradient = explain(model, X, spec, method="input-x-gradient")
        assert torch.allclose(gradient.relevance, found.relevance)


def test_a_tensor_is_relevance_of_the_output() -> None:
    model = net()
    r = torch.tensor([[1.0, 0, 2, -1]] * 3, dtype=torch.float64)
    found = explain(model, X, r, composite="attn-lrp")
    assert torch.allclose(found.relevance.sum(1), r.sum(1))
    assert torch.allclose(explain(model, X, lambda y: r, composite="attn-lrp").relevance, found.relevance)
    y = model(X).detach()
    assert torch.allclose(explain(model, X, lambda out: out, composite="attn-lrp").relevance.sum(1), y.sum(1))
    leaf = X.clone().requires_grad_()
    truth = torch.autograd.grad(model(leaf), leaf, r)[0]
    assert torch.allclose(explain(model, X, r, method="gradient").relevance, truth)


def test_relevance_of_one() -> None:
    model = net()
    for spec, total in ((2, 1.0), ("contrast:1,3", 0.0), ("contrast:2", 0.0), ("predicted", 1.0)):
        found = explain(model, X, spec, composite="attn-lrp", seed="one")
        assert torch.allclose(found.relevance.sum(1), torch.full((3,), total, dtype=torch.float64))


def test_relevance_on_a_zero_output_is_an_error() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU()).double().eval()
    nn.init.constant_(model[0].weight, -1.0)
    x = torch.ones(1, 2, dtype=torch.float64)
    for options in ({"seed": "one"},):
        with pytest.raises(AssayError, match="exactly 0"):
            explain(model, x, 0, **options)
    with pytest.raises(AssayError, match="exactly 0"):
        explain(model, x, torch.ones(1, 2, dtype=torch.float64))
    assert float(explain(model, x, 0).relevance.abs().sum()) == 0.0


class Shaped(nn.Module):
    """Returns its hidden values in some shape."""

    def __init__(self, *shape: int, wrap: Any = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        size = int(torch.tensor(shape).prod()) if shape else 1
        self.fc, self.shape, self.wrap = nn.Linear(5, size, bias=False).double(), shape, wrap
        self.eval()

    def forward(self, x: Tensor) -> Any:
        y = self.fc(x).reshape(len(x), *self.shape)
        return y if self.wrap is None else self.wrap(y)


def total(model: nn.Module, target: Any, **options: Any) -> Tensor:
    return explain(model, X, target, composite="attn-lrp", **options).relevance.sum(1)


def test_outputs_of_all_shapes() -> None:
    flat = Shaped()
    assert torch.allclose(total(flat, 0), flat(X))
    assert torch.allclose(total(flat, "predicted"), flat(X))
    tokens = Shaped(4, 3)
    y = tokens(X)
    assert torch.allclose(total(tokens, 2), y[:, -1, 2])
    assert torch.allclose(total(tokens, 2, position=1), y[:, 1, 2])
    assert torch.allclose(total(tokens, "predicted", position=-4), y[:, 0].max(1).values)
    assert torch.allclose(total(tokens, 1, position="sum"), y[:, :, 1].sum(1))
    maps = Shaped(3, 2, 4)
    y = maps(X)
    assert torch.allclose(total(maps, 2, position=(1, 3)), y[:, 2, 1, 3])
    assert torch.allclose(total(maps, "predicted", position="sum"), y.sum((2, 3)).max(1).values)
    assert torch.allclose(total(maps, "contrast:0,1", position=(0, -1)), y[:, 0, 0, -1] - y[:, 1, 0, -1])
    assert torch.allclose(total(maps, 1, position="sum", seed="one"), torch.ones(3).double())
    volumes = Shaped(2, 2, 2, 2)
    assert torch.allclose(total(volumes, 1, position=(0, 1, 1)), volumes(X)[:, 1, 0, 1, 1])


class Outcome:
    """An object with logits, as model outputs are."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits


def test_logits_of_a_mapping_or_an_object() -> None:
    for wrap in (lambda y: {"loss": None, "logits": y}, Outcome):
        model = Shaped(4, wrap=wrap)
        found = explain(model, X, 3, composite="attn-lrp")
        assert torch.allclose(found.relevance.sum(1), found.output[:, 3])


def test_many_targets_on_one_pass() -> None:
    model = net()
    specs: list[Any] = [1, [0, 1, 3], "contrast:1,3", "predicted", lambda y: y * 2]
    for options in ({}, {"method": "gradient"}, {"composite": "epsilon-alpha2-beta1"}, {"method": "smoothgrad"}):
        many = explain(model, X, specs[:4], many=True, layers=["0"], **options)  # type: ignore[arg-type]
        assert many.relevance.shape == (4, 3, 5)
        assert many.target.shape == (4, 3)
        for row, spec in enumerate(specs[:4]):
            one = explain(model, X, spec, layers=["0"], **options)  # type: ignore[arg-type]
            assert torch.allclose(many.relevance[row], one.relevance, atol=1e-12)
            assert torch.allclose(many.layers["0"][row], one.layers["0"], atol=1e-12)
        assert many.units("0").shape == (4, 3, 6)


def test_many_targets_some_of_which_are_relevance() -> None:
    """Then `target` is what was put on the output."""
    model, r = net(), torch.full((3, 4), 0.5, dtype=torch.float64)
    found = explain(model, X, [r, 1, "contrast:0,2"], many=True)
    assert found.target.shape == (3, 3, 4)
    assert torch.allclose(found.target[0], r)
    assert torch.allclose(found.target[1], found.output * torch.eye(4, dtype=torch.float64)[1])
    for row, spec in enumerate((r, 1, "contrast:0,2")):
        assert torch.allclose(found.relevance[row], explain(model, X, spec).relevance)


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(0, 10 ** 6))
def test_relevance_is_linear_in_what_starts(a: float, b: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(3, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    for composite in ("epsilon", "epsilon-plus-flat", "epsilon-alpha2-beta1", "attn-lrp-gamma"):
        explainer = Explainer(net(), composite=composite)
        mixed = explainer(X, a * first + b * second).relevance
        assert torch.allclose(mixed, a * explainer(X, first).relevance + b * explainer(X, second).relevance, atol=1e-9)


@pytest.mark.parametrize(("inputs", "target", "options", "says"), [
    (X, 4, {}, "target 4 is out of range: the output has 4 units"),
    (X, -1, {}, "out of range"),
    (X, [0, 1], {}, "2 targets for 3 samples"),
    (X, 1.5, {}, "the target is 1.5"),
    (X, "best", {}, "the target is 'best'"),
    (X, "contrast:1", {"position": 0}, "no places"),
    (X, "contrast:1,1", {}, "two different units"),
    (X, "contrast:1,9", {}, "out of range"),
    (X, torch.ones(2, 2).double(), {}, r"a tensor \(2, 2\), expected the output's shape \(3, 4\)"),
    (X, torch.full((3, 4), float("nan")).double(), {}, "NaN"),
    (X, 1, {"many": True}, "needs a list of targets"),
    (X * float("nan"), 1, {}, "the input holds NaN or infinity"),
    (X / 0, 1, {}, "the input holds NaN or infinity"),
    (X[:0], 1, {}, r"shape \(0, 5\)"),
    (X > 0, 1, {}, "torch.bool"),
    (X.to(torch.complex128), 1, {}, "torch.complex128"),
    (X.float(), 1, {}, "torch.float32, the model's weights are torch.float64"),
    ([1, 2], 1, {}, "the input is list"),
    (X, 1, {"wrt": "x"}, "leave wrt out"),
    ({"input": X}, 1, {"wrt": "inputs"}, "did you mean input"),
    (X, 1, {"method": "lpr"}, "did you mean lrp"),
    (X, 1, {"composite": "epsilon-pluss"}, "did you mean epsilon-plus"),
    (X, 1, {"composite": "epsilon-gamma-box"}, "low and high are not given"),
    (X, 1, {"composite": "epsilon", "gamma": 1}, "no option 'gamma'"),
    (X, 1, {"method": "smoothgrad", "sample": 3}, "did you mean samples"),
    (X, 1, {"method": "smoothgrad", "samples": 0}, "samples=0, expected an int of at least 1"),
    (X, 1, {"method": "gradient", "composite": "epsilon"}, "takes no composite"),
    (X, 1, {"layers": ["O"]}, "no layer 'O'"),
    (X, 1, {"layers": ["0#2"]}, "did not run"),
    (X, 1, {"mask": {"3": torch.ones(1)}}, "no layer '3'"),
    (X, 1, {"mask": 3}, "mask"),
    (X, 1, {"weights": ["9"]}, "no weights '9'"),
    (X, 1, {"seed": "two"}, "seed='two', expected 'output' or 'one'"),
    (X, 1, {"on_uncovered": "ignore"}, "on_uncovered='ignore'"),
    (X, 1, {"flat_below": "nowhere"}, "no layer 'nowhere'"),
    (X, 1, {"flat_below": "[02]"}, r"flat_below='\[02\]' did not run"),
    (X, 1, {"layers": 3}, "layers are 3, expected paths"),
    (X, 1, {"layers": [3]}, r"layers are \[3\]"),
    (X, 1, {"weights": 0.5}, "weights are 0.5, expected paths"),
    (X, 1, {"layers": ["0"], "method": "occlusion"}, "'occlusion' has no relevance at layers"),
    (X, 1, {"mask": {"0": torch.ones(6)}, "method": "random"}, "'random' has no relevance at layers"),
    (X, 1, {"mask": {"0": torch.full((6,), float("nan")).double()}}, "the mask of '0' holds NaN"),
    (X, 1, {"mask": {"0": torch.ones(7)}}, r"the mask of '0' has shape \(7,\)"),
    (X, 1, {"mask": []}, "mask is an empty list"),
    (X, [1, 2], {"many": True, "mask": [{"0": torch.ones(6)}]}, "many targets and many masks"),
    (X, 1, {"weights": "*", "method": "gradient"}, "'gradient' has no relevance of weights"),
    (X, 1, {"weights": "*", "method": "deconvnet"}, "there is no relevance of weights"),
    (X, 1, {"composite": "epsilon", "epsilon": -1.0}, "Epsilon: epsilon=-1.0, expected a number of at least 0"),
    (X, 1, {"composite": "epsilon-plus", "stabilizer": float("nan")}, "stabilizer=nan"),
    (X, 1, {"composite": "attn-lrp-gamma", "gamma": "much"}, "Gamma: gamma='much'"),
    (X, 1, {"composite": "epsilon-gamma-box", "low": -1.0}, "high is not given, low is"),
    (X, 1, {"method": "deep-taylor", "high": 1.0}, "low is not given, high is"),
    (X, 1, {"method": "deep-taylor", "low": "dark", "high": 1.0}, "ZBox: low is 'dark'"),
    (X, 1, {"method": "deep-taylor", "low": torch.zeros(4), "high": 1.0}, r"ZBox: low has shape \(4,\)"),
    (X, 1, {"method": "smoothgrad", "noise": -0.1}, "noise=-0.1, expected a number of at least 0"),
    (X, 1, {"method": "smooth-taylor", "sigma": "wide"}, "sigma='wide'"),
    (X, 1, {"method": "integrated-gradients", "baseline": "black"}, "baseline is 'black'"),
    (X, 1, {"method": "integrated-gradients", "baseline": torch.zeros(4).double()}, r"shape \(4,\)"),
    (X, 1, {"method": "integrated-gradients", "steps": 1, "rule": "trapezoid"}, "expected an int of at least 2"),
    (X, 1, {"method": "occlusion", "window": 1.5}, "window=1.5"),
    (X, 1, {"method": "occlusion", "window": 2, "stride": 0}, "stride=0"),
    (X, 1, {"method": "occlusion", "baseline": float("inf")}, "baseline is inf"),
    (X, 1, {"method": "random", "random_state": -1}, "random_state=-1, expected an int of at least 0"),
    (X, True, {}, "the target is True"),
    (X, lambda y: y.sum(), {}, r"a tensor \(\), expected the output's shape"),
])
def test_bad_input_says_what_and_where(inputs: Any, target: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(AssayError, match=says):
        explain(net(), inputs, target, **options)


def test_whole_numbers_for_a_model_without_an_embedding_are_an_error() -> None:
    with pytest.raises(AssayError, match=r"torch.int64, as token ids do.*looks up no embedding"):
        explain(net(), X.long(), 0)


def test_a_model_in_training_is_an_error() -> None:
    with pytest.raises(AssayError, match=r"training mode.*\n.*eval"):
        explain(net().train(), X)
    half = nn.Sequential(nn.Linear(5, 4), nn.Dropout()).double().eval()
    half[1].train()
    with pytest.raises(AssayError, match="module '1' is in training mode"):
        explain(half, X)
    with pytest.raises(AssayError, match=r"expected a torch\.nn\.Module"):
        explain(lambda x: x, X)


def test_a_map_needs_a_place() -> None:
    for position in (None, (0,), (5, 0), 3, "middle", (True, 0.5)):
        with pytest.raises(AssayError, match="expected a place within"):
            explain(Shaped(3, 2, 4), X, 1, position=position)
    with pytest.raises(AssayError, match="expected an int from -4 to 3"):
        explain(Shaped(4, 3), X, 1, position=4)


def test_an_output_that_cannot_be_explained() -> None:
    with pytest.raises(AssayError, match="returned dict"):
        explain(Shaped(4, wrap=lambda y: {"scores": y}), X)
    with pytest.raises(AssayError, match="the model's output holds NaN"):
        explain(Shaped(4, wrap=lambda y: y / 0 * 0), X)
    with pytest.raises(AssayError, match=r"torch\.int64"):
        explain(Shaped(4, wrap=lambda y: y.argmax(1)), X)
