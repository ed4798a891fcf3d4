"""What is trained on first use: architecture, data, phases, and the score below which a network is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from assay.core.record import digest
from assay.explain.driving import TARGETS
from assay.explain.scenes import SHAPES
from assay.explain.textures import CLASSES, SIDE

# Of what a recipe names but does not say: how samples come about, how an architecture begins, how the loop goes.
# A number goes up when its code makes something else; networks it has no part in are not trained again.
VERSIONS = {"digits": 1, "scenes": 2, "driving": 2, "textures": 1, "cnn": 1, "resnet": 1, "vit": 2, "loop": 1}
# What says how good a network is and how it is used, and so decides no weight.
USE = ("reach", "outputs", "input_shape", "range")


@dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Parameters
    ----------
    task : {"classes", "labels", "targets"}
        One class a sample, several yes-or-no labels, or numbers.
    epochs : int
    rate : float
        Highest learning rate; it rises to it and falls again in each phase.
    blocks : float
        That of the matrices inside a transformer's blocks, which `Muon` trains: it needs half the samples. 0 leaves
        them to AdamW, as everything else.
    only : str
        What is trained: modules whose path begins so; everything if empty.
    """

    task: str
    epochs: int
    rate: float
    only: str = ""
    blocks: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """How a network comes about; the same recipe gives the same weights on the same machine.

    Parameters
    ----------
    arch : str
    options : dict
        For `build`.
    data : {"digits", "scenes", "driving", "textures"}
    samples : int
        For training; 0 means all there are.
    phases : tuple of Phase
    reach : dict of str to float
        Lowest scores on the test samples: ``accuracy``, or the coefficient of determination of each target.
    outputs : tuple of str
        Labels.
    input_shape, mean, std, range
        As of a `Network`.
    turned : bool
        Whether samples are turned and mirrored while training, where that changes no answer.
    batch : int
    decay : float
        Of the weights, as AdamW has it.
    seed : int
    """

    arch: str
    options: Mapping[str, Any]
    data: str
    samples: int
    phases: tuple[Phase, ...]
    reach: Mapping[str, float]
    outputs: tuple[str, ...]
    input_shape: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    range: tuple[float, float] = (0.0, 1.0)
    turned: bool = False
    batch: int = 32
    decay: float = 1e-2
    seed: int = 0

    @property
    def versions(self) -> dict[str, int]:
        """The `VERSIONS` that have a part in this network."""
        return {part: VERSIONS[part] for part in (self.data, self.arch, "loop")}

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as its card keeps it."""
        return asdict(self) | {"versions": self.versions}

    @property
    def digest(self) -> str:
        """sha256 of everything that decides the weights, and of nothing else."""
        stated = {name: value for name, value in _stated(self).items() if name not in USE}
        return digest({**stated, "phases": [_stated(phase) for phase in self.phases], "versions": self.versions})


def _stated(item: Phase | Recipe) -> dict[str, Any]:
    """Return the fields that are not at their default: a field that is new to the class changes no digest."""
    found = {f.name: getattr(item, f.name) for f in fields(item)}
    return {f.name: found[f.name] for f in fields(item) if f.default is MISSING or found[f.name] != f.default}


def scenes(arch: str, options: Mapping[str, Any], samples: int, phase: Phase) -> Recipe:
    """Return the recipe of a network that tells the shape of a scene's red object."""
    return Recipe(arch, options, "scenes", samples, (phase,), {"accuracy": 0.95}, SHAPES, (3, 64, 64), (0.5,), (0.25,),
                  turned=True)


RECIPES: dict[str, Recipe] = {
    "digits-cnn": Recipe(
        "cnn", {"in_channels": 1, "layers": (16, 32, "M", 64), "pool": 4, "hidden": (64,)}, "digits", 0,
        (Phase("classes", 10, 3e-3),), {"accuracy": 0.97}, tuple("0123456789"), (1, 8, 8), (4.9,), (6.0,),
        (0.0, 16.0)),
    "scenes-cnn": scenes("cnn", {"layers": (16, "M", 32, "M", 48, "M", 64)}, 4000,
                         Phase("classes", 5, 2e-3)),
    "scenes-resnet": scenes("resnet", {"block": "basic", "depths": (1, 1, 1, 1), "width": 16, "stem": "small"},
                            3000, Phase("classes", 3, 3e-3)),
    "scenes-vit": scenes("vit", {"image_size": 64, "patch_size": 8, "num_layers": 3, "num_heads": 4, "hidden_dim": 64,
                                 "mlp_dim": 128}, 14000, Phase("classes", 4, 3e-3, blocks=5e-3)),
    "driving-cnn": Recipe(
        "cnn", {"layers": (16, "M", 24, 32, "M", 48, 64, "M", 64), "dropout": 0.2}, "driving", 6000,
        (Phase("labels", 3, 3e-3), Phase("targets", 1, 3e-3, "classifier"), Phase("targets", 7, 3e-3)),
        {"steering": 0.9, "velocity": 0.95}, TARGETS, (3, 48, 80), (0.45,), (0.25,)),
    "textures-cnn": Recipe(
        "cnn", {"in_channels": 1, "layers": (16, "M", 32, "M", 32)}, "textures", 2000, (Phase("classes", 4, 3e-3),),
        {"accuracy": 0.95}, CLASSES, (1, SIDE, SIDE), (0.46,), (0.14,), turned=True),
}
