"""Force consistency: forces are minus the gradient of the energy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ase import Atoms

from assay.atoms import artefact
from assay.atoms import physical_structures as physical
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import column
from assay.core.benchmark import Benchmark
from assay.core.plot import Bar
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

COMPONENTS = 10  # or all of them, in a structure that has fewer
STEP = 0.01  # A
# Five-point central difference: error of fourth order in the step.
STENCIL = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}


@benchmark
class ForceConsistency(Benchmark):
    """|F + dE/dx| of 10 random force components, the gradient by a five-point central difference."""

    name, title, category, version = "atoms/force-consistency", "Force consistency", "Physicality", 1
    metrics = (Metric("error", "meV/Å", 5, 100, tip="mean deviation of forces from the gradient of the energy"),)
    views = (View("error", Bar("error", "meV/Å"), "structure"),)

    def cases(self) -> Iterator[Case]:
        return physical.cases()

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        atoms = physical.rattled(case.id)
        result = evaluator.evaluate(atoms, ["energy", "forces"])
        forces = result["forces"]
        random = physical.generator(f"force-consistency {case.id}")
        chosen = random.choice(forces.size, size=min(COMPONENTS, forces.size), replace=False)
        deviations = [1000 * abs(forces.flat[i] + slope(evaluator, atoms, *divmod(int(i), 3))) for i in chosen]
        return Record({"error": float(np.mean(deviations)), "largest": float(np.max(deviations))},
                      {"structure": artefact.structure(atoms, result["energy"], forces)})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        return {"error": column(records, "error").mean()}


def slope(evaluator: Evaluator, atoms: Atoms, atom: int, axis: int) -> float:
    """Return dE/dx in eV/A of one coordinate."""
    total = 0.0
    for steps, weight in STENCIL.items():
        copy = atoms.copy()
        copy.positions[atom, axis] += steps * STEP
        total += weight * evaluator.energy(copy)
    return total / STEP
