"""The model is run as it is and is as before: whatever it does, in whatever form it is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from assay.core.errors import AssayError
from assay.explain import Attribution, Explainer, UncoveredOp, explain

torch.set_num_threads(1)
COMPOSITES = ("epsilon", "epsilon-plus", "epsilon-plus-flat", "epsilon-alpha2-beta1")


def same(a: Attribution, b: Attribution) -> bool:
    return torch.allclose(a.relevance, b.relevance, rtol=1e-9, atol=1e-12)


class Net(nn.Module):
    """A small network whose forward is given."""

    def __init__(self, forward: Callable[[Net, Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.deep = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.relu, self.inplace = nn.ReLU(), nn.ReLU(inplace=True)
        self.pool, self.fc = nn.MaxPool2d(2), nn.Linear(4 * 3 * 3, 5)
        self.run = forward
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)


def modules(net: Net, x: Tensor) -> Tensor:
    x = net.relu(net.conv(x))
    x = net.relu(net.deep(x) + x)
    return net.fc(net.pool(x).flatten(1))


def functions(net: Net, x: Tensor) -> Tensor:
    x = F.conv2d(x, net.conv.weight, net.conv.bias, padding="same").clamp(min=0)
    x = torch.relu(torch.add(net.deep(x), x))
    return F.linear(F.max_pool2d(x, 2).reshape(len(x), -1), net.fc.weight, net.fc.bias)


def in_place(net: Net, x: Tensor) -> Tensor:
    x = net.inplace(net.conv(x))
    y = net.deep(x)
    y += x
    F.relu_(y)
    return net.fc(net.pool(y).view(len(x), -1))


def overwritten(net: Net, x: Tensor) -> Tensor:
    """Results that are ignored, aliases, and a view through which the whole is changed."""
    z = net.conv(x)
    alias = z
    z.relu_()
    y = net.deep(alias)
    flat = y.view(len(x), -1)
    flat += z.view(len(x), -1)
    y.clamp_(min=0)
    return net.fc(net.pool(y).flatten(1))


def into_a_buffer(net: Net, x: Tensor) -> Tensor:
    """Entries are written into a tensor that does not depend on the input."""
    x = net.relu(net.conv(x))
    y = net.deep(x)
    total = torch.zeros_like(y)
    total[:, :2] = y[:, :2]
    total[:, 2:] = y[:, 2:]
    total.add_(x)
    return net.fc(net.pool(net.relu(total)).flatten(1))


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("form", [functions, in_place, overwritten, into_a_buffer])
def test_all_forms_of_a_network_are_explained_alike(form: Callable[[Net, Tensor], Tensor], composite: str) -> None:
    x = torch.randn(3, 2, 6, 6, dtype=torch.float64)
    model, other = Net(modules), Net(form)
    assert torch.allclose(model(x), other(x))
    found, truth = (explain(net, x, 2, composite=composite) for net in (other, model))
    assert torch.allclose(found.output, truth.output)
    assert same(found, truth)
    assert torch.allclose(other(x), model(x))


def test_a_relu_in_place_changes_what_the_shortcut_adds() -> None:
    """In pre-activation blocks, the shortcut of a sloppy network is the rectified input: so it is explained."""
    def sloppy(net: Net, x: Tensor) -> Tensor:
        x = net.conv(x)
        y = net.deep(net.inplace(x))
        return net.fc(net.pool(y + x).flatten(1))

    def honest(net: Net, x: Tensor) -> Tensor:
        x = net.relu(net.conv(x))
        return net.fc(net.pool(net.deep(x) + x).flatten(1))

    x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
    assert same(explain(Net(sloppy), x, 1), explain(Net(honest), x, 1))


def test_a_reused_module_is_explained_as_its_copies() -> None:
    def reused(net: Net, x: Tensor) -> Tensor:
        x = net.relu(net.conv(x))
        for _ in range(3):
            x = net.relu(net.deep(x))
        return net.fc(net.pool(x).flatten(1))

    class Unrolled(Net):
        def __init__(self) -> None:
            super().__init__(reused)
            self.more = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)).double().eval()
            for copy in self.more:
                copy.load_state_dict(self.deep.state_dict())

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.conv(x))
            for layer in self.more:
                x = F.relu(layer(x))
            return self.fc(self.pool(x).flatten(1))

    x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
    model, unrolled = Net(reused), Unrolled()
    for composite in COMPOSITES:
        found = explain(model, x, 1, composite=composite, layers=["deep", "deep#2", "deep#3"])
        truth = explain(unrolled, x, 1, composite=composite, layers=["more.*"])
        assert same(found, truth)
        for mine, theirs in zip(("deep", "deep#2", "deep#3"), ("more.0", "more.1", "more.2"), strict=True):
            assert torch.allclose(found.layers[mine], truth.layers[theirs])


def state(model: nn.Module) -> list[object]:
    """Everything about a model that must not change."""
    found: list[object] = []
    for _, module in model.named_modules():
        found += [dict(module._forward_hooks), dict(module._forward_pre_hooks), module.training, set(vars(module))]
    for _, parameter in model.named_parameters():
        found += [id(parameter), parameter.data_ptr(), parameter._version, parameter.requires_grad, parameter.grad]
    return [*found, {name: value.clone() for name, value in model.state_dict().items()}]


def unchanged(model: nn.Module, before: list[object]) -> bool:
    after = state(model)
    tensors = zip(before[-1].values(), after[-1].values(), strict=True)  # type: ignore[attr-defined]
    return before[:-1] == after[:-1] and all(torch.equal(a, b) for a, b in tensors)


@pytest.mark.parametrize("options", [
    {}, {"composite": "epsilon-gamma-box", "low": -9.0, "high": 9.0}, {"method": "gradient"}, {"method": "smoothgrad"},
    {"method": "occlusion"}, {"method": "gradcam"}, {"method": "guided-backprop"}], ids=str)
def test_nothing_of_the_model_changes(options: dict[str, object]) -> None:
    model = Net(in_place)
    model.fc.weight.requires_grad_(False)
    x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
    kept, before, output = x.clone(), state(model), model(x)
    seed = torch.random.get_rng_state()
    explain(model, x, 1, **options)  # type: ignore[arg-type]
    assert unchanged(model, before)
    assert torch.equal(x, kept)
    assert x.grad is None
    assert not x.requires_grad
    assert torch.equal(model(x), output)
    assert torch.equal(torch.random.get_rng_state(), seed)


def test_nothing_of_the_model_changes_after_an_error() -> None:
    def broken(net: Net, x: Tensor) -> Tensor:
        net.relu(net.conv(x))
        raise KeyError("nothing to see")

    model = Net(broken)
    before = state(model)
    for method in ("lrp", "gradient"):
        with pytest.raises(KeyError, match="nothing to see"):
            explain(model, torch.randn(1, 2, 6, 6, dtype=torch.float64), method=method)
    assert unchanged(model, before)
    assert not torch.overrides._get_current_function_mode_stack()


def test_an_error_that_the_model_catches_leaves_paths_right() -> None:
    class Fragile(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError("not this time")

    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fragile, self.fc = Fragile(), nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            try:
                return self.fragile(x)
            except ValueError:
                return self.fc(x.relu())

    found = explain(Careful().eval(), torch.randn(1, 3), 0, layers=["fc"])
    assert found.report.lines[-1].module == "fc"


def test_it_works_where_gradients_are_off() -> None:
    x = torch.randn(2, 2, 6, 6, dtype=torch.float64)
    model = Net(modules)
    truth = explain(model, x, 1)
    with torch.no_grad():
        assert same(explain(model, x, 1), truth)
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        assert same(explain(model, x, 1), truth)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    assert same(explain(model, x, 1), truth)


def test_two_threads_on_one_model() -> None:
    model = Net(in_place)
    xs = [torch.randn(2, 2, 6, 6, dtype=torch.float64) for _ in range(8)]
    explainer = Explainer(model, composite="epsilon-plus-flat", layers=["deep"])
    truth = [explainer(x, 1) for x in xs]
    outputs = [model(x) for x in xs]
    found: dict[int, list[bool]] = {}

    def work(which: int) -> None:
        good = []
        for _ in range(4):
            for x, expected, output in zip(xs, truth, outputs, strict=True):
                mine = explainer(x, 1)
                good.append(same(mine, expected) and torch.allclose(mine.layers["deep"], expected.layers["deep"]))
                good.append(torch.allclose(model(x), output))
        found[which] = good

    threads = [threading.Thread(target=work, args=(which,)) for which in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(all(good) for good in found.values())
    assert not any(module._forward_hooks for module in model.modules())


class Cube(torch.autograd.Function):
    """A function that no mode sees."""

    @staticmethod
    def forward(ctx: object, x: Tensor, power: int) -> Tensor:
        ctx.save_for_backward(x)  # type: ignore[attr-defined]
        return x ** power

    @staticmethod
    def backward(ctx: object, g: Tensor) -> tuple[Tensor, None]:
        x, = ctx.saved_tensors  # type: ignore[attr-defined]
        return 3 * g * x ** 2, None


class Hidden(nn.Module):
    """Two layers with something in between."""

    def __init__(self, between: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 3)
        self.middle = Between(between)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.middle(self.a(x)))


class Between(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


@pytest.mark.parametrize(("between", "name"), [
    (lambda x: Cube.apply(x, 3), "Cube"), (torch.exp, "exp"), (lambda x: x.sort(-1).values, "sort"),
    (lambda x: torch.linalg.inv(x[:, None] * x[..., None] + torch.eye(4)).flatten(1)[:, :4], "linalg_inv"),
    (lambda x: torch.fft.rfft(x).real.repeat(1, 2)[:, :4], "fft_rfft"), (torch.sin, "sin")],
    ids=["custom", "exp", "sort", "inverse", "fourier", "sine"])
def test_what_has_no_rule_is_named(between: Callable[[Tensor], Tensor], name: str) -> None:
    model, x = Hidden(between), torch.rand(2, 4, dtype=torch.float64)
    with pytest.raises(UncoveredOp) as caught:
        explain(model, x, 1)
    assert caught.value.ops == [(name, "middle")]
    assert isinstance(caught.value, AssayError)
    assert name in str(caught.value)
    assert "on_uncovered='gradient'" in str(caught.value)


def test_an_operation_without_a_rule_may_take_its_gradient() -> None:
    """Above and below, LRP-0 is the gradient too: the whole is input times gradient."""
    from assay.explain import Composite, Zero

    for between in (lambda x: Cube.apply(x, 3), torch.exp):
        model, x = Hidden(between), torch.rand(2, 4, dtype=torch.float64)
        found = explain(model, x, 1, composite=Composite(layers=[("affine", Zero())]), on_uncovered="gradient",
                        layers=["a"])
        truth = explain(model, x, 1, method="input-x-gradient")
        assert same(found, truth)
        assert [module for _, module in found.report.uncovered] == ["middle"]
        assert found.report.as_dict()["uncovered"][0]["module"] == "middle"
        many = explain(model, x, [1, 2], composite="epsilon", on_uncovered="gradient", many=True)
        assert torch.allclose(many.relevance[0], explain(model, x, 1, composite="epsilon",
                                                         on_uncovered="gradient").relevance)


class Recurrent(nn.Module):
    """Steps through a sequence with a layer, or with a cell at its first step."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        more = {} if kind.endswith("Cell") else {"batch_first": True}
        self.core, self.fc = getattr(nn, kind)(3, 4, **more), nn.Linear(4, 2)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(self.core, nn.RNNCellBase):
            state = self.core(x[:, 0])
            return self.fc(state if isinstance(state, Tensor) else state[0])
        return self.fc(self.core(x)[0][:, -1])


@pytest.mark.parametrize(("kind", "op"), [
    ("LSTM", "lstm"), ("GRU", "gru"), ("RNN", "rnn_tanh"), ("LSTMCell", "lstm_cell"), ("GRUCell", "gru_cell"),
    ("RNNCell", "rnn_tanh_cell")])
def test_recurrent_layers_have_no_rule_and_a_gradient(kind: str, op: str) -> None:
    torch.manual_seed(0)
    model, x = Recurrent(kind), torch.randn(2, 5, 3, dtype=torch.float64)
    with pytest.raises(UncoveredOp, match=f"no rule covers {op} in core\n") as caught:
        explain(model, x, 1)
    assert caught.value.ops == [(op, "core")]
    leaf = x.clone().requires_grad_()
    truth = torch.autograd.grad(model(leaf)[:, 1].sum(), leaf)[0]
    assert torch.allclose(explain(model, x, 1, method="gradient").relevance, truth)
    found = explain(model, x, 1, composite="attn-lrp", on_uncovered="gradient")
    assert torch.allclose(found.relevance, truth * x)
    assert found.report.uncovered == [(op, "core")]


def test_what_is_off_the_path_needs_no_rule() -> None:
    class Side(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 2)
            self.table = nn.Parameter(torch.rand(4))

        def forward(self, x: Tensor) -> Tensor:
            torch.exp(x).sort()  # not used
            return self.fc(x * torch.exp(self.table))

    assert not explain(Side().eval(), torch.rand(2, 4), 1).report.uncovered


def test_control_flow_that_depends_on_data() -> None:
    class Deeper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.out = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            steps = int(x.abs().sum()) % 3
            for _ in range(1 + steps):
                x = torch.relu(self.fc(x))
            return self.out(x)

    model = Deeper().eval()
    for size in (0.1, 0.4, 0.6):
        x = torch.full((1, 4), size)
        lines = explain(model, x, 0).report.lines
        assert sum(line.module == "fc" and line.op == "linear" for line in lines) == 1 + int(4 * size) % 3


def test_a_compiled_model_is_run_as_its_original() -> None:
    class Compiled(nn.Module):  # what torch.compile returns has this attribute
        def __init__(self, original: nn.Module) -> None:
            super().__init__()
            self._orig_mod = original

        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("compiled code cannot be seen into")

    model, x = Net(modules), torch.randn(1, 2, 6, 6, dtype=torch.float64)
    assert same(explain(Compiled(model), x, 1), explain(model, x, 1))


def test_torchscript_is_an_error() -> None:
    with pytest.raises(AssayError, match="TorchScript"):
        explain(torch.jit.trace(nn.Linear(2, 1).eval(), torch.rand(1, 2)), torch.rand(1, 2))


@pytest.mark.parametrize("cut", [lambda x: x.detach(), lambda x: x.data, lambda x: (x > 0).to(x.dtype)])
def test_an_output_that_does_not_depend_on_the_input(cut: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(AssayError, match="does not depend on the input"):
        explain(Hidden(cut), torch.rand(1, 4, dtype=torch.float64))


def test_a_buffer_that_the_model_writes_to_keeps_no_graph() -> None:
    class Cached(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 2)
            self.register_buffer("cache", torch.zeros(1, 3))

        def forward(self, x: Tensor) -> Tensor:
            self.cache.copy_(x)
            return self.fc(self.cache)

    model = Cached().eval()
    found = explain(model, torch.ones(1, 3), 0, composite="epsilon")
    assert not model.cache.requires_grad
    assert found.relevance.abs().sum() > 0


class Used(nn.Module):
    """A tensor that something has taken before an activation overwrites it."""

    def __init__(self, taken: Callable[[Tensor], Tensor], activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.last = nn.Linear(5, 6).double(), nn.Linear(6, 3).double()
        self.taken, self.activation = taken, activation

    def forward(self, x: Tensor) -> Tensor:
        a = self.first(x)
        return self.last(self.taken(a) + self.activation(a))


@pytest.mark.parametrize("composite", ["epsilon", "epsilon-plus", "attn-lrp"])
@pytest.mark.parametrize("taken", [lambda a: a * a, lambda a: a * torch.sigmoid(a), torch.tanh, lambda a: a.abs()],
                         ids=["square", "gate", "tanh", "abs"])
@pytest.mark.parametrize(("activation", "in_place"), [
    (F.relu, F.relu_), (lambda a: a.clamp(min=0), lambda a: a.clamp_(min=0)), (F.silu, lambda a: F.silu(a, True)),
    (lambda a: F.leaky_relu(a, 0.1), lambda a: F.leaky_relu_(a, 0.1)), (torch.sigmoid, torch.sigmoid_)],
    ids=["relu", "clamp", "silu", "leaky", "sigmoid"])
def test_overwriting_what_was_taken_before_changes_nothing(activation: Any, in_place: Any, taken: Any,
                                                           composite: str) -> None:
    x = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    apart, together = (explain(Used(taken, function).eval(), x, 1, composite=composite, layers=["first"],
                               on_uncovered="gradient") for function in (activation, in_place))
    assert torch.allclose(apart.relevance, together.relevance, rtol=0, atol=1e-12)
    assert torch.allclose(apart.layers["first"], together.layers["first"], rtol=0, atol=1e-12)


class Overwritten(nn.Module):
    """A dense layer on tokens, whose result is overwritten, or not; autograd knows that result as a view."""

    def __init__(self, change: Callable[[Tensor], Tensor], again: bool) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.first, self.last = nn.Linear(6, 6).double(), nn.Linear(6, 3).double()
        self.change, self.again = change, again
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        before = self.first(x)
        changed = self.change(before)
        if self.again and before.data_ptr() == changed.data_ptr():  # who holds the layer's result sees what it is now
            changed = changed + before
        elif self.again:
            changed = changed + changed
        return self.last(changed).mean(1)


def zeroed(x: Tensor) -> Tensor:
    x[:, 1:3] = 0
    return x


CHANGES: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "relu": (torch.relu, torch.relu_), "module": (nn.ReLU(), nn.ReLU(inplace=True)),
    "scale": (lambda x: x * 0.5, lambda x: x.mul_(0.5)), "shift": (lambda x: x + 1, lambda x: x.add_(1)),
    "clamp": (lambda x: x.clamp(min=0), lambda x: x.clamp_(min=0)), "silu": (F.silu, lambda x: F.silu(x, True)),
    "zeroed": (lambda x: x.masked_fill(torch.tensor([False, True, True, False])[:, None], 0.0), zeroed),
}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("composite", ["epsilon", "epsilon-plus-flat", "attn-lrp"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_dense_layer_on_tokens_may_be_overwritten(name: str, composite: str, again: bool) -> None:
    x = torch.randn(2, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    apart, together = (explain(Overwritten(change, again), x, 1, composite=composite) for change in CHANGES[name])
    assert torch.allclose(apart.output, together.output)
    assert torch.allclose(apart.relevance, together.relevance, rtol=1e-5, atol=1e-9)


def test_what_was_detached_sees_what_is_overwritten() -> None:
    def change(x: Tensor) -> Tensor:
        alias = x.detach()
        x.relu_()
        return x + alias

    x = torch.randn(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    model = Overwritten(change, False)
    model.last = nn.Unflatten(1, (1, 6))  # type: ignore[assignment]
    found = explain(model, x, 1, composite="epsilon")
    assert torch.allclose(found.output, model(x))
