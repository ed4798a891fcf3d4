"""Equal numbers with zennit 0.5.1, where it is right, in double precision.

zennit runs in a process of its own, from build/peers (`scripts/peers`), beside a stub of torchvision: it asks that for
two class names only. It puts rules on modules, so its residual network adds by a module; batch norms have eps 0, since
0.5.1 leaves eps out of the merged weights.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from assay.explain import AlphaBeta, Composite, Epsilon, Flat, Gamma, Rule, WSquare, ZBox, ZPlus, explain

torch.set_num_threads(1)
HERE = Path(__file__).parent / "peers"
PEERS = Path(__file__).parents[2] / "build" / "peers"
CASES = [f"{network}/{composite}" for network in ("plain", "residual", "volume", "signal") for composite in
         ("epsilon-plus", "epsilon-plus-flat", "epsilon-gamma-box", "epsilon-alpha2-beta1", "epsilon-alpha2-beta1-flat",
          "guided-backprop", "deconvnet", "excitation-backprop", "beta-smooth")]
RULES: tuple[Rule, ...] = (Epsilon(0.01), ZPlus(), Gamma(0.4), AlphaBeta(1.5, 0.5), WSquare(), Flat(),
                           ZPlus(bias=False),
                           WSquare(bias=False), Gamma(0.4, bias=False))


def load_networks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("peer_networks", HERE / "networks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


networks = load_networks()


@pytest.fixture(scope="module")
def zennit(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """What zennit finds for every case."""
    if not (PEERS / "zennit").is_dir():
        pytest.skip("zennit is not installed: scripts/peers")
    out = tmp_path_factory.mktemp("zennit") / "out.pt"
    path = os.pathsep.join(map(str, (PEERS / "zennit", HERE / "stub")))
    subprocess.run([sys.executable, "-W", "ignore", str(HERE / "zennit_client.py"), str(out)], check=True, timeout=250,
                   env={**os.environ, "PYTHONPATH": path})
    found: dict[str, Tensor] = torch.load(out)
    return found


def error(found: Tensor, truth: Tensor) -> float:
    return float((found - truth).abs().max() / truth.abs().max())


@pytest.mark.parametrize("case", CASES)
def test_a_composite_equals_zennit(case: str, zennit: dict[str, Tensor]) -> None:
    name, composite = case.split("/")
    model, x = networks.build(name)
    box = {"low": -1.0, "high": 1.0} if composite == "epsilon-gamma-box" else {}
    found = explain(model, x, [1, 2], composite=composite, **box)
    assert error(found.relevance, zennit[case]) < 1e-10
    assert all(entry["merged"] for entry in found.report.canonized)
    assert len(found.report.canonized) == {"plain": 2, "residual": 5}.get(name, 0)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_a_rule_equals_zennit(rule: Rule, zennit: dict[str, Tensor]) -> None:
    model, x = networks.build("plain")
    found = explain(model, x, [1, 2], composite=Composite(layers=[("affine", rule)]))
    assert error(found.relevance, zennit[f"plain/{rule!r}"]) < 1e-10


def test_the_box_equals_zennit(zennit: dict[str, Tensor]) -> None:
    model, x = networks.build("plain")
    composite = Composite(first=[("conv", ZBox(-1.0, 1.0))], layers=[("affine", ZPlus())])
    found = explain(model, x, [1, 2], composite=composite)
    assert error(found.relevance, zennit["plain/ZBox(low=-1.0, high=1.0)"]) < 1e-10
