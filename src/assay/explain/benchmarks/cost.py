"""Cost: what an explanation takes beside one plain pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.core.benchmark import Benchmark
from assay.core.errors import AssayError, Skip
from assay.core.model import Model
from assay.core.plot import Bar
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

if TYPE_CHECKING:
    from assay.explain.methods import Loaded

NETWORKS = ("vgg16", "resnet50", "vit")
BATCHES = (1, 8)
SIDE = 224
JUDGED = 64  # side of the pictures that the methods' windows are meant for


@benchmark
class Cost(Benchmark):
    """Time of an explanation over that of one forward pass with the gradient to the input, both timed in turns.

    Random weights, pictures of 224 x 224. Windows of occlusion have the same share of the picture as on the scenes.
    """

    name, title, category, version = "explain/cost", "Cost of an explanation", "Cost", 1
    metrics = (
        Metric("ratio", "", 1, 20, tip="median time over that of a plain pass; mean over the networks"),
        Metric("memory", "", 1, 20, weight=0, tip="peak of the memory it allocates, over that of a plain pass"),
        Metric("calls", "", 1, 100, weight=0, tip="forward passes of a sample"),
        Metric("ratio_full", "", 1, 20, weight=0, tip="ratio over all cases that were run, batches of 8 too"),
    )
    views = (View("ratio", Bar("ratio")), View("memory", Bar("memory")), View("calls", Bar("calls")))
    licence = "no data: seeded random numbers"
    case_timeout = 1800.0

    def supports(self, model: Model) -> str | None:
        return "takes part in explain/parity alone" if model.meta.get("parity") else None

    def cases(self) -> Iterator[Case]:
        for batch in BATCHES:
            for network in NETWORKS:
                yield Case(f"{network}-{batch}", {"network": f"{network}-random", "batch": batch},
                           (f"network:{network}", *(["full"] if batch > 1 else [])), cost=batch)

    def calc(self, method: Loaded, case: Case) -> Record:
        import torch

        from assay.explain.costing import cost
        from assay.explain.questions import network

        asked = network(case.inputs["network"])
        pictures = torch.rand(case.inputs["batch"], 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
        inputs, more = asked.from_unit(pictures), _scaled(method)
        try:
            found = cost(lambda: method(asked, inputs, **more), asked.module, inputs)
        except AssayError as error:
            raise Skip(f"{case.inputs['network']} does not allow it: {error.message}") from error
        return Record(asdict(found) | {"threads": torch.get_num_threads()})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        found = {name: float(np.mean([r[name] for r in records])) for name in ("ratio", "memory", "calls")}
        return {**found, "ratio_full": found["ratio"]}


def _scaled(method: Loaded) -> dict[str, Any]:
    """Return the options that are in pixels, for the larger picture."""
    return {key: method.options[key] * SIDE // JUDGED for key in ("window", "stride") if key in method.options}
