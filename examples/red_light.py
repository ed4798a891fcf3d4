"""Does a red light speak against going fast? Signed relevance of a driving network, for several seeds.

    python examples/red_light.py [--seeds 5] [--frames 400] [--json FILE]

driving-cnn is trained once for each seed (a minute or two each; kept in ASSAY_CACHE), from other first weights and in
another order on the same frames. Then its velocity output is explained on frames that no training saw. Counted is the
density of relevance on the lit lamp: the lamp's share of the map's negative (or positive) relevance over its share of
the picture, so 1 is what chance gives. Green lamps decide nothing and serve as the control.

The result is about these networks and these rendered frames. It says nothing about where people look.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from assay.explain import driving, explain, recipes
from assay.explain.metrics import relevance_mass
from assay.explain.models import Network
from assay.explain.train import train, trained

COMPOSITES = ("epsilon-plus-flat", "epsilon-gamma-box", "epsilon")
LAMPS = ("red_light", "green_light")
FRAMES_SEED = 9  # trained on seed 1, judged on seed 2
VELOCITY = driving.TARGETS.index("velocity")


def network(seed: int) -> tuple[Network, dict[str, float]]:
    """Return driving-cnn as trained from a seed, and its scores."""
    name = "driving-cnn" if seed == 0 else f"driving-cnn-seed-{seed}"
    recipes.RECIPES[name] = dataclasses.replace(recipes.RECIPES["driving-cnn"], seed=seed)
    return trained(name), train(name)["scores"]


def density(relevance: Tensor, mask: Tensor) -> Tensor:
    """Return the mask's share of the positive relevance over its share of the picture, [N]; 1 is chance."""
    return relevance_mass(relevance, mask) / mask.double().flatten(1).mean(1)


def lamp(of: Network, composite: str, images: Tensor, masks: Tensor) -> dict[str, float]:
    """Return densities on a lamp, means over the frames that show it, and how often its sum is negative."""
    shown = masks.flatten(1).any(1)
    inputs, inside = of.from_unit(images[shown]), masks[shown]
    found = torch.cat([explain(of, part, VELOCITY, composite=composite).relevance.double().sum(1)
                       for part in inputs.split(50)])
    total = (found * inside).flatten(1).sum(1)
    return {"frames": int(shown.sum()), "negative": float(density(-found, inside).mean()),
            "positive": float(density(found, inside).mean()), "negative sum": float((total < 0).double().mean())}


def measure(seeds: int, frames: int) -> list[dict[str, object]]:
    """Return a row for each seed, composite and lamp."""
    images, _, masks = driving.render(frames, FRAMES_SEED)
    rows: list[dict[str, object]] = []
    for seed in range(seeds):
        of, scores = network(seed)
        for composite in COMPOSITES:
            for kind in LAMPS:
                rows.append({"seed": seed, "composite": composite, "lamp": kind, **scores,
                             **lamp(of, composite, images, masks[kind])})
        print(f"seed {seed}: R2 " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()), flush=True)
    return rows


def table(rows: Sequence[dict[str, object]]) -> str:
    """Return means over the seeds with their standard deviation, and the range."""
    lines = [f"{'composite':20s} {'lamp':12s} {'negative density':>28s} {'positive density':>28s} {'sum below 0':>12s}"]
    for composite in COMPOSITES:
        for kind in LAMPS:
            of = [row for row in rows if (row["composite"], row["lamp"]) == (composite, kind)]
            columns = [spread([float(str(row[key])) for row in of]) for key in ("negative", "positive")]
            share = np.mean([float(str(row["negative sum"])) for row in of])
            lines.append(f"{composite:20s} {kind:12s} {columns[0]:>28s} {columns[1]:>28s} {share:>11.0%}")
    return "\n".join(lines)


def spread(values: Sequence[float]) -> str:
    """Return "mean ± deviation (smallest to largest)"."""
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{np.mean(values):.1f} ± {deviation:.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--json", type=Path, help="write every row")
    asked = parser.parse_args()
    rows = measure(asked.seeds, asked.frames)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{asked.frames} frames, {asked.seeds} seeds: mean ± standard deviation over the seeds (range)")
    print(table(rows))


if __name__ == "__main__":
    main()
