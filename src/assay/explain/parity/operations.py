"""Operations on one tensor, and the formula that says where relevance goes; the formulas share nothing with the engine.

A formula takes one sample x [inputs...] and relevance of the result, in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from assay.explain import closed_form, rules
from assay.explain.rules import Rule

Function = Callable[[Tensor], Tensor]
Formula = Callable[[Function, Tensor, Tensor], Tensor]

# Inputs are clipped to the box of ZBox.
BOX = (-4.0, 4.0)
RULES: dict[str, Rule] = {
    "zero": rules.Zero(), "epsilon": rules.Epsilon(0.05), "gamma": rules.Gamma(0.25), "z-plus": rules.ZPlus(),
    "alpha-beta": rules.AlphaBeta(2.0, 1.0), "flat": rules.Flat(), "w-square": rules.WSquare(),
    "z-box": rules.ZBox(*BOX)}


@dataclass(frozen=True)
class Operation:
    """An operation on samples of a shape, and its formula; `gate` as in a composite."""

    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    formula: Formula
    gate: str = "signal"


class Function_(nn.Module):
    """A function of a batch as a module."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Return the function of a batch [N, ...]."""
        return self.function(x)


# -- formulas


def affine(rule: Rule) -> Formula:
    """Return a rule's formula on the matrix of an affine function."""
    def formula(function: Function, x: Tensor, relevance: Tensor) -> Tensor:
        weight, bias = closed_form.dense(function, x)
        return closed_form.closed_form(rule, weight, bias, x.flatten(), relevance.flatten()).reshape(x.shape)

    return formula


def fixed(linear: Callable[[Tensor], Function], rule: Rule | None = None, share: float = 1.0) -> Formula:
    """Return the formula of an operation that is affine once a part of it is held fixed: `linear` of x gives that."""
    def formula(function: Function, x: Tensor, relevance: Tensor) -> Tensor:
        return share * affine(rule or rules.Zero())(linear(x), x, relevance)

    return formula


def by_gradient(share: Callable[[Tensor], Tensor]) -> Formula:
    """Return x times the gradient of the result, weighted by R / result, times a share of each entry."""
    def formula(function: Function, x: Tensor, relevance: Tensor) -> Tensor:
        inner = x.clone().requires_grad_()
        out = function(inner)
        grad, = torch.autograd.grad(out, inner, relevance / out.detach())
        return share(x) * x * grad

    return formula


def same(function: Function, x: Tensor, relevance: Tensor) -> Tensor:
    """Relevance goes on as it is."""
    return relevance


def selected(function: Function, x: Tensor, relevance: Tensor) -> Tensor:
    """Relevance goes to the entries that the result is made of: the transpose of a matrix of 0 and 1."""
    matrix = torch.autograd.functional.jacobian(function, x).reshape(relevance.numel(), x.numel())
    return (matrix.T @ relevance.flatten()).reshape(x.shape)


def first_half(part: float, rest: float) -> Callable[[Tensor], Tensor]:
    """Return shares by the first axis: `part` for its first entry, `rest` for the others."""
    def share(x: Tensor) -> Tensor:
        shares = torch.full_like(x, rest)
        shares[0] = part
        return shares

    return share


# -- operations

ZERO = rules.Zero()
NORM = rules.Norm()
EPSILON = rules.Epsilon()


def _normed(norm: Callable[[], nn.Module], seed: int = 3) -> nn.Module:
    """Return a norm in evaluation mode with weights and statistics that matter."""
    generator, module = torch.Generator().manual_seed(seed), norm()
    with torch.no_grad():
        for value in [*module.parameters(), *module.buffers()]:
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return module.eval()


def _layer_norm(x: Tensor) -> Function:
    module = _layer_norm_module().to(x.dtype)
    scale = 1 / (x.var(-1, correction=0, keepdim=True) + module.eps).sqrt()
    return lambda y: (y - y.mean(-1, keepdim=True)) * scale * module.weight + module.bias


def _layer_norm_module() -> nn.LayerNorm:
    made = _normed(lambda: nn.LayerNorm(6))
    assert isinstance(made, nn.LayerNorm)
    return made


def _rms_norm(x: Tensor) -> Function:
    scale = (x.pow(2).mean(-1, keepdim=True) + 1e-6).rsqrt()
    return lambda y: y * scale


def _group_norm_module() -> nn.Module:
    return _normed(lambda: nn.GroupNorm(2, 4))


def _group_norm(x: Tensor) -> Function:
    module = _group_norm_module().to(x.dtype)
    rows = x.reshape(2, -1)
    scale = (1 / (rows.var(1, correction=0) + 1e-5).sqrt()).repeat_interleave(2).reshape(4, 1, 1)

    def function(y: Tensor) -> Tensor:
        means = y.reshape(2, -1).mean(1).repeat_interleave(2).reshape(4, 1, 1)
        return (y - means) * scale * module.weight[:, None, None] + module.bias[:, None, None]

    return function


def _conv_and_norm() -> nn.Module:
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), _normed(lambda: nn.BatchNorm2d(3)))


def _matmul(function: Function, x: Tensor, relevance: Tensor) -> Tensor:
    a, b = x
    terms = a[:, :, None] * b[None, :, :] * (relevance / (a @ b))[:, None, :]
    return torch.stack([terms.sum(2), terms.sum(0)]) / 2


def _attention(x: Tensor) -> Tensor:
    shares = torch.full_like(x, 0.25)
    shares[2] = 0.5
    return shares


def _division(x: Tensor) -> Function:
    return lambda y: y[0] / (x[1].abs() + 0.5)


def _function(function: Function) -> Callable[[], nn.Module]:
    return lambda: Function_(function)


ORDER = (3, 0, 2, 2, 1)
PASSED = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
          "softplus": F.softplus, "leaky-relu": F.leaky_relu}

AFFINE: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(6, 4), (6,)),
    "conv1d": (lambda: nn.Conv1d(3, 4, 3, padding=1), (3, 7)),
    "conv2d": (lambda: nn.Conv2d(2, 3, 3, padding=1), (2, 5, 6)),
    "conv3d": (lambda: nn.Conv3d(2, 2, 2), (2, 3, 4, 3)),
    "conv2d-stride": (lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1), (2, 6, 5)),
    "conv2d-dilation": (lambda: nn.Conv2d(2, 3, 3, dilation=2, padding=2), (2, 6, 5)),
    "conv2d-groups": (lambda: nn.Conv2d(4, 6, 3, groups=2), (4, 4, 5)),
    "conv-transpose2d": (lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1), (2, 3, 4)),
}

OTHERS: dict[str, Operation] = {
    "norm/add": Operation(_function(lambda x: x[:, 0] + x[:, 1]), (2, 5), affine(NORM)),
    "norm/sum": Operation(_function(lambda x: x.sum(2)), (3, 4), affine(NORM)),
    "norm/mean": Operation(_function(lambda x: x.mean((1, 2))), (3, 4), affine(NORM)),
    "norm/avg-pool2d": Operation(lambda: nn.AvgPool2d(3, 2), (2, 7, 5), affine(NORM)),
    "norm/adaptive-avg-pool2d": Operation(lambda: nn.AdaptiveAvgPool2d(2), (2, 5, 4), affine(NORM)),
    "winner/max-pool2d": Operation(lambda: nn.MaxPool2d(3, 2), (2, 7, 5), selected),
    "winner/amax": Operation(_function(lambda x: x.amax(2)), (3, 5), selected),
    **{f"pass/{name}": Operation(_function(function), (4, 5), same) for name, function in PASSED.items()},
    "epsilon/batch-norm": Operation(lambda: _normed(lambda: nn.BatchNorm1d(4)), (4, 5), affine(EPSILON)),
    "epsilon/scale": Operation(_function(lambda x: x * torch.arange(1, 6)), (4, 5), affine(EPSILON)),
    "epsilon/shift": Operation(_function(lambda x: x - 0.7), (4, 5), affine(EPSILON)),
    "epsilon/conv-and-batch-norm": Operation(_conv_and_norm, (2, 4, 5), affine(EPSILON)),
    "zero/layer-norm": Operation(_layer_norm_module, (3, 6), fixed(_layer_norm)),
    "zero/rms-norm": Operation(_function(lambda x: x * (x.pow(2).mean(-1, keepdim=True) + 1e-6).rsqrt()), (3, 6),
                               fixed(_rms_norm)),
    "zero/group-norm": Operation(_group_norm_module, (4, 3, 2), fixed(_group_norm)),
    "zero/softmax": Operation(_function(lambda x: x.softmax(-1)), (2, 5), by_gradient(torch.ones_like)),
    "uniform/product": Operation(_function(lambda x: x[:, 0] * x[:, 1]), (2, 6),
                                 by_gradient(lambda x: torch.full_like(x, 0.5))),
    "uniform/matmul": Operation(_function(lambda x: x[:, 0] @ x[:, 1]), (2, 4, 4), _matmul),
    "uniform/attention": Operation(_function(lambda x: F.scaled_dot_product_attention(x[:, 0], x[:, 1], x[:, 2])),
                                   (3, 2, 4, 5), by_gradient(_attention)),
    "signal/gate": Operation(_function(lambda x: torch.sigmoid(x[:, 0]) * x[:, 1]), (2, 6),
                             lambda f, x, r: torch.stack([torch.zeros_like(r), r])),
    "half/gate": Operation(_function(lambda x: torch.sigmoid(x[:, 0]) * x[:, 1]), (2, 6),
                           lambda f, x, r: torch.stack([r / 2, r / 2]), gate="half"),
    "zero/division": Operation(_function(lambda x: x[:, 0] / (x[:, 1].abs() + 0.5)), (2, 6), fixed(_division)),
    "zero/concatenation": Operation(_function(lambda x: torch.cat([x[:, 1:], x[:, :2]], 1)), (4, 3), selected),
    "zero/padding": Operation(_function(lambda x: F.pad(x, (1, 2))), (3, 4), selected),
    "zero/gather": Operation(_function(lambda x: x[:, list(ORDER)]), (4, 3), selected),
    "zero/permutation": Operation(_function(lambda x: x.transpose(1, 2).flip(1)), (4, 3), selected),
    "zero/upsampling": Operation(_function(lambda x: F.interpolate(x, scale_factor=2)), (2, 3, 4), affine(ZERO)),
}


def operation(name: str) -> tuple[Operation, Rule | None]:
    """Return the operation of ``rule/op``, and the rule to put on it; None leaves it to the base map."""
    if name in OTHERS:
        return OTHERS[name], None
    rule, _, op = name.partition("/")
    make, shape = AFFINE[op]
    return Operation(make, shape, affine(RULES[rule])), RULES[rule]
