"""Relevance by zennit for the networks of `networks.py`: ``python zennit_client.py OUT.pt`` writes {case: Tensor}."""

from __future__ import annotations

import sys

import networks
import torch
from zennit import composites, rules
from zennit.attribution import Gradient
from zennit.canonizers import NamedMergeBatchNorm, SequentialMergeBatchNorm
from zennit.composites import LayerMapComposite
from zennit.layer import Sum
from zennit.types import Convolution

COMPOSITES = {
    "epsilon-plus": (composites.EpsilonPlus, {}),
    "epsilon-plus-flat": (composites.EpsilonPlusFlat, {}),
    "epsilon-gamma-box": (composites.EpsilonGammaBox, {"low": -1.0, "high": 1.0}),
    "epsilon-alpha2-beta1": (composites.EpsilonAlpha2Beta1, {}),
    "epsilon-alpha2-beta1-flat": (composites.EpsilonAlpha2Beta1Flat, {}),
    "guided-backprop": (composites.GuidedBackprop, {}),
    "deconvnet": (composites.DeconvNet, {}),
    "excitation-backprop": (composites.ExcitationBackprop, {}),
    "beta-smooth": (composites.BetaSmooth, {}),
}
RULES = {
    "Epsilon(epsilon=0.01)": rules.Epsilon(epsilon=0.01), "ZPlus()": rules.ZPlus(),
    "Gamma(gamma=0.4)": rules.Gamma(0.4),
    "AlphaBeta(alpha=1.5, beta=0.5)": rules.AlphaBeta(1.5, 0.5), "WSquare()": rules.WSquare(), "Flat()": rules.Flat(),
    "ZPlus(bias=False)": rules.ZPlus(zero_params="bias"), "WSquare(bias=False)": rules.WSquare(zero_params="bias"),
    "Gamma(gamma=0.4, bias=False)": rules.Gamma(0.4, zero_params="bias"),
    "ZBox(low=-1.0, high=1.0)": rules.ZBox(-1.0, 1.0),
}


# The residual network's order of definition says nothing.
PAIRS = [(["stem"], "bn"), (["conv1"], "bn1"), (["conv2"], "bn2"), (["down"], "bn3"), (["conv3"], "bn4")]


def attribute(name: str, composite: object) -> torch.Tensor:
    """Return what arrives at the input when the output's relevance is its target's value."""
    model, x = networks.build(name, **({"add": Sum} if name == "residual" else {}))
    y = model(x).detach()
    target = torch.zeros_like(y).scatter_(1, torch.tensor([[1], [2]]), 1.0)
    gradient = isinstance(composite, composites.GuidedBackprop | composites.DeconvNet | composites.BetaSmooth)
    with Gradient(model, composite) as attributor:
        return attributor(x, target if gradient else target * y)[1].detach()


def canonizers(name: str) -> list[object]:
    """Return what merges the batch norms of a network."""
    return [NamedMergeBatchNorm(PAIRS)] if name == "residual" else [SequentialMergeBatchNorm()]


def main() -> None:
    """Write all cases."""
    found = {}
    for name in networks.NETWORKS:
        for key, (make, options) in COMPOSITES.items():
            found[f"{name}/{key}"] = attribute(name, make(**options, canonizers=canonizers(name)))
    for key, rule in RULES.items():
        mapped = [*composites.layer_map_base(), ((Convolution, torch.nn.Linear), rule)]
        if key.startswith("ZBox"):
            composite = composites.SpecialFirstLayerMapComposite(
                [*composites.layer_map_base(), ((Convolution, torch.nn.Linear), rules.ZPlus())], [(Convolution, rule)],
                canonizers=canonizers("plain"))
        else:
            composite = LayerMapComposite(mapped, canonizers=canonizers("plain"))
        found[f"plain/{key}"] = attribute("plain", composite)
    torch.save(found, sys.argv[1])


if __name__ == "__main__":
    main()
