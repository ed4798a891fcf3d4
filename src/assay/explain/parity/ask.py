"""Asking the engine: the error of one rule on one operation, and the leak of a whole network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from assay.explain.composites import Composite
from assay.explain.explainer import explain
from assay.explain.models.architectures import build
from assay.explain.parity.operations import BOX, operation

SAMPLES = 2
SIZES = {
    "vgg11_bn": {"width": 8, "hidden": 64}, "resnet18": {"width": 8}, "resnet50": {"width": 8},
    "vit": {"image_size": 32, "patch_size": 8, "num_layers": 3, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 64}}


@dataclass(frozen=True)
class Engine:
    """The engine in one precision: what ``explain/parity`` asks.

    Parameters
    ----------
    precision : {"float64", "float32"}
    device : str
    """

    precision: str
    device: str = "cpu"

    def answer(self, name: str) -> dict[str, float]:
        """Return the values of a question of `assay.explain.parity.names`.

        Of ``rule/op/sign``: ``error``, the largest difference to the formula in double precision, relative to the
        largest relevance. Of ``conservation/...``: ``sum_out``, ``sum_in``, ``absorbed`` (by biases, stabilisers, and
        what the rules themselves do not conserve) and ``leak``, what is left of the sum, relative to it.
        """
        if name.startswith("conservation/"):
            _, arch, composite = name.split("/")
            return self._conservation(arch, composite)
        rule_and_op, _, sign = name.rpartition("/")
        return {"error": self._error(rule_and_op, sign)}

    def _error(self, name: str, sign: str) -> float:
        made, rule = operation(name)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_seed(name))
            module = made.make().eval()
            x = torch.randn(SAMPLES, *made.shape).clamp(*BOX)
            x = x.abs() if sign == "positive" else x
            with torch.no_grad():
                out = module(x)
                # Relevance of a result near 0 would be near infinity for its inputs: no precision could tell it.
                relevance = out * torch.randn_like(out)
        composite = Composite(layers=[] if rule is None else [("affine", rule)], gate=made.gate)
        kind, device = getattr(torch, self.precision), torch.device(self.device)
        found = explain(module.to(device, kind), x.to(device, kind), relevance.to(device, kind), composite=composite)
        module.to("cpu", torch.float64)
        truth = _truth(made.formula, module, x.double(), relevance.double())
        return float((found.relevance.cpu().double() - truth).abs().max() / truth.abs().max())

    def _conservation(self, arch: str, composite: str) -> dict[str, float]:
        kind = getattr(torch, self.precision)
        module = build(arch, 10, **SIZES[arch]).to(self.device, kind)
        x = torch.randn(SAMPLES, 3, 32, 32, generator=torch.Generator().manual_seed(_seed(arch)))
        box = {"low": -6.0, "high": 6.0} if composite.endswith("-box") else {}
        found = explain(module, x.to(self.device, kind), composite=composite, seed="one", audit=True, **box)
        lines = [line.audit for line in found.report.lines if line.audit is not None]
        absorbed = sum(line[key] for line in lines for key in ("bias", "stabiliser", "lost"))
        sum_out, sum_in = float(SAMPLES), float(found.relevance.double().sum())
        return {"sum_out": sum_out, "sum_in": sum_in, "absorbed": absorbed,
                "leak": (sum_in + absorbed - sum_out) / sum_out}


def _truth(formula: object, module: nn.Module, x: Tensor, relevance: Tensor) -> Tensor:
    assert callable(formula)
    return torch.stack([formula(lambda value: module(value[None])[0], one, r)
                        for one, r in zip(x, relevance, strict=True)]).detach()


def _seed(name: str) -> int:
    """Return a seed of its own for each question, the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
