"""What zennit does with networks that are not made for it: ``python zennit_faults.py OUT.json``."""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
import zoo
from torch import Tensor, nn
from zennit import composites, rules
from zennit.attribution import Gradient
from zennit.canonizers import SequentialMergeBatchNorm


class Backwards(nn.Module):
    """The layer that runs last is defined first."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.last, self.first = nn.Linear(4, 2, bias=False), nn.Linear(3, 4, bias=False)
        self.relu = nn.ReLU()
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.relu(self.first(x)))


def attribute(model: nn.Module, composite: object, x: Tensor) -> Tensor:
    """Return relevance of the input, where relevance of the predicted output is 1."""
    with Gradient(model, composite) as attributor:
        return attributor(x, lambda y: torch.zeros_like(y).scatter_(1, y.argmax(1)[:, None], 1.0))[1].detach()


def merge_by_definition() -> dict[str, Any]:
    """Attribute DenseNet's blocks with batch norms merged in the order in which layers are defined."""
    model = zoo.prepare(zoo.densenet(), zoo.X)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    raised = ""
    try:
        attribute(model, composites.EpsilonPlusFlat(canonizers=[SequentialMergeBatchNorm()]), zoo.X[:1])
    except RuntimeError as error:
        raised = str(error)
    changed = [key for key, value in model.state_dict().items()
               if key not in before or not torch.equal(value, before[key])]
    return {"raised": raised, "changed": changed}


def additions() -> dict[str, float]:
    """Return the sum at the input for 1 at the output, by the number of additions that are written as such."""
    found = {}
    for skips in (0, 1, 2, 5, 10):
        model = zoo.prepare(zoo.mobilenet(skips), zoo.X)
        composite = composites.EpsilonPlus(canonizers=[SequentialMergeBatchNorm()])
        found[str(skips)] = float(attribute(model, composite, zoo.X[:1]).sum())
    return found


def first_by_definition() -> dict[str, list[float]]:
    """Return what Flat on the first layer gives where the last layer is defined first."""
    x = torch.tensor([[1.0, -2.0, 3.0]], dtype=torch.float64)
    model = Backwards()
    composite = composites.SpecialFirstLayerMapComposite(
        [*composites.layer_map_base(), (nn.Linear, rules.Epsilon(0.0))],
        [(nn.Linear, rules.Flat())])
    return {"relevance": attribute(model, composite, x)[0].tolist()}


def main() -> None:
    """Write all findings."""
    found = {"merge": merge_by_definition(), "additions": additions(), "first": first_by_definition()}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
