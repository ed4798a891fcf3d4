"""What other libraries get wrong, measured, and that we are free of it. docs/explain/peers.md quotes this.

If a test fails because a newer version of a peer is right, the page is what must change.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from assay.core.errors import AssayError
from assay.explain import Composite, Epsilon, Flat, ZPlus, explain
from explain.zoo import X, densenet, mobilenet, prepare

torch.set_num_threads(1)
HERE = Path(__file__).parent
PEERS = HERE.parents[1] / "build" / "peers"


def findings(script: str, out: Path, *args: str, paths: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Run a peer in a process of its own, and return what it wrote."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-W", "ignore", str(HERE / "peers" / script), str(out), *args], check=True,
                   timeout=250, env=environment)
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def zennit(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not (PEERS / "zennit").is_dir():
        pytest.skip("zennit is not installed: scripts/peers")
    return findings("zennit_faults.py", tmp_path_factory.mktemp("zennit") / "out.json",
                    paths=(PEERS / "zennit", HERE / "peers" / "stub", HERE))


@pytest.fixture(scope="module")
def lxt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("transformers")
    if not (PEERS / "lxt").is_dir():
        pytest.skip("lxt is not installed: scripts/peers")
    return findings("lxt_faults.py", tmp_path_factory.mktemp("lxt") / "out.json", str(PEERS / "lxt"))


def test_zennit_merges_batch_norms_by_definition(zennit: dict[str, Any]) -> None:
    """On DenseNet's blocks that raises, and leaves the network changed."""
    assert "The size of tensor a (6) must match the size of tensor b (18)" in zennit["merge"]["raised"]
    assert len(zennit["merge"]["changed"]) == 7
    model = prepare(densenet(), X)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = explain(model, X[:1], composite="epsilon-plus-flat")
    assert float(found.relevance.sum()) == pytest.approx(float(found.output.max()), rel=1e-4)
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_zennit_doubles_relevance_at_every_addition(zennit: dict[str, Any]) -> None:
    sums = zennit["additions"]
    assert [round(sums[skips]) for skips in ("0", "1", "2", "5", "10")] == [1, 2, 4, 32, 1019]
    for skips in (0, 1, 2, 5, 10):
        found = explain(prepare(mobilenet(skips), X), X[:1], composite="epsilon", seed="one")
        assert float(found.relevance.sum()) == pytest.approx(1.0, abs=1e-4)


class Backwards(nn.Module):
    """The layer that runs last is defined first."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.last, self.first = nn.Linear(4, 2, bias=False), nn.Linear(3, 4, bias=False)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x).relu())


def test_zennit_takes_the_layer_that_is_defined_first_for_the_first(zennit: dict[str, Any]) -> None:
    """Flat on the first layer gives every input the same; zennit puts it on the last layer."""
    x = torch.tensor([[1.0, -2.0, 3.0]], dtype=torch.float64)
    flat, epsilon = Flat(), Epsilon(0.0)
    right, wrong = (explain(Backwards(), x, seed="one", composite=composite).relevance[0] for composite in (
        Composite(first=[("affine", flat)], layers=[("affine", epsilon)]),
        Composite(names=[("last", flat), ("first", epsilon)])))
    assert torch.allclose(right, right[0].expand(3))
    theirs = torch.tensor(zennit["first"]["relevance"], dtype=torch.float64)
    assert torch.allclose(theirs, wrong, rtol=1e-5)
    assert float((theirs - right).abs().max()) > 1


def test_lxt_does_not_start_beside_transformers_5(lxt: dict[str, Any]) -> None:
    assert "cannot import name 'find_pruneable_heads_and_indices'" in lxt["imports"]


def test_lxt_changes_every_model_of_a_class_for_good(lxt: dict[str, Any]) -> None:
    """The plain gradient of another model is another one afterwards; here nothing outside is touched."""
    transformers = pytest.importorskip("transformers")
    assert lxt["patched"]["change"] > 0.1
    config = transformers.LlamaConfig(vocab_size=19, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                      num_key_value_heads=2, intermediate_size=16)
    model, other = (transformers.LlamaForCausalLM(config).eval() for _ in range(2))
    ids = torch.tensor([[3, 1, 4]])
    before = explain(other, ids, 7, method="gradient").relevance
    methods = {kind: kind.forward for kind in map(type, model.modules())}
    explain(model, ids, 7)
    assert methods == {kind: kind.forward for kind in map(type, model.modules())}
    assert torch.equal(explain(other, ids, 7, method="gradient").relevance, before)


def test_lxt_leaks_where_an_activations_input_is_small(lxt: dict[str, Any]) -> None:
    """It divides by x + 1e-10: relevance 1 becomes 0.91, 0.5 and 0.01 at inputs of 1e-9, 1e-10 and 1e-12."""
    assert [round(lxt["leak"][size], 2) for size in ("1e-06", "1e-09", "1e-10", "1e-12")] == [1.0, 0.91, 0.5, 0.01]
    for size in (1e-6, 1e-9, 1e-10, 1e-12, 1e-300):
        x = torch.full((1, 1), size, dtype=torch.float64)
        found = explain(nn.SiLU().eval(), x, torch.ones_like(x), composite="attn-lrp").relevance
        assert float(found) == pytest.approx(1.0)


def captum_lrp(model: nn.Module, x: Tensor, rules: dict[str, str] | None = None) -> Tensor:
    """Return what captum finds for output 0; rules are named by layer."""
    attr = pytest.importorskip("captum.attr")
    from captum.attr._utils import lrp_rules

    for path, rule in (rules or {}).items():
        model.get_submodule(path).rule = getattr(lrp_rules, rule)()  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: Tensor = attr.LRP(model).attribute(x.clone(), target=0)
    return found.detach()


class Chain(nn.Module):
    """No skip, no reuse: what captum is made for."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b = nn.Conv2d(2, 4, 3, bias=False), nn.Conv2d(4, 3, 3, bias=False)
        self.relu, self.last, self.fc = nn.ReLU(), nn.ReLU(), nn.Linear(48, 2, bias=False)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.last(self.b(self.relu(self.a(x)))).flatten(1))


IMAGE = torch.cos(torch.arange(128, dtype=torch.float64) * 3).reshape(1, 2, 8, 8)


def apart(found: Tensor, truth: Tensor) -> float:
    return float((found - truth).abs().max() / truth.abs().max())


def test_captum_is_equal_on_a_chain() -> None:
    mine = explain(Chain(), IMAGE, 0, composite="epsilon", epsilon=1e-9)
    assert apart(captum_lrp(Chain(), IMAGE), mine.relevance) < 1e-6


def test_captum_takes_inputs_for_not_negative() -> None:
    """Its alpha-1-beta-0 rule clips weights alone: right for inputs of 0 and above, and far off for others."""
    rules = dict.fromkeys(("a", "b", "fc"), "Alpha1_Beta0_Rule")
    composite = Composite(layers=[("affine", ZPlus(stabilizer=1e-9))])
    for x, right in ((IMAGE.abs(), True), (IMAGE, False)):
        mine = explain(Chain(), x, 0, composite=composite).relevance
        theirs = captum_lrp(Chain(), x, rules)
        assert (apart(theirs, mine) < 1e-6) == right
    assert apart(theirs, mine) > 1


class Twice(nn.Module):
    """Uses a layer twice."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.relu = nn.Linear(4, 4, bias=False), nn.ReLU()
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.relu(self.layer(x)))


def test_captum_does_not_take_a_layer_that_is_used_twice() -> None:
    x = torch.tensor([[1.0, -2.0, 3.0, 0.5]], dtype=torch.float64)
    with pytest.raises(RuntimeError, match="used more than once"):
        captum_lrp(Twice(), x)
    assert torch.allclose(explain(Twice(), x, 0, composite="attn-lrp").relevance.sum(), Twice()(x)[0, 0])


class Skips(nn.Module):
    """Ten skips."""

    def __init__(self, count: int = 10) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.stem, self.head = nn.Linear(6, 8, bias=False), nn.Linear(8, 2, bias=False)
        self.count = count
        for i in range(count):
            setattr(self, f"layer{i}", nn.Linear(8, 8, bias=False))
            setattr(self, f"relu{i}", nn.ReLU())
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for i in range(self.count):
            x = x + getattr(self, f"relu{i}")(getattr(self, f"layer{i}")(x))
        return self.head(x)


def test_captum_loses_count_at_skips() -> None:
    """Relevance and gradient are added at a skip: after ten of them the sum is off by orders of magnitude."""
    x = torch.tensor([[0.3, -0.1, 0.8, -1.2, 0.4, 0.9]], dtype=torch.float64)
    model = Skips()
    logit = float(model(x)[0, 0])
    assert abs(float(captum_lrp(Skips(), x).sum()) / logit - 1) > 100
    mine = explain(model, x, 0, composite="epsilon", epsilon=1e-9, stabilizer=1e-9)
    assert float(mine.relevance.sum()) == pytest.approx(logit, rel=1e-6)


def test_captums_trapezoid_loses_a_twentieth() -> None:
    """Its weights sum to (n - 1)/n: 0.95 at 20 steps, where all of a linear model should arrive."""
    attr = pytest.importorskip("captum.attr")
    torch.manual_seed(0)
    model, x = nn.Linear(4, 1, bias=False).double().eval(), torch.ones(1, 4, dtype=torch.float64)
    theirs = attr.IntegratedGradients(model).attribute(x, target=0, n_steps=20, method="riemann_trapezoid").sum()
    assert float(theirs.detach() / model(x)) == pytest.approx(0.95, abs=1e-6)
    mine = explain(model, x, 0, method="integrated-gradients", steps=20, rule="trapezoid")
    assert float(mine.relevance.sum() / mine.output) == pytest.approx(1.0)


def test_relevance_of_an_output_that_is_zero_is_an_error_and_not_zero() -> None:
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.ReLU()).double().eval()
    nn.init.constant_(model[0].weight, -1.0)
    with pytest.raises(AssayError, match="exactly 0"):
        explain(model, torch.ones(1, 3, dtype=torch.float64), 0, seed="one")
