"""What must hold for any network: drawn at random, written as modules, as functions, and in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from assay.explain import Attribution, canonize, explain

torch.set_num_threads(1)
COMPOSITES = ("epsilon", "epsilon-plus", "epsilon-plus-flat", "epsilon-alpha2-beta1", "deep-taylor", "preset-a",
              "attn-lrp", "attn-lrp-gamma", "excitation-backprop")
WIDTH, SIZE = 4, 8
LAYERS = ("conv", "wide", "grouped", "depthwise", "norm", "relu", "leaky", "silu", "skip", "join", "max-pool",
          "avg-pool", "again")


class Drawn(nn.Module):
    """A network of 4 channels throughout.

    Parameters
    ----------
    layers : sequence of names
        In order; ``skip`` adds what came in two layers before, ``again`` runs the first convolution once more.
    form : "modules", "functions" or "in-place"
        How it is written.
    """

    def __init__(self, layers: Sequence[str], form: str = "modules") -> None:
        super().__init__()
        self.layers, self.form = layers, form
        torch.manual_seed(len(layers))
        self.stem, self.head = nn.Conv2d(2, WIDTH, 3, padding=1), nn.Linear(WIDTH, 3)
        self.parts = nn.ModuleList(self._made(name) for name in layers)
        self.double().eval()

    @staticmethod
    def _made(name: str) -> nn.Module:
        if name == "norm":
            norm = nn.BatchNorm2d(WIDTH)
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, 0, 0.3)
            nn.init.normal_(norm.running_mean, 0, 0.3)
            return norm
        options = {"conv": {"padding": 1, "kernel_size": 3}, "wide": {"padding": 2, "dilation": 2, "kernel_size": 3},
                   "grouped": {"groups": 2, "kernel_size": 1}, "join": {"kernel_size": 1},
                   "depthwise": {"groups": WIDTH, "padding": 1, "kernel_size": 3}}
        if name in options:
            return nn.Conv2d(2 * WIDTH if name == "join" else WIDTH, WIDTH, **options[name])
        return {"relu": nn.ReLU(), "leaky": nn.LeakyReLU(0.1), "silu": nn.SiLU(), "max-pool": nn.MaxPool2d(2, 1),
                "avg-pool": nn.AvgPool2d(3, 1, 1)}.get(name, nn.Identity())

    def forward(self, x: Tensor) -> Tensor:
        x = before = self.stem(x)
        for name, part in zip(self.layers, self.parts, strict=True):
            x, before = self._step(name, part, x, before), x
        return self.head(x.mean((2, 3)))

    def _step(self, name: str, part: nn.Module, x: Tensor, before: Tensor) -> Tensor:
        if name in ("skip", "join"):
            before = before[..., :x.shape[-2], :x.shape[-1]]
        if name == "skip":
            if self.form == "in-place":
                x = x.clone()
                x += before
                return x
            return torch.add(x, before) if self.form == "functions" else x + before
        if name == "join":
            return part(torch.cat([x, before], 1))
        if name == "again":
            first = next((self.parts[i] for i, each in enumerate(self.layers) if each == "conv"), None)
            return x if first is None else first(x)
        if self.form == "modules":
            return part(x)
        return self._function(name, part, x)

    def _function(self, name: str, part: Any, x: Tensor) -> Tensor:
        if isinstance(part, nn.Conv2d):
            return torch.conv2d(x, part.weight, part.bias, part.stride, part.padding, part.dilation, part.groups)
        if name == "norm":
            return F.batch_norm(x, part.running_mean, part.running_var, part.weight, part.bias, False, 0.1, part.eps)
        if name in ("relu", "leaky", "silu"):
            function = {"relu": F.relu, "leaky": lambda v, inplace: F.leaky_relu(v, 0.1, inplace), "silu": F.silu}[name]
            # What the next layers need of the value before is overwritten only where nobody else holds it.
            return function(x.clone() if self.form == "in-place" else x, inplace=self.form == "in-place")
        return F.max_pool2d(x, 2, 1) if name == "max-pool" else F.avg_pool2d(x, 3, 1, 1)


X = torch.cos(torch.arange(2 * 2 * SIZE * SIZE, dtype=torch.float64) * 5).reshape(2, 2, SIZE, SIZE)
DRAWN = given(st.lists(st.sampled_from(LAYERS), min_size=2, max_size=6), st.sampled_from(COMPOSITES))
FEW = settings(max_examples=15, deadline=None)


def close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-7, atol=1e-9 * float(b.abs().max()) + 1e-14)


def attribution(layers: Sequence[str], composite: str, form: str = "modules", **options: Any) -> Attribution:
    return explain(Drawn(layers, form), X, 1, composite=composite, **options)


@FEW
@DRAWN
def test_however_it_is_written(layers: list[str], composite: str) -> None:
    truth = attribution(layers, composite)
    for form in ("functions", "in-place"):
        found = attribution(layers, composite, form)
        assert close(found.output, truth.output)
        assert close(found.relevance, truth.relevance)


@FEW
@DRAWN
def test_a_batch_is_its_samples_in_any_order(layers: list[str], composite: str) -> None:
    model = Drawn(layers)
    batch = explain(model, X.flip(0), [2, 0], composite=composite).relevance
    for row, (sample, target) in enumerate(((1, 2), (0, 0))):
        assert close(batch[row], explain(model, X[sample:sample + 1], target, composite=composite).relevance[0])


@FEW
@DRAWN
def test_masks_of_a_layer_that_all_passes_add_up(layers: list[str], composite: str) -> None:
    model = Drawn(layers)
    masks = [{"stem": row} for row in torch.eye(WIDTH, dtype=torch.float64)[:, :, None, None]]
    found = explain(model, X, 1, composite=composite, mask=masks)
    assert close(found.relevance.sum(0), explain(model, X, 1, composite=composite).relevance)


@FEW
@DRAWN
def test_relevance_is_linear_in_what_is_put_on_the_output(layers: list[str], composite: str) -> None:
    model = Drawn(layers)
    first, second = torch.tensor([[[1.0, 0, -2]] * 2, [[0.5, 3, 1]] * 2], dtype=torch.float64)
    many = explain(model, X, [first, second, 2 * first - second], many=True, composite=composite).relevance
    assert close(many[2], 2 * many[0] - many[1])


@FEW
@given(st.lists(st.sampled_from([name for name in LAYERS if name not in ("norm", "again")]), min_size=1, max_size=5),
       st.sampled_from(COMPOSITES))
def test_batch_norms_merged_on_the_fly_are_batch_norms_merged_in_a_copy(layers: list[str], composite: str) -> None:
    """Not where the layer runs twice, or others take its result too: there the copy keeps its batch norm."""
    model = Drawn(["conv", "norm", "relu", *layers])
    copied = canonize(model, X)
    assert isinstance(copied.parts[1], nn.Identity)
    found, truth = (explain(each, X, 1, composite=composite) for each in (model, copied))
    assert close(found.relevance, truth.relevance)


@FEW
@DRAWN
def test_every_account_closes(layers: list[str], composite: str) -> None:
    report = attribution(layers, composite, audit=True).report
    absorbed = sum((line.audit or {})[key] for line in report.lines for key in ("bias", "stabiliser", "lost"))
    assert abs(sum(report.sum_out) - sum(report.sum_in) - absorbed) < 1e-8 * sum(map(abs, report.sum_out)) + 1e-12 \
        + max(line.rounding for line in report.lines)


@FEW
@given(st.lists(st.sampled_from([name for name in LAYERS if name not in ("silu", "norm")]), min_size=2, max_size=6))
def test_lrp_0_on_rectifier_networks_is_input_times_gradient_at_every_layer(layers: list[str]) -> None:
    model = Drawn(layers)
    ran = ["stem", *(f"parts.{i}" for i, name in enumerate(layers) if name not in ("skip", "again"))]
    found, truth = (explain(model, X, 1, layers=ran, **options)
                    for options in ({"composite": "attn-lrp"}, {"method": "input-x-gradient"}))
    assert close(found.relevance, truth.relevance)
    for name, value in truth.layers.items():
        assert close(found.layers[name], value)
