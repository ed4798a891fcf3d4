"""Relevance at layers, under masks, of weights; what does not change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from assay.core.errors import AssayError
from assay.explain import Composite, Epsilon, Explainer, Flat, Zero, ZPlus, explain
from assay.explain.closed_form import closed_form

torch.set_num_threads(1)
COMPOSITES = ("epsilon", "epsilon-plus", "epsilon-plus-flat", "epsilon-alpha2-beta1", "preset-a", "preset-b-flat",
              "deep-taylor", "excitation-backprop", "attn-lrp", "cp-lrp", "attn-lrp-gamma")


class Skip(nn.Module):
    """Two branches that are added, two that are joined."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.stem, self.a, self.b = (nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1),
                                     nn.Conv2d(4, 4, 1))
        self.norm, self.c = nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)
        self.fc = nn.Linear(6, 3)
        nn.init.uniform_(self.norm.weight, 0.5, 1.5)
        nn.init.normal_(self.norm.bias, 0.0, 0.2)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        x = (self.norm(self.a(x)) + self.b(x)).relu()
        return self.fc(torch.cat([x, self.c(x).relu()], 1).mean((2, 3)))


X = torch.cos(torch.arange(2 * 2 * 6 * 6, dtype=torch.float64) * 3).reshape(2, 2, 6, 6)


@pytest.mark.parametrize("composite", COMPOSITES)
def test_layers_and_input_come_from_one_pass(composite: str) -> None:
    """Relevance below a layer, started from what arrived there, is what arrived at the input."""
    model = Skip()
    found = explain(model, X, 1, composite=composite, layers=["*"])
    assert set(found.layers) == {"stem", "a", "b", "norm", "c", "fc"}
    assert found.layers["stem"].shape == (2, 4, 6, 6)

    class Below(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = model.stem

        def forward(self, x: Tensor) -> Tensor:
            return self.stem(x)

    start = found.layers["stem"]
    with torch.no_grad():
        start = torch.where(model.stem(X) == 0, 0.0, start)
    low = explain(Below().eval(), X, start, composite=composite)
    assert torch.allclose(low.relevance, found.relevance, rtol=1e-8, atol=1e-12)


class Branches(nn.Module):
    """What goes on from a module that hands on its operand, and what goes past it."""

    def __init__(self, between: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.between, self.first, self.a, self.b = between, nn.Linear(6, 6), nn.Linear(6, 3), nn.Linear(6, 3)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.b(x) + self.a(self.between(x).reshape(x.shape))


class Shift(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1


@pytest.mark.parametrize("between", [Shift(), nn.Unflatten(1, (2, 3)), nn.ReLU(), nn.LayerNorm(6)])
def test_what_is_kept_at_a_layer_is_not_overwritten(between: nn.Module) -> None:
    """The gradient of a sum is that of its terms: one tensor, which what comes after must not change."""
    model, x = Branches(between), X[0, 0]
    found = explain(model, x, 1, composite=Composite(base=False), layers=["between"])
    with torch.no_grad():
        value = model.between(model.first(x))
    assert torch.allclose(found.layers["between"], value * model.a.weight[1].reshape(value.shape[1:]))


class Summed(nn.Module):
    """Places that are added up, in one operation or one by one."""

    def __init__(self, before: nn.Module, whole: bool) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.before, self.whole = nn.Linear(6, 6), before, whole
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(self.first(x))
        return x.sum(1) if self.whole else x[:, 0] + x[:, 1] + x[:, 2]


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("before", [nn.ReLU(), nn.LayerNorm(6), nn.Identity()])
def test_a_sum_over_places_is_a_sum_of_places(before: nn.Module, composite: str) -> None:
    """Autograd hands one tensor to all places, in memory that may not be written to."""
    x = X[0, 0, :, :].reshape(2, 3, 6)
    found, truth = (explain(Summed(before, whole), x, 1, composite=composite).relevance for whole in (True, False))
    assert torch.allclose(found, truth, rtol=1e-4, atol=1e-6)


class Tokens(nn.Module):
    """Dense layers on many tokens, of which one is read."""

    def __init__(self, read: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.up, self.norm, self.down, self.head = nn.Linear(6, 64), nn.LayerNorm(64), nn.Linear(64, 6), nn.Linear(6, 3)
        self.read = read
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.down(self.norm(nn.functional.gelu(self.up(x))))
        return self.head(self.read(x))


def flops(model: nn.Module, x: Tensor, position: int | None, many: bool) -> tuple[Tensor, int]:
    """Return relevance, and how many operations of matrix products it took."""
    with FlopCounterMode(display=False) as counter:
        found = explain(model, x, [0, 2] if many else 1, composite="attn-lrp", position=position, many=many)
    return found.relevance, counter.get_total_flops()


READS: dict[str, tuple[Callable[[Tensor], Tensor], int | None]] = {
    "getitem": (lambda x: x[:, 3], None), "select": (lambda x: x.select(1, 3), None),
    "narrow": (lambda x: x.narrow(1, 3, 1).flatten(1), None), "position": (lambda x: x, 3),
}


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("name", READS)
def test_matrices_are_applied_where_relevance_is(name: str, many: bool) -> None:
    """Of sixteen tokens one is read: the others cost nothing on the way back, and relevance is the same."""
    read, position = READS[name]
    x = torch.randn(2, 16, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found, spent = flops(Tokens(read), x, position, many)
    alone, least = flops(Tokens(lambda x: x[:, 0]), x[:, 3:4], None, many)  # no token next to another in this network
    assert torch.allclose(found[..., 3, :], alone[..., 0, :], atol=1e-12)
    assert not found[..., [i for i in range(16) if i != 3], :].any()
    forward = 2 * x.shape[0] * 16 * 6 * 64 * 2 * 1.03
    assert spent - least < forward


def test_relevance_at_most_places_is_carried_everywhere() -> None:
    x = torch.randn(2, 16, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = explain(Tokens(lambda x: x[:, 2:].flatten(1)[:, :6]), x, 1, composite="attn-lrp")
    truth = explain(Tokens(lambda x: torch.einsum("nti,tp->npi", x, torch.eye(16, dtype=x.dtype)[:, 2:3])[:, 0]), x, 1,
                    composite="attn-lrp")
    assert torch.allclose(found.relevance, truth.relevance, atol=1e-12)
    whole = explain(Tokens(lambda x: x[:, 1:].mean(1)), x, 1, composite="attn-lrp").relevance
    assert bool(whole[:, 1:].any(-1).all())
    assert not whole[:, 0].any()


def test_units_sum_over_all_but_samples_and_channels() -> None:
    found = explain(Skip(), X, 1, layers=["stem", "fc"])
    assert torch.allclose(found.units("stem"), found.layers["stem"].sum((2, 3)))
    assert torch.equal(found.units("fc"), found.layers["fc"])
    assert torch.allclose(found.units("stem", axis=2), found.layers["stem"].sum((1, 3)))
    assert torch.allclose(found.heatmap(), found.relevance.sum(1))
    with pytest.raises(AssayError, match="did you mean stem"):
        found.units("sten")
    for axis in (0, 4, -4, -5):
        with pytest.raises(AssayError, match=r"no channel axis of relevance \(2, 4, 6, 6\)"):
            found.units("stem", axis=axis)


@pytest.mark.parametrize("method", ["gradient", "input-x-gradient"])
def test_gradient_methods_have_layers(method: str) -> None:
    model = Skip()
    found = explain(model, X, 1, method=method, layers=["stem", "c"])
    h = model.stem(X).detach().requires_grad_()
    x = h.relu()
    x = (model.norm(model.a(x)) + model.b(x)).relu()
    c = model.c(x)
    y = model.fc(torch.cat([x, c.relu()], 1).mean((2, 3)))
    grads = torch.autograd.grad(y[:, 1].sum(), [h, c])
    for name, g, value in (("stem", grads[0], h), ("c", grads[1], c)):
        assert torch.allclose(found.layers[name], g * value if method == "input-x-gradient" else g)


@pytest.mark.parametrize("options", [{"composite": c} for c in COMPOSITES] + [{"method": "input-x-gradient"}], ids=str)
def test_masks_add_up(options: dict[str, Any]) -> None:
    """One-hot masks over the channels of a layer that everything passes, and over pairs of two layers."""
    model = Skip()
    whole = explain(model, X, 1, **options).relevance
    one_hot = torch.eye(4, dtype=torch.float64)[:, :, None, None]
    each = explain(model, X, 1, mask=[{"stem": row} for row in one_hot], **options)
    assert each.relevance.shape == (4, *X.shape)
    assert torch.allclose(each.relevance.sum(0), whole, atol=1e-10)
    single = explain(model, X, 1, mask={"stem": one_hot[2]}, **options)
    assert torch.allclose(single.relevance, each.relevance[2], atol=1e-12)
    pairs = [{"stem": first, "norm": second, "b": second} for first in one_hot for second in one_hot]
    # what passes c bypasses neither: norm and b feed the sum that everything comes from
    assert torch.allclose(explain(model, X, 1, mask=pairs, **options).relevance.sum(0), whole, atol=1e-10)
    mixed = explain(model, X, 1, mask=[{"a": one_hot[0]}, {"stem": one_hot[1]}, {}], **options)
    assert torch.allclose(mixed.relevance[2], whole)
    assert torch.allclose(mixed.relevance[1], each.relevance[1])


def test_relevance_that_bypasses_a_mask_stays() -> None:
    model = Skip()
    zero = torch.zeros(1, dtype=torch.float64)
    without_a = explain(model, X, 1, composite="attn-lrp", mask={"norm": zero}).relevance
    only_a = explain(model, X, 1, composite="attn-lrp", mask={"b": zero}).relevance
    assert torch.allclose(without_a + only_a, explain(model, X, 1, composite="attn-lrp").relevance)


def test_many_masks_are_many_passes_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many fit into memory at once, the answer is the same."""
    import assay.explain.passes as passes

    masks = [{"stem": row} for row in torch.eye(4, dtype=torch.float64)[:, :, None, None]]
    whole = explain(Skip(), X, 1, mask=masks, layers=["a", "stem"], weights=["a"])
    monkeypatch.setattr(passes, "CAP", 1)
    parts = explain(Skip(), X, 1, mask=masks, layers=["a", "stem"], weights=["a"])
    assert torch.allclose(whole.relevance, parts.relevance)
    assert torch.allclose(whole.layers["stem"], parts.layers["stem"])
    assert torch.allclose(whole.weights["a"], parts.weights["a"])
    targets = explain(Skip(), X, [0, 1, 2], many=True)
    monkeypatch.undo()
    assert torch.allclose(targets.relevance, explain(Skip(), X, [0, 1, 2], many=True).relevance)


def test_relevance_of_weights_under_lrp_0_is_weight_times_gradient() -> None:
    model = Skip()
    found = explain(model, X, 1, composite=Composite(layers=[("affine", Zero())], stabilizer=0.0), canonize=False,
                    weights=["stem", "a", "fc"])
    total = model(X)[:, 1].sum()
    for name in ("stem", "a", "fc"):
        weight = model.get_submodule(name).weight
        truth = weight * torch.autograd.grad(total, weight, retain_graph=True)[0]
        assert torch.allclose(found.weights[name], truth, atol=1e-12)


@pytest.mark.parametrize("rule", [Epsilon(0.1), ZPlus(), Flat()], ids=repr)
def test_relevance_of_weights_sums_to_relevance_of_inputs(rule: Any) -> None:
    """Over the outputs of one dense layer it is relevance of its inputs, over the batch."""
    torch.manual_seed(0)
    model, x = nn.Linear(5, 3).double().eval(), torch.randn(4, 5, dtype=torch.float64)
    r = torch.randn(4, 3, dtype=torch.float64)
    found = explain(model, x, r, composite=Composite(layers=[("linear", rule)]), weights=["weight"])
    assert torch.allclose(found.weights["weight" if "weight" in found.weights else ""].sum(0), found.relevance.sum(0))
    truth = torch.stack([closed_form(rule, model.weight.detach(), model.bias.detach(), a, b)
                         for a, b in zip(x, r, strict=True)])
    assert torch.allclose(found.relevance, truth)


def test_weights_of_a_transposed_parameter_and_of_a_reused_layer() -> None:
    class Transposed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(4, 4, dtype=torch.float64))
            self.bias = nn.Parameter(torch.randn(4, dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return torch.addmm(self.bias, x, self.weight)

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = Transposed()

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(self.layer(x).relu())

    torch.manual_seed(0)
    model, x = Twice().eval(), torch.randn(3, 4, dtype=torch.float64)
    found = explain(model, x, 2, composite="attn-lrp", weights=["layer"])
    weight = model.layer.weight
    assert torch.allclose(found.weights["layer"], weight * torch.autograd.grad(model(x)[:, 2].sum(), weight)[0])


@pytest.mark.parametrize("composite", COMPOSITES)
def test_a_batch_is_its_samples(composite: str) -> None:
    explainer = Explainer(Skip(), composite=composite)
    batch = explainer(X, [0, 2]).relevance
    for row, target in ((0, 0), (1, 2)):
        assert torch.allclose(batch[row], explainer(X[row:row + 1], target).relevance[0], atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(4)), st.sampled_from(COMPOSITES))
def test_the_order_of_hidden_channels_does_not_matter(order: list[int], composite: str) -> None:
    model, other = Skip(), Skip()
    with torch.no_grad():
        for name in ("weight", "bias"):
            getattr(other.stem, name).copy_(getattr(model.stem, name)[list(order)])
        for layer in (other.a, other.b):
            layer.weight.copy_(getattr(model, "a" if layer is other.a else "b").weight[:, list(order)])
    found, truth = (explain(net, X, 1, composite=composite).relevance for net in (other, model))
    assert torch.allclose(found, truth, atol=1e-11)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(0, 10 ** 6))
def test_lrp_0_on_rectifier_networks_is_input_times_gradient(depth: int, width: int, seed: int) -> None:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.LazyLinear(width + 1), nn.ReLU()]
    model = nn.Sequential(*layers, nn.LazyLinear(3)).double().eval()
    x = torch.randn(4, 5, dtype=torch.float64)
    model(x)
    found = explain(model, x, 1, composite="attn-lrp").relevance
    assert torch.allclose(found, explain(model, x, 1, method="input-x-gradient").relevance, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 5), (3,), (2, 3, 4, 2), (2, 2, 3, 3, 2)])
def test_inputs_of_any_number_of_axes(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    size = int(torch.tensor(shape).prod())
    model = nn.Sequential(nn.Flatten(), nn.Linear(size, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False))
    x = torch.randn(2, *shape, dtype=torch.float64)
    for method in ("lrp", "gradient", "smoothgrad", "integrated-gradients", "occlusion", "random"):
        found = explain(model.double().eval(), x, 1, method=method)
        assert found.relevance.shape == x.shape


def test_a_depth_below_which_relevance_spreads_evenly() -> None:
    """Below the layer: Flat on affine operations, Pass on activations, even pools."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 2), nn.ReLU(), nn.Flatten(),
                          nn.Linear(2, 2)).double().eval()
    x = torch.randn(1, 2, 6, 6, dtype=torch.float64)
    found = explain(model, x, 1, composite="epsilon-plus", flat_below="3", layers=["0", "2", "3"])
    rules = {line.module: line.rule for line in found.report.lines}
    assert rules["0"] == rules["2"] == "Flat()"
    assert rules["1"] == "Pass()"
    assert rules["3"] == "ZPlus()"
    spread = nn.functional.interpolate(found.layers["2"], scale_factor=2) / 4
    assert torch.allclose(found.layers["0"], spread)
    assert torch.allclose(found.relevance[0, 0], found.relevance[0, 1])
    assert float(found.relevance.sum()) == pytest.approx(float(found.layers["2"].sum()), rel=1e-6)


def test_the_same_numbers_in_single_precision() -> None:
    for composite in COMPOSITES:
        double = explain(Skip(), X, 1, composite=composite).relevance
        single = explain(Skip().float(), X.float(), 1, composite=composite).relevance
        assert float((single - double).abs().max() / double.abs().max()) < 1e-4


def test_dict_inputs_and_what_is_explained() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 2).double()

        def forward(self, left: Tensor, right: Tensor, flag: bool = False) -> Tensor:
            return self.fc(left + right)

    model = Two().eval()
    inputs = {"left": torch.ones(2, 3).double(), "right": torch.full((2, 3), 2.0).double(), "flag": True}
    with pytest.raises(AssayError, match="which one is explained"):
        explain(model, inputs)
    left, right = (explain(model, inputs, 1, composite="attn-lrp", wrt=name).relevance for name in ("left", "right"))
    assert torch.allclose(2 * left, right)
    only = {"left": inputs["left"], "right": torch.zeros(2, 3).long()}
    assert explain(model, only, 1).relevance.shape == (2, 3)
    for method in ("integrated-gradients", "occlusion", "smoothgrad"):
        assert explain(model, inputs, 1, method=method, wrt="left").relevance.shape == (2, 3)
