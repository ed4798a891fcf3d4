"""Methods other than LRP: closed forms, equal numbers with captum, exact repetition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from assay.core.errors import AssayError
from assay.explain import METHODS, explain
from assay.explain.methods import load

torch.set_num_threads(1)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3), nn.ReLU(),
                         nn.Flatten(), nn.Linear(4 * 3 * 3, 5)).double().eval()


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 3)).double().eval()


X = torch.sin(torch.arange(2 * 3 * 10 * 10, dtype=torch.float64)).reshape(2, 3, 10, 10)
SMALL = torch.cos(torch.arange(24, dtype=torch.float64)).reshape(2, 3, 2, 2)
NAMES = [name for name in METHODS if name not in ("lrp", "random", "edges")]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_answers_for_a_batch_as_for_its_samples(name: str) -> None:
    options: dict[str, Any] = {"window": 3} if name == "occlusion" else {}
    batch = explain(net(), X, [1, 4], method=name, **options)
    assert batch.output.shape == (2, 5)
    assert batch.report.method == name
    assert batch.relevance.shape == ((2, 1, 10, 10) if name == "gradcam" else X.shape)
    again = explain(net(), X, [1, 4], method=name, **options)
    assert torch.equal(batch.relevance, again.relevance)
    if name != "random":
        alone = explain(net(), X[1:], 4, method=name, **options)
        assert torch.allclose(alone.relevance[0], batch.relevance[1], atol=1e-12)


def test_on_a_linear_model_all_attributions_are_known() -> None:
    model = linear()
    w = model[1].weight[2].detach().reshape(3, 2, 2)
    b = float(model[1].bias[2])
    for name, truth in (("gradient", w.expand(2, -1, -1, -1)), ("smoothgrad", w.expand(2, -1, -1, -1)),
                        ("input-x-gradient", w * SMALL), ("integrated-gradients", w * SMALL)):
        assert torch.allclose(explain(model, SMALL, 2, method=name).relevance, truth)
    whole = explain(model, SMALL, 2, method="occlusion", window=(1, 1, 1)).relevance
    assert torch.allclose(whole, w * SMALL)
    columns = explain(model, SMALL, 2, method="occlusion", window=1).relevance
    assert torch.allclose(columns, (w * SMALL).sum(1, keepdim=True).expand(-1, 3, -1, -1))
    shifted = explain(model, SMALL, 2, method="integrated-gradients", baseline=0.5)
    assert torch.allclose(shifted.relevance.sum((1, 2, 3)), shifted.output[:, 2] - float((0.5 * w).sum()) - b)


@pytest.mark.parametrize("rule", ["gauss-legendre", "right", "trapezoid"])
def test_integrated_gradients_add_up_to_the_change(rule: str) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.Tanh(), nn.Linear(6, 3)).double().eval()
    found = explain(model, SMALL, 1, method="integrated-gradients", steps=400, rule=rule)
    change = found.output[:, 1] - model(torch.zeros_like(SMALL))[:, 1]
    assert torch.allclose(found.relevance.sum((1, 2, 3)), change, atol=1e-10 if rule == "gauss-legendre" else 5e-3)


def test_smooth_taylor_and_smoothgrad_are_means_over_their_noise() -> None:
    from assay.explain.attributors.gradient import noise

    model = net()

    def gradient(x: Tensor) -> Tensor:
        leaf = x.clone().requires_grad_()
        return torch.autograd.grad(model(leaf)[:, 1].sum(), leaf)[0]

    eps = [noise(X, 7, k) for k in range(3)]
    width = (X.amax((1, 2, 3), keepdim=True) - X.amin((1, 2, 3), keepdim=True)) * 0.2
    truth = sum(gradient(X + width * e) for e in eps) / 3
    found = explain(model, X, 1, method="smoothgrad", samples=3, noise=0.2, random_state=7).relevance
    assert torch.allclose(found, truth)
    truth = sum(-0.3 * e * gradient(X + 0.3 * e) for e in eps) / 3
    found = explain(model, X, 1, method="smooth-taylor", samples=3, sigma=0.3, random_state=7).relevance
    assert torch.allclose(found, truth)
    other = explain(model, X, 1, method="smooth-taylor", samples=3, sigma=0.3, random_state=8).relevance
    assert not torch.allclose(found, other)


@pytest.mark.parametrize("name", ["smoothgrad", "integrated-gradients", "smooth-taylor"])
def test_steps_that_do_not_fit_into_memory_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.explain.attributors import gradient

    whole = explain(net(), X, 1, method=name).relevance
    monkeypatch.setattr(gradient, "CAP", 1)
    assert torch.allclose(explain(net(), X, 1, method=name).relevance, whole, atol=1e-12)


def test_overlapping_windows_of_occlusion() -> None:
    model, x = linear(), SMALL
    wide = explain(nn.Sequential(nn.Flatten(), nn.Linear(5, 1, bias=False)).double().eval(),
                   torch.ones(1, 1, 5, dtype=torch.float64), 0, method="occlusion", window=2, stride=2)
    w = wide.relevance[0, 0]
    assert float(w[0]) == float(w[1])
    assert float(w[2]) == float(w[3])
    with pytest.raises(AssayError, match="window=0"):
        explain(model, x, 1, method="occlusion", window=0)
    with pytest.raises(AssayError, match=r"window=\(1, 1\)"):
        explain(model, x, 1, method="occlusion", window=(1, 1))
    for batch in (1, 3, 100):
        found = explain(model, x, 1, method="occlusion", window=1, batch=batch).relevance
        assert torch.allclose(found, explain(model, x, 1, method="occlusion", window=1).relevance)


def test_grad_cam_by_its_formula() -> None:
    model = net()
    h = model[:4](X).detach().requires_grad_()
    g = torch.autograd.grad(model[4:](h)[:, 1].sum(), h)[0]
    truth = (g.mean((2, 3), keepdim=True) * h).sum(1, keepdim=True).relu().detach()
    found = explain(model, X, 1, method="gradcam", layer="3")
    assert torch.allclose(found.layers["3"], truth)
    assert torch.allclose(found.relevance, F.interpolate(truth, (10, 10), mode="bilinear", align_corners=False))
    guided = explain(model, X, 1, method="guided-gradcam", layer="3").relevance
    assert torch.allclose(guided, found.relevance * explain(model, X, 1, method="guided-backprop").relevance)
    assert "layer 4" in explain(model, X, 1, method="gradcam").report.notes
    with pytest.raises(AssayError, match="choose a convolution"):
        explain(model, X, 1, method="gradcam", layer="6")
    with pytest.raises(AssayError, match="no module of the model"):
        explain(linear(), SMALL, 1, method="gradcam")


def test_controls_know_nothing_of_the_model() -> None:
    first, second = (explain(model, X, 1, method="random").relevance for model in (net(), net()))
    assert torch.equal(first, second)
    assert not torch.allclose(first[0], first[1])
    assert not torch.equal(first, explain(net(), X, 1, method="random", random_state=1).relevance)
    step = torch.zeros(1, 1, 6, 6, dtype=torch.float64)
    step[..., 3:] = 1.0
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2)).double().eval()
    edges = explain(model, step, 1, method="edges").relevance[0, 0]
    assert torch.equal(edges[2], torch.tensor([0, 0, 4.0, 4.0, 0, 0], dtype=torch.float64))
    with pytest.raises(AssayError, match="1 to 3 spatial axes"):
        explain(nn.Linear(3, 2).eval(), torch.ones(1, 3), 1, method="edges")


def test_a_loaded_method_is_checked_at_once() -> None:
    method = load("lrp", composite="epsilon-plus")
    assert torch.equal(method(net(), X, 1).relevance, explain(net(), X, 1, composite="epsilon-plus").relevance)
    assert load("smoothgrad", samples=3)(net(), X, 1).report.method == "smoothgrad"
    assert load("lrp", composite="epsilon-gamma-box").composite == "epsilon-gamma-box"
    for bad in (lambda: load("lpr"), lambda: load("smoothgrad", sampels=3), lambda: load("lrp", composite="plus")):
        with pytest.raises(AssayError):
            bad()


def captum(kind: str, model: nn.Module, x: Tensor, **options: Any) -> Tensor:
    """Return what captum finds for output 1."""
    attr = pytest.importorskip("captum.attr")
    layer = options.pop("layer", None)
    method = getattr(attr, kind)(model) if layer is None else getattr(attr, kind)(model, layer)
    found: Tensor = method.attribute(x, target=1, **options)
    return found.detach()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_equal_numbers_with_captum() -> None:
    pairs: tuple[tuple[str, dict[str, Any], str, dict[str, Any]], ...] = (
        ("input-x-gradient", {}, "InputXGradient", {}),
        ("integrated-gradients", {"steps": 20}, "IntegratedGradients", {"n_steps": 20}),
        ("integrated-gradients", {"steps": 20, "rule": "right"}, "IntegratedGradients",
         {"n_steps": 20, "method": "riemann_right"}),
        ("occlusion", {"window": 2, "stride": 2}, "Occlusion",
         {"sliding_window_shapes": (3, 2, 2), "strides": (3, 2, 2)}),
        ("guided-backprop", {}, "GuidedBackprop", {}), ("deconvnet", {}, "Deconvolution", {}))
    for name, options, kind, theirs in pairs:
        found = explain(net(), X, 1, method=name, **options).relevance
        truth = captum(kind, net(), X, **theirs)
        # captum rounds the nodes of Gauss and Legendre, and all of occlusion, to single precision.
        rounded = name == "occlusion" or (name == "integrated-gradients" and "rule" not in options)
        most = 1e-6 if rounded else 1e-10
        assert float((found - truth).abs().max() / truth.abs().max()) < most, name
    model = net()
    cam = captum("LayerGradCam", model, X, layer=model[3], relu_attributions=True)
    assert torch.allclose(explain(net(), X, 1, method="gradcam", layer="3").layers["3"], cam)


def test_weights_of_the_trapezoid_sum_to_one() -> None:
    """captum's sum to (n - 1)/n: it is off by 5% at 20 steps, even on a linear model."""
    from assay.explain.attributors.gradient import quadrature

    for rule in ("gauss-legendre", "right", "trapezoid"):
        nodes, weights = quadrature(rule, 20)
        assert float(weights.sum()) == pytest.approx(1.0)
        assert np.all((nodes.numpy() >= 0) & (nodes.numpy() <= 1))
    found = explain(linear(), SMALL, 1, method="integrated-gradients", steps=20, rule="trapezoid").relevance
    assert torch.allclose(found, explain(linear(), SMALL, 1, method="input-x-gradient").relevance)
