"""Operations other than affine ones: closed forms of their rules, and that they conserve."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from assay.core.errors import AssayError
from assay.explain import Composite, Flat, Norm, Pass, Stop, UncoveredOp, ZPlus, explain

torch.set_num_threads(1)


class Function(nn.Module):
    """A function as a model."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def relevance_of(function: Callable[[Tensor], Tensor], x: Tensor, r: Tensor, composite: Composite | str) -> Tensor:
    return explain(Function(function), x, r, composite=composite).relevance


def jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return [outputs, inputs] of one sample."""
    found = torch.autograd.functional.jacobian(lambda v: function(v[None])[0], x)
    return found.reshape(-1, x.numel())


def shared(function: Callable[[Tensor], Tensor], x: Tensor, r: Tensor, epsilon: float) -> Tensor:
    """Return x_i w_ij R_j / stab(z_j) of a linear function."""
    rows = []
    for sample, own in zip(x, r, strict=True):
        w = jacobian(function, sample)
        z = w @ sample.flatten()
        stable = z + epsilon * torch.where(z < 0, -torch.ones_like(z), torch.ones_like(z))
        rows.append((sample.flatten() * (w.T @ (own.flatten() / stable))).reshape(sample.shape))
    return torch.stack(rows)


IMAGE = (3, 4, 6)
LINEAR: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda x: x.sum(1), "mean": lambda x: x.mean((2, 3)), "mean-of-all": lambda x: x.flatten(1).mean(1, True),
    "avg-pool": lambda x: F.avg_pool2d(x, 2), "avg-pool-1d": lambda x: F.avg_pool1d(x.flatten(2), 3, 2, 1),
    "avg-pool-overlap": lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
    "adaptive": lambda x: F.adaptive_avg_pool2d(x, (2, 3)), "global": lambda x: F.adaptive_avg_pool2d(x, 1),
    "add": lambda x: x[:, :2] + x[:, 1:], "subtract": lambda x: x[:, :2] - x[:, 1:], "add-itself": lambda x: x + x,
    "add-broadcast": lambda x: x + x.mean(1, keepdim=True), "cumsum": lambda x: x.cumsum(2),
    "bincount-like": lambda x: torch.zeros(len(x), 2, 4, 6, dtype=x.dtype).index_add(1, torch.tensor([0, 1, 0]), x),
    "contraction-to-a-sum": lambda x: torch.einsum("nchw->nc", x),
}


@pytest.mark.parametrize("epsilon", [1e-6, 0.5])
@pytest.mark.parametrize("name", LINEAR)
def test_sums_and_averages_share_in_proportion(name: str, epsilon: float) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, *IMAGE, dtype=torch.float64)
    r = torch.randn_like(LINEAR[name](x))
    found = relevance_of(LINEAR[name], x, r, Composite(stabilizer=epsilon))
    if name == "add-broadcast":  # two sums, one after the other
        mean = x.mean(1, keepdim=True)
        z = x + mean
        s = r / (z + epsilon * z.sign())
        truth = x * s + shared(lambda v: v.mean(1, keepdim=True), x, (mean * s).sum(1, keepdim=True), epsilon)
    else:
        truth = shared(LINEAR[name], x, r, epsilon)
    assert torch.allclose(found, truth, rtol=1e-10, atol=1e-12)


MOVES: dict[str, Callable[[Tensor], Tensor]] = {
    "view": lambda x: x.view(len(x), -1), "permute": lambda x: x.permute(0, 3, 1, 2).contiguous(),
    "slice": lambda x: x[:, 1:, ::2], "select": lambda x: x[:, 0], "cat": lambda x: torch.cat([x, x[:, :1]], 1),
    "stack": lambda x: torch.stack([x, x], 1), "pad": lambda x: F.pad(x, (1, 2, 0, 1)),
    "reflect": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "expand": lambda x: x[:, :, None].expand(-1, -1, 2, 4, 6),
    "repeat": lambda x: x.repeat(1, 2, 1, 1), "flip": lambda x: x.flip(2), "roll": lambda x: x.roll(1, 3),
    "index": lambda x: x[:, torch.tensor([0, 2, 2])],
    "gather": lambda x: x.gather(1, torch.ones(len(x), 1, 4, 6).long()),
    "chunk": lambda x: torch.cat([part * 1 for part in x.chunk(3, 1)][::-1], 1), "unbind": lambda x: x.unbind(1)[2],
    "split": lambda x: x.split([1, 2], 1)[1], "nearest": lambda x: F.interpolate(x, scale_factor=2),
    "shuffle": lambda x: F.pixel_shuffle(torch.cat([x, x[:, :1]], 1), 2), "unfold": lambda x: F.unfold(x, 2),
    "where": lambda x: torch.where(x > 0, x, torch.zeros_like(x)), "fill": lambda x: x.masked_fill(x > 1, 0.0),
    "tensor-split": lambda x: torch.cat(x.tensor_split(2, 1)[::-1], 1), "T": lambda x: x.flatten(2).mT,
    "channel-shuffle": lambda x: F.channel_shuffle(torch.cat([x, x[:, :1]], 1), 2), "triangle": lambda x: x.tril(),
    "dropout": lambda x: F.dropout(x, 0.5, training=False),
    "unpool": lambda x: F.max_unpool2d(x, torch.arange(24).reshape(4, 6).expand(len(x), 3, 4, 6) * 2, 2),
}


@pytest.mark.parametrize("form", ["G", "R"])
@pytest.mark.parametrize("name", MOVES)
def test_what_moves_entries_moves_their_relevance(name: str, form: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, *IMAGE, dtype=torch.float64)
    moved = MOVES[name](x)
    r = torch.randn_like(moved)
    r = torch.where(moved == 0, 0.0, r)
    w = torch.stack([jacobian(MOVES[name], sample) for sample in x])
    if form == "G":
        found = explain(Function(MOVES[name]), x, r, composite="attn-lrp").relevance
    else:  # Flat above hands on R
        model = nn.Sequential(Function(MOVES[name]), nn.Flatten(), nn.Linear(moved[0].numel(), 1, bias=False)).double()
        total = torch.randn(2, 1, dtype=torch.float64)
        found = explain(model.eval(), x, total, composite=Composite(first=[("affine", Flat(0.0))])).relevance
        r = (total / moved[0].numel()).expand(2, moved[0].numel())
    truth = torch.einsum("noi,no->ni", w, r.flatten(1)).reshape(x.shape)
    assert torch.allclose(found, truth, atol=1e-6)


GRID = torch.rand(1, 5, 3, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5
MIXED: dict[str, Callable[[Tensor], Tensor]] = {
    "bilinear": lambda x: F.interpolate(x, size=(7, 9), mode="bilinear"),
    "bicubic": lambda x: F.interpolate(x, size=(7, 9), mode="bicubic"),
    "grid": lambda x: F.grid_sample(x, GRID.expand(len(x), -1, -1, -1), align_corners=False),
}


@pytest.mark.parametrize("name", MIXED)
def test_what_mixes_entries_is_lrp_0(name: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, *IMAGE, dtype=torch.float64)
    r = torch.randn_like(MIXED[name](x))
    assert torch.allclose(relevance_of(MIXED[name], x, r, "epsilon"), shared(MIXED[name], x, r, 0.0), rtol=1e-8,
                          atol=1e-10)


def test_places_that_depend_on_the_input_have_no_rule() -> None:
    """A spatial transformer moves its own picture: which entries meet is itself a decision."""
    def warped(x: Tensor) -> Tensor:
        return F.grid_sample(x, x[:, :2].movedim(1, -1).tanh(), align_corners=False)

    with pytest.raises(UncoveredOp, match="grid_sampler in the model itself"):
        relevance_of(warped, torch.randn(2, *IMAGE), torch.ones(2, *IMAGE), "epsilon")


SPELLED: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "glu": (lambda x: F.glu(x, -1), lambda x: x[..., :3] * torch.sigmoid(x[..., 3:])),
    "lerp": (lambda x: torch.lerp(x, x.flip(1), 0.3), lambda x: x + 0.3 * (x.flip(1) - x)),
    "addcmul": (lambda x: torch.addcmul(x, x, x.flip(1)), lambda x: x + x * x.flip(1)),
    "addcdiv": (lambda x: torch.addcdiv(x, x, x.abs() + 1, value=2.0), lambda x: x + 2.0 * (x / (x.abs() + 1))),
    "var-mean": (lambda x: normal(x, *torch.var_mean(x, -1, keepdim=True)),
                 lambda x: normal(x, x.var(-1, keepdim=True), x.mean(-1, keepdim=True))),
    "std-mean": (lambda x: normal(x, *torch.std_mean(x, dim=(2, 3), keepdim=True)),
                 lambda x: normal(x, x.std((2, 3), keepdim=True), x.mean((2, 3), keepdim=True))),
    "of-all": (lambda x: normal(x, *torch.var_mean(x, False)), lambda x: normal(x, x.var(unbiased=False), x.mean())),
}


def normal(x: Tensor, spread: Tensor, mean: Tensor) -> Tensor:
    return (x - mean) / (spread + 1e-5)


@pytest.mark.parametrize("composite", ["epsilon", "attn-lrp", "cp-lrp"])
@pytest.mark.parametrize("name", SPELLED)
def test_operations_that_are_made_of_others(name: str, composite: str) -> None:
    torch.manual_seed(0)
    short, spelled_out = SPELLED[name]
    x = torch.randn(2, *IMAGE, dtype=torch.float64)
    assert torch.allclose(short(x), spelled_out(x))
    r = short(x) * torch.randn_like(short(x))
    assert torch.allclose(relevance_of(short, x, r, composite), relevance_of(spelled_out, x, r, composite))


WINNERS: dict[str, Callable[[Tensor], Tensor]] = {
    "max-pool": lambda x: F.max_pool2d(x, 2), "overlap": lambda x: F.max_pool2d(x, 3, 2, 1),
    "1d": lambda x: F.max_pool1d(x.flatten(2), 4), "adaptive": lambda x: F.adaptive_max_pool2d(x, 2),
    "amax": lambda x: x.amax((2, 3)), "amin": lambda x: x.amin(1), "max-along": lambda x: x.max(1).values,
    "max-keep": lambda x: x.max(1, keepdim=True)[0], "maximum": lambda x: torch.maximum(x[:, :2], x[:, 1:]),
    "min-of-two": lambda x: torch.min(x[:, :2], x[:, 1:]), "with-constant": lambda x: torch.maximum(x, torch.zeros(())),
    "with-indices": lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
    "fractional": lambda x: F.fractional_max_pool2d(x, 2, (2, 3), _random_samples=x.new_full((len(x), 3, 2), 0.4)),
}


@pytest.mark.parametrize("name", WINNERS)
def test_the_winner_takes_all(name: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, *IMAGE, dtype=torch.float64)
    z = WINNERS[name](x)
    r = torch.where(z == 0, 0.0, torch.randn_like(z))
    w = torch.stack([jacobian(WINNERS[name], sample) for sample in x])
    truth = torch.einsum("noi,no->ni", w, r.flatten(1)).reshape(x.shape)
    assert torch.allclose(relevance_of(WINNERS[name], x, r, "epsilon"), truth)


@pytest.mark.parametrize(("function", "winner"), [
    (lambda x: F.max_pool1d(x[:, None], 3).flatten(1), 0), (lambda x: x.amax(1, keepdim=True), 0),
    (lambda x: x.max(1, keepdim=True).values, 0), (lambda x: torch.maximum(x[:, 1:2], x[:, 2:]), 1)])
def test_the_first_of_equals_wins(function: Callable[[Tensor], Tensor], winner: int) -> None:
    x = torch.full((1, 3), 2.0, dtype=torch.float64)
    found = relevance_of(function, x, torch.ones(1, 1, dtype=torch.float64), "epsilon")
    assert found.tolist() == [[float(i == winner) for i in range(3)]]


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu, "relu6": F.relu6, "clamp": lambda x: x.clamp(min=0), "gelu": F.gelu, "silu": F.silu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"), "tanh": torch.tanh, "sigmoid": torch.sigmoid, "elu": F.elu,
    "selu": F.selu, "celu": F.celu, "leaky": lambda x: F.leaky_relu(x, 0.2), "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid, "softplus": F.softplus, "mish": F.mish, "softsign": F.softsign,
    "threshold": lambda x: F.threshold(x, 0.0, 0.0), "abs": torch.abs, "square": lambda x: x ** 2,
    "pow": lambda x: x.pow(3), "hardtanh": F.hardtanh,
    "logsigmoid": F.logsigmoid, "prelu": lambda x: F.prelu(x, torch.tensor([0.3], dtype=x.dtype)), "erf": torch.erf,
    "sqrt": lambda x: x.abs().sqrt(), "rrelu": lambda x: F.rrelu(x), "softshrink": F.softshrink,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_relevance_passes_an_activation_unchanged(name: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 5, dtype=torch.float64) * 3
    z = ACTIVATIONS[name](x)
    r = torch.where(z == 0, 0.0, torch.randn_like(x))
    for composite in (Composite(), "attn-lrp", "epsilon-plus"):
        assert torch.allclose(relevance_of(ACTIVATIONS[name], x, r, composite), r, atol=1e-10)


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "tanh", "sigmoid", "softplus", "hardswish"])
def test_at_zero_an_activation_has_its_slope(name: str) -> None:
    """G goes on as G f'(0); a quotient with something added in the denominator would be off at tiny inputs."""
    function = ACTIVATIONS[name]
    first, last = nn.Linear(1, 1, bias=False).double(), nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(first.weight)
    nn.init.ones_(last.weight)
    model = nn.Sequential(first, Function(function), last).eval()
    zero = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    slope = float(torch.autograd.grad(function(zero).sum(), zero)[0])
    masks = [{"0": torch.tensor(1.0).double()}]
    found = explain(model, zero.detach(), torch.ones_like, composite="attn-lrp", mask=masks) if name in (
        "sigmoid", "softplus") else None
    assert found is None or float(found.relevance) == 0.0
    tiny = torch.full((1, 1), 1e-12, dtype=torch.float64)
    mine = explain(model, tiny, 0, composite="attn-lrp")
    assert float(mine.relevance.sum()) == pytest.approx(float(mine.output), rel=1e-9)
    assert slope >= 0


def test_a_scale_or_a_shift_absorbs_its_share() -> None:
    x = torch.tensor([[1.0, -2.5, 3.0]], dtype=torch.float64)
    r = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    forms = ((lambda v: v + 2, 2.0), (lambda v: 2 + v, 2.0), (lambda v: v - 2, -2.0),
             (lambda v: torch.sub(v, 1.0, alpha=2), -2.0),
             (lambda v: torch.add(v, torch.ones(3).double(), alpha=2), 2.0))
    for function, shift in forms:
        report = explain(Function(function), x, r, composite="epsilon", audit=True).report
        found = explain(Function(function), x, r, composite="epsilon").relevance
        assert torch.allclose(found, x * r / (x + shift), atol=1e-5)
        audit = report.lines[0].audit
        assert audit is not None
        assert audit["bias"] == pytest.approx(float((shift * r / (x + shift)).sum()), abs=1e-4)
        assert abs(audit["lost"]) < 1e-12
    for function in (lambda v: 3 * v, lambda v: v / 7, lambda v: -v, lambda v: v * torch.ones(3).double()):
        assert torch.allclose(relevance_of(function, x, r, "epsilon"), r, atol=1e-5)
    reverse = relevance_of(lambda v: 4 - v, x, r, "epsilon")
    assert torch.allclose(reverse, -x * r / (4 - x), atol=1e-5)


def test_products_share_evenly() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 4, dtype=torch.float64)
    r = torch.randn(2, 4, 4, dtype=torch.float64)
    for function in (lambda v: v * v.roll(1, 2), lambda v: v @ v.roll(1, 2), lambda v: torch.bmm(v, v.roll(1, 1)),
                     lambda v: torch.einsum("nij,njk->nik", v, v.roll(1, 1)), lambda v: v * v,
                     lambda v: torch.baddbmm(torch.zeros(1, 1, 1).double(), v, v.roll(1, 1))):
        found = relevance_of(function, x, r, "epsilon")
        assert torch.allclose(found.sum((1, 2)), r.sum((1, 2)))
    a, b = x[:, :2], x[:, 2:]
    found = relevance_of(lambda v: v[:, :2] * v[:, 2:], x, r[:, :2], "epsilon")
    assert torch.allclose(found, torch.cat([r[:, :2], r[:, :2]], 1) / 2)
    assert a.shape == b.shape


def test_a_matrix_product_with_a_constant_is_a_dense_layer() -> None:
    torch.manual_seed(0)
    x, w = torch.randn(2, 3, 4, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    left = torch.randn(6, 3, dtype=torch.float64)
    dense = nn.Linear(4, 5, bias=False).double().eval()
    dense.weight = nn.Parameter(w.T.contiguous())
    r = torch.randn(2, 3, 5, dtype=torch.float64)
    for rule in (ZPlus(), Flat()):
        composite = Composite(layers=[("affine", rule)])
        truth = explain(dense, x, r, composite=composite).relevance
        for function in (lambda v: v @ w, lambda v: torch.einsum("nij,jk->nik", v, w),
                         lambda v: torch.matmul(v, w[None].expand(2, -1, -1))):
            assert torch.allclose(relevance_of(function, x, r, composite), truth)
        flat = explain(Function(lambda v: torch.addmm(torch.zeros(5).double(), v, w)), x[:, 0], r[:, 0],
                       composite=composite).relevance
        assert torch.allclose(flat, truth[:, 0])
    back = torch.randn(2, 6, 4, dtype=torch.float64)
    found = relevance_of(lambda v: left @ v, x, back, Composite(layers=[("linear", ZPlus())]))
    up, down = left.clamp(min=0), left.clamp(max=0)
    z = up @ x.clamp(min=0) + down @ x.clamp(max=0) + 1e-6
    truth = x.clamp(min=0) * (up.T @ (back / z)) + x.clamp(max=0) * (down.T @ (back / z))
    assert torch.allclose(found, truth)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=3),
       st.integers(1, 2))
def test_patches_are_a_convolution(axes: list[tuple[int, int, int]], groups: int) -> None:
    """Kernels side by side, with and without a rest of the image that none covers."""
    torch.manual_seed(0)
    kernel = [size for size, _, _ in axes]
    x = torch.randn(2, 2, *(size * places + min(rest, size - 1) for size, places, rest in axes), dtype=torch.float64)
    weight = torch.randn(4, 2 // groups, *kernel, dtype=torch.float64)
    function = getattr(F, f"conv{len(axes)}d")
    leaf = x.clone().requires_grad_()
    z = function(leaf, weight, None, kernel, groups=groups)
    back = torch.randn_like(z)
    truth, = torch.autograd.grad(z, leaf, back)
    found = relevance_of(lambda v: function(v, weight, None, kernel, groups=groups), x, z.detach() * back,
                         Composite(base=False))
    assert torch.allclose(found, x * truth)


def test_a_denominator_is_a_constant() -> None:
    x = torch.rand(2, 4, dtype=torch.float64) + 0.5
    r = torch.randn(2, 4, dtype=torch.float64)
    assert torch.allclose(relevance_of(lambda v: v / v.sum(1, keepdim=True), x, r, "epsilon"), r)
    report = explain(Function(lambda v: v * (1 / v.norm(dim=1, keepdim=True))), x, r, composite="epsilon").report
    assert "norm" not in {line.rule for line in report.lines}
    assert torch.allclose(relevance_of(lambda v: v * (1 / v.norm(dim=1, keepdim=True)), x, r, "epsilon"), r, atol=1e-5)
    assert torch.allclose(relevance_of(F.normalize, x, r, "epsilon"), r, atol=1e-5)


NORMS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "layer-norm": (lambda x: F.layer_norm(x, (6,)), lambda x: centred(x, (-1,))),
    "two-axes": (lambda x: F.layer_norm(x, (4, 6)), lambda x: centred(x, (-2, -1))),
    "instance": (lambda x: F.instance_norm(x), lambda x: centred(x, (-2, -1))),
    "group": (lambda x: F.group_norm(x.repeat(1, 2, 1, 1), 2), lambda x: centred(x.repeat(1, 2, 1, 1).unflatten(
        1, (2, 3)), (2, 3, 4)).flatten(1, 2)),
    "rms": (lambda x: F.rms_norm(x, (6,), eps=1e-5),
            lambda x: x * (x.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt().detach()),
    "written-out": (lambda x: (x - x.mean(-1, True)) / torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-5),
                    lambda x: centred(x, (-1,))),
    "with-std": (lambda x: (x - x.mean(-1, True)) / (x.std(-1, keepdim=True) + 1e-5),
                 lambda x: (x - x.mean(-1, True)) / (x.std(-1, keepdim=True) + 1e-5).detach()),
}


def centred(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """A norm whose deviation is a constant to the gradient."""
    deviation = (x.var(axes, keepdim=True, unbiased=False) + 1e-5).sqrt().detach()
    return (x - x.mean(axes, keepdim=True)) / deviation


@pytest.mark.parametrize("name", NORMS)
def test_the_deviation_of_a_norm_is_a_constant(name: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, *IMAGE, dtype=torch.float64)
    function, oracle = NORMS[name]
    leaf = x.clone().requires_grad_()
    z = oracle(leaf)
    assert torch.allclose(z, function(x), atol=1e-10)
    r = torch.randn_like(z)
    truth = leaf * torch.autograd.grad(z, leaf, r / z)[0]
    found = relevance_of(function, x, r.detach(), "attn-lrp")
    assert torch.allclose(found, truth, rtol=1e-8, atol=1e-10)


def test_softmax_by_its_gradient() -> None:
    x = torch.randn(2, 5, dtype=torch.float64)
    r = torch.randn(2, 5, dtype=torch.float64)
    leaf = x.clone().requires_grad_()
    p = leaf.softmax(1)
    truth = leaf * torch.autograd.grad(p, leaf, (r / p).detach())[0]
    for function in (lambda v: v.softmax(1), lambda v: F.softmax(v, 1), nn.Softmax(1)):
        assert torch.allclose(relevance_of(function, x, r, "epsilon"), truth.detach())


def test_rules_for_kinds() -> None:
    x, r = torch.rand(2, 4, dtype=torch.float64), torch.rand(2, 2, dtype=torch.float64)
    pair = Function(lambda v: v[:, :2] + v[:, 2:])
    assert not explain(pair, x, r, composite=Composite(layers=[("sum", Stop())])).relevance.any()
    loose = explain(pair, x, r, composite=Composite(layers=[("sum", Norm(1.0))])).relevance
    z = x[:, :2] + x[:, 2:]
    assert torch.allclose(loose, x * (r / (z + 1)).repeat(1, 2))
    with pytest.raises(AssayError, match="no kind of operation"):
        Composite(layers=[("convolution", Pass())])
