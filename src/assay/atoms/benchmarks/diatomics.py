"""Diatomics: energy curves of two equal atoms, judged by their shape alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ase.data import chemical_symbols

from assay.atoms import artefact, curves, tags
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import column
from assay.core.benchmark import Benchmark
from assay.core.plot import Line, PeriodicTable
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

PLAIN = ["H", "C", "N", "O", "F", "P", "S", "Cl", "Si", "Cu", "Al"]
ELEMENTS = chemical_symbols[1:95]  # to Pu, the last one that any training set covers
MOST_MISSING = 8


@benchmark
class Diatomics(Benchmark):
    """Energy curves of homonuclear diatomics: one well, a wall inside it, a slope outside it, nothing else."""

    name, title, category, version = "atoms/diatomics", "Homonuclear diatomics", "Physicality", 1
    metrics = (
        Metric("minima", "", 1, 5, tip="mean number of energy minima along a curve"),
        Metric("force_flips", "", 1, 5, tip="mean number of sign changes of the force along a curve"),
        Metric("spearman_repulsion", "", -1, 1, tip="mean rank correlation of distance and energy inside the well"),
        Metric("spearman_attraction", "", 1, -1, tip="the same outside the well"),
    )
    views = (View("minima", Line("distances", "energies", unit="eV", x_unit="Å"), "deepest"),
             View("force_flips", Line("distances", "forces", unit="eV/Å", x_unit="Å"), "deepest"),
             View("spearman_repulsion", PeriodicTable("spearman_repulsion"), "deepest"),
             View("spearman_attraction", PeriodicTable("spearman_attraction"), "deepest"))
    citation = "after Chiang et al., MLIP Arena, arXiv:2509.20630 (2025); no reference data"

    def cases(self) -> Iterator[Case]:
        for element in ELEMENTS:
            yield Case(element, tags=tags.elements([element]) + (() if element in PLAIN else ("full",)))

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        points, reasons = curves.curve(evaluator, case.id)
        if len(reasons) > MOST_MISSING:
            return Record.failed(f"{len(reasons)} of {curves.POINTS} distances without a result: {reasons[0]}")
        r, energies, forces = np.array(points).T
        values = curves.shape(r, energies, forces) | {"missing": len(reasons), "distances": r.tolist(),
                                                      "energies": (energies - energies[-1]).tolist(),
                                                      "forces": forces.tolist()}
        deepest = points[int(energies.argmin())]
        return Record(values, {"deepest": artefact.structure(curves.pair(case.id, deepest[0]), deepest[1])})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        return {metric.name: column(records, metric.name).mean() for metric in self.metrics}
