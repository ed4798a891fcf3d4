"""Invariance: energies do not depend on where a structure is, how it is turned, or how its atoms are numbered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from assay.atoms import artefact
from assay.atoms import physical_structures as physical
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import column
from assay.core.benchmark import Benchmark
from assay.core.plot import Bar
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

TRIALS = 3


@benchmark
class Invariance(Benchmark):
    """Largest change of the energy, and of the turned forces, when nothing that matters has changed."""

    name, title, category, version = "atoms/invariance", "Invariance", "Physicality", 1
    metrics = (
        Metric("rotation", "meV/atom", 0.01, 1, tip="largest energy change over 3 random rotations"),
        Metric("translation", "meV/atom", 0.01, 1, tip="the same over 3 translations, across cell boundaries too"),
        Metric("permutation", "meV/atom", 0.01, 1, tip="the same over 3 renumberings of the atoms"),
        Metric("forces", "meV/Å", 1, 50, tip="largest change of a force component that turns with the structure"),
    )
    views = tuple(View(metric.name, Bar(metric.name, metric.unit), "structure") for metric in metrics)

    def cases(self) -> Iterator[Case]:
        return physical.cases()

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        atoms, random = physical.rattled(case.id), physical.generator(f"invariance {case.id}")
        start = evaluator.evaluate(atoms, ["energy", "forces"])
        energy, forces = start["energy"], start["forces"]
        rotations = [physical.random_rotation(random) for _ in range(TRIALS)]
        turned = [evaluator.evaluate(physical.rotated(atoms, matrix), ["energy", "forces"]) for matrix in rotations]
        energies = {
            "rotation": [result["energy"] for result in turned],
            "translation": evaluator.energies(physical.translated(atoms, random) for _ in range(TRIALS)),
            "permutation": evaluator.energies(atoms[random.permutation(len(atoms))] for _ in range(TRIALS)),
        }
        values = {name: 1000 * np.abs(np.subtract(found, energy)).max() / len(atoms)
                  for name, found in energies.items()}
        values["forces"] = 1000 * max(np.abs(result["forces"] - forces @ matrix.T).max()
                                      for result, matrix in zip(turned, rotations, strict=True))
        return Record({name: float(value) for name, value in values.items()},
                      {"structure": artefact.structure(atoms, energy, forces)})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        return {metric.name: column(records, metric.name).max() for metric in self.metrics}
