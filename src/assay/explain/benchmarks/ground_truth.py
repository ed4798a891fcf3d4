"""Ground truth: does the relevance lie on what decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from assay.core.benchmark import Benchmark
from assay.core.errors import AssayError, Skip
from assay.core.model import Model
from assay.core.plot import ImageGrid, Parity
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

if TYPE_CHECKING:
    from assay.explain.methods import Loaded

NETWORKS = ("scenes-cnn", "scenes-resnet", "scenes-vit")
SCENES, SEED = 60, 3  # no network was trained or judged on scenes of this seed
SURE = 0.8


@benchmark
class GroundTruth(Benchmark):
    """Scenes whose class is the shape of the one red object: the share of the relevance that lies on that object.

    Positive relevance counts, summed over the colours; `mass_l2` and `rank_l2` take the root of the squares instead.
    Chance is `area`, the object's share of the picture. A scene that the network gets wrong, or is less than 0.8
    sure of, is skipped: there is nothing right to explain.
    """

    name, title, category, version = "explain/ground-truth", "Relevance on what decides", "Faithfulness", 1
    metrics = (
        Metric("mass", "", 1, 0, tip="share of the positive relevance that lies on the red object"),
        Metric("rank", "", 1, 0, tip="share of the K most relevant pixels that lie on the object of K pixels"),
        Metric("gain", "", 20, 1, weight=0, tip="mass over area: how many times chance"),
        Metric("mass_l2", "", 1, 0, weight=0, tip="mass, with the root of the squares over the colours"),
        Metric("rank_l2", "", 1, 0, weight=0, tip="rank, with the root of the squares over the colours"),
    )
    views = (View("mass", Parity("area", "mass"), "heatmap"), View("mass", ImageGrid("heatmap"), "heatmap"),
             View("rank", Parity("area", "rank"), "heatmap"), View("mass_l2", Parity("area", "mass_l2"), "heatmap"))
    citation = "Metrics: Arras, Osman, Samek, Information Fusion 81, 14 (2022), doi:10.1016/j.inffus.2021.11.008"
    licence = "rendered by assay"
    case_timeout = 1200.0  # the first case of a network trains it, if that has not been done yet

    def supports(self, model: Model) -> str | None:
        return "takes part in explain/parity alone" if model.meta.get("parity") else None

    def cases(self) -> Iterator[Case]:
        from assay.explain.recipes import RECIPES  # listing benchmarks needs no network

        for network in NETWORKS:
            # The recipe is part of the case: other weights are another question.
            inputs = {"network": network, "recipe": RECIPES[network].digest[:12], "seed": SEED}
            for i in range(SCENES):
                yield Case(f"{network}/{i:03d}", {**inputs, "scene": i},
                           (f"network:{network}", f"cluster:scene-{i:03d}"))

    def calc(self, method: Loaded, case: Case) -> Record:
        from assay.explain.heatmap import pack
        from assay.explain.metrics import relevance_mass, relevance_rank
        from assay.explain.questions import network, scene, sure_of

        asked = scene(network(case.inputs["network"]), SCENES, SEED, case.inputs["scene"])
        probability = sure_of(asked, SURE)
        try:
            relevance = method(asked.network, asked.inputs, asked.label).relevance
        except AssayError as error:
            raise Skip(f"{case.inputs['network']} does not allow it: {error.message}") from error
        values = {"probability": probability, "area": float(asked.mask.double().mean())}
        for suffix, pool in (("", "positive"), ("_l2", "l2")):
            values[f"mass{suffix}"] = float(relevance_mass(relevance.double(), asked.mask, pool))
            values[f"rank{suffix}"] = float(relevance_rank(relevance.double(), asked.mask, pool))
        values["gain"] = values["mass"] / values["area"]
        return Record(values, {"heatmap": pack(asked.image[0], relevance[0], asked.mask[0], label="relevance")})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        return {metric.name: float(np.mean([r[metric.name] for r in records])) for metric in self.metrics}
