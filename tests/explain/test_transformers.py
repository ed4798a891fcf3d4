"""Transformers: rules of products, softmax and norms against a twin whose gradient is changed by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from assay.explain import explain

torch.set_num_threads(1)


class Plain:
    """What the network computes."""

    uniform = staticmethod(lambda value: value)
    weights = staticmethod(lambda value: value)
    gate = staticmethod(lambda value: value)
    constant = staticmethod(lambda value: value)

    @staticmethod
    def activation(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        return f(x)


class AttnLrp(Plain):
    """The same values, with a gradient whose product with the input is AttnLRP (Achtibat et al. 2024)."""

    uniform = staticmethod(lambda value: value / 2 + (value / 2).detach())
    constant = staticmethod(Tensor.detach)

    @staticmethod
    def activation(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        return x * (f(x) / x).detach()


class CpLrp(AttnLrp):
    """Attention weights and gates are constants (Ali et al. 2022)."""

    uniform = staticmethod(lambda value: value)
    weights = staticmethod(Tensor.detach)
    gate = staticmethod(Tensor.detach)


class Block(nn.Module):
    """Attention, a gated layer, a layer norm, and a root mean square norm that is written out."""

    def __init__(self, fused: bool = False, rule: type[Plain] = Plain) -> None:
        super().__init__()
        self.fused, self.rule = fused, rule
        self.norm, self.scale = nn.LayerNorm(8), nn.Parameter(torch.rand(8) + 0.5)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.gate, self.up, self.down = nn.Linear(8, 12), nn.Linear(8, 12), nn.Linear(12, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.layer_norm(x))
        hidden = self.root_mean_square(x)
        gate = self.rule.gate(self.rule.activation(F.silu, self.gate(hidden)))
        x = x + self.down(self.rule.uniform(gate * self.up(hidden)))
        return self.head(self.rule.activation(F.gelu, x).mean(1))

    def layer_norm(self, x: Tensor) -> Tensor:
        if self.rule is Plain:
            return self.norm(x)
        deviation = (x.var(-1, unbiased=False, keepdim=True) + self.norm.eps).sqrt()
        return (x - x.mean(-1, keepdim=True)) / deviation.detach() * self.norm.weight + self.norm.bias

    def root_mean_square(self, x: Tensor) -> Tensor:
        return self.scale * (x * self.rule.constant(torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)))

    def attention(self, x: Tensor) -> Tensor:
        q, k, v = (t.unflatten(-1, (2, 4)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            scores = self.rule.uniform(q @ k.transpose(-2, -1)) / 2
            mixed = self.rule.uniform(self.rule.weights(scores.softmax(-1)) @ v)
        return self.out(mixed.transpose(1, 2).flatten(2))


def twins(fused: bool, rule: type[Plain]) -> tuple[Block, Block, Tensor]:
    torch.manual_seed(0)
    model = Block(fused).double().eval()
    oracle = Block(False, rule).double().eval()
    oracle.load_state_dict(model.state_dict())
    return model, oracle, torch.randn(2, 5, 8, dtype=torch.float64)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("composite", "rule"), [("attn-lrp", AttnLrp), ("cp-lrp", CpLrp)])
def test_a_block_equals_its_twin(composite: str, rule: type[Plain], fused: bool) -> None:
    model, oracle, x = twins(fused, rule)
    found = explain(model, x, [0, 2], composite=composite)
    leaf = x.clone().requires_grad_()
    y = oracle(leaf)
    assert torch.allclose(y, found.output, atol=1e-12)
    truth = leaf * torch.autograd.grad(y[[0, 1], [0, 2]].sum(), leaf)[0]
    assert float((found.relevance - truth).abs().max() / truth.abs().max()) < 1e-10


def test_a_network_with_attention_takes_attn_lrp() -> None:
    for fused in (False, True):
        model, _, x = twins(fused, Plain)
        assert explain(model, x).report.composite == "attn-lrp"


def test_every_operation_but_the_softmax_conserves() -> None:
    model, _, x = twins(False, Plain)
    report = explain(model, x, 1, audit=True).report
    for line in report.lines:
        assert line.audit is not None
        assert line.op == "softmax" or abs(line.audit["lost"]) < 1e-12
    assert report.worst is not None
    assert report.worst.op == "softmax"


def test_torch_modules_equal_what_they_are_made_of() -> None:
    """nn.MultiheadAttention with and without weights, and a whole encoder layer, are opened."""
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(8, 2, batch_first=True).double().eval()

    class Wrapped(nn.Module):
        def __init__(self, need_weights: bool) -> None:
            super().__init__()
            self.attention, self.need_weights = attention, need_weights

        def forward(self, x: Tensor) -> Tensor:
            return self.attention(x, x, x, need_weights=self.need_weights)[0].flatten(1)

    x = torch.randn(2, 4, 8, dtype=torch.float64)
    fused, eager = (explain(Wrapped(need).eval(), x, 5) for need in (False, True))
    assert torch.allclose(fused.relevance, eager.relevance, atol=1e-12)
    assert "scaled_dot_product_attention" in {line.op for line in fused.report.lines}
    assert "softmax" in {line.op for line in eager.report.lines}

    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu").double().eval()
    found = explain(nn.Sequential(layer, nn.Flatten()).eval(), x, 3, audit=True)
    assert found.report.composite == "attn-lrp"
    assert not found.report.uncovered


class Gated(nn.Module):
    """A gate of a named function on a signal."""

    def __init__(self, gate: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b, self.function = nn.Linear(4, 4), nn.Linear(4, 4), gate

    def forward(self, x: Tensor) -> Tensor:
        return self.a(x) * self.function(self.b(x))


@pytest.mark.parametrize("gate", [torch.sigmoid, F.hardsigmoid, lambda x: x.softmax(-1)])
def test_a_gate_gets_nothing_or_half(gate: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    model, x = Gated(gate).double().eval(), torch.randn(2, 4, dtype=torch.float64)
    for composite, share in (("epsilon", 0.0), ("attn-lrp", 0.5), ("cp-lrp", 0.0)):
        found = explain(model, x, 1, composite=composite, layers=["a", "b"])
        total = found.output[:, 1]
        assert torch.allclose(found.layers["a"].sum(1), (1 - share) * total, atol=1e-6)
        if share == 0:
            assert not found.layers["b"].any()


@pytest.mark.parametrize("written", [
    lambda x: x * torch.sigmoid(1.702 * x),
    lambda x: 0.5 * x * (1.0 + torch.tanh(0.7978845608 * (x + 0.044715 * torch.pow(x, 3.0)))),
    lambda x: x * 0.5 * (1.0 + torch.erf(x / 2 ** 0.5)),
    lambda x: x * F.relu6(x + 3) / 6,
    lambda x: x * torch.tanh(F.softplus(x)),
])
@pytest.mark.parametrize("composite", ["attn-lrp", "cp-lrp", "epsilon"])
def test_an_activation_that_is_written_out_passes_relevance_on(written: Callable[[Tensor], Tensor],
                                                               composite: str) -> None:
    class Written(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return written(x)

    torch.manual_seed(0)
    x = torch.randn(3, 4, dtype=torch.float64)
    x = x + 0.1 * x.sign()  # the stabiliser takes its share of what is close to 0
    relevance = torch.randn(3, 4, dtype=torch.float64)
    found = explain(Written().eval(), x, relevance, composite=composite)
    assert torch.allclose(found.relevance, relevance, atol=1e-5 if composite == "epsilon" else 1e-10)


transformers = pytest.importorskip("transformers")
SIZES: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
IDS = torch.tensor([[3, 14, 15, 92, 6, 5], [2, 71, 82, 8, 18, 28]])


def vit(**options: Any) -> tuple[nn.Module, dict[str, Tensor]]:
    config = transformers.ViTConfig(image_size=16, patch_size=8, num_labels=5, **SIZES, **options)
    torch.manual_seed(1)
    return transformers.ViTForImageClassification(config), {"pixel_values": torch.randn(2, 3, 16, 16).double()}


def bert(**options: Any) -> tuple[nn.Module, dict[str, Tensor]]:
    config = transformers.BertConfig(vocab_size=99, num_labels=5, **SIZES, **options)
    mask = torch.ones_like(IDS)
    mask[0, 4:] = 0
    return transformers.BertForSequenceClassification(config), {"input_ids": IDS, "attention_mask": mask}


def gpt2(**options: Any) -> tuple[nn.Module, dict[str, Tensor]]:
    config = transformers.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0,
                                     **options)
    return transformers.GPT2LMHeadModel(config), {"input_ids": IDS}


def llama(**options: Any) -> tuple[nn.Module, dict[str, Tensor]]:
    config = transformers.LlamaConfig(vocab_size=99, num_key_value_heads=2, **SIZES, **options)
    return transformers.LlamaForCausalLM(config), {"input_ids": IDS}


MODELS = {"vit": vit, "bert": bert, "gpt2": gpt2, "llama": llama}


def make(name: str, implementation: str) -> tuple[nn.Module, dict[str, Tensor]]:
    torch.manual_seed(0)
    model, inputs = MODELS[name](attn_implementation=implementation)
    return model.double().eval(), inputs


@pytest.mark.parametrize("composite", ["attn-lrp", "cp-lrp", "attn-lrp-gamma"])
@pytest.mark.parametrize("name", MODELS)
def test_fused_and_written_attention_agree(name: str, composite: str) -> None:
    found = {}
    for implementation in ("sdpa", "eager"):
        model, inputs = make(name, implementation)
        before = {key: value.clone() for key, value in model.state_dict().items()}
        found[implementation] = explain(model, inputs, 3, composite=composite, audit=True)
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        assert all(parameter.grad is None for parameter in model.parameters())
    fused, eager = found["sdpa"], found["eager"]
    scale = float(fused.relevance.abs().max())
    # transformers takes the softmax and the root mean square in single precision.
    assert float((fused.relevance - eager.relevance).abs().max()) / scale < 1e-6
    assert fused.relevance.shape == ((2, 3, 16, 16) if name == "vit" else (2, 6))
    for line in eager.report.lines:
        # attn-lrp-gamma: a unit whose result has no contribution of its own sign loses what it has.
        assert line.op == "softmax" or abs(line.audit["lost"]) < 1e-7 or composite == "attn-lrp-gamma"  # type: ignore[index]


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama"])
def test_tokens_start_at_the_embedding(name: str) -> None:
    """The gradient is that of inputs_embeds; relevance of a token is the sum over its embedding."""
    model, inputs = make(name, "eager")
    found = explain(model, inputs, 3, method="gradient")
    embedded = model.get_input_embeddings()(inputs["input_ids"]).detach().requires_grad_()
    others = {key: value for key, value in inputs.items() if key != "input_ids"}
    logits = model(inputs_embeds=embedded, **others).logits
    y = logits[:, 3] if logits.ndim == 2 else logits[:, -1, 3]
    truth = torch.autograd.grad(y.sum(), embedded)[0]
    assert torch.allclose(found.layers["embedding"], truth, atol=1e-12)
    assert torch.allclose(found.relevance, truth.sum(-1), atol=1e-12)
    lrp = explain(model, inputs, 3)
    assert lrp.layers["embedding"].shape == (2, 6, 32)
    assert torch.allclose(lrp.layers["embedding"].sum(-1), lrp.relevance)
    same = explain(model, {"inputs_embeds": embedded.detach(), **others}, 3)
    assert torch.allclose(same.relevance, lrp.layers["embedding"], atol=1e-12)


def test_relevance_of_an_early_token_depends_on_the_position() -> None:
    model, inputs = make("gpt2", "sdpa")
    last, second = explain(model, inputs, 3), explain(model, inputs, 3, position=1)
    assert last.relevance[:, 2:].abs().sum() > 0
    assert not second.relevance[:, 2:].any()


@pytest.mark.parametrize("method", ["smoothgrad", "integrated-gradients", "smooth-taylor", "input-x-gradient"])
def test_gradient_methods_work_on_embeddings(method: str) -> None:
    model, inputs = make("bert", "sdpa")
    options = {"steps": 64} if method == "integrated-gradients" else {}
    found = explain(model, inputs, 3, method=method, **options)
    assert found.relevance.shape == (2, 6)
    assert bool(torch.isfinite(found.relevance).all())
