"""S22: interaction energies of small dimers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ase.data.s22 import get_interaction_energy_s22, s22

from assay.atoms import dimers
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import differences
from assay.core.benchmark import Benchmark
from assay.core.plot import Parity
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark


@benchmark
class S22(Benchmark):
    """Interaction energies of 22 dimers: E(AB) - E(A) - E(B), the fragments frozen as they are in the dimer."""

    name, title, category, version = "atoms/s22", "S22 interaction energies", "Non-covalent", 1
    metrics = (
        Metric("mae", "kcal/mol", 0.5, 20, level="CCSD(T)/CBS", tip="mean absolute error over the dimers"),
        Metric("me", "kcal/mol", 0, 20, weight=0, level="CCSD(T)/CBS", signed=True,
               tip="mean error; negative: bound too strongly"),
    )
    views = (View("mae", Parity("reference", "predicted", "kcal/mol"), "dimer"),)
    citation = ("Jurečka, Šponer, Černý, Hobza, Phys. Chem. Chem. Phys. 8, 1985 (2006), doi:10.1039/B600027D; "
                "energies: Takatani, Hohenstein, Malagoli, Marshall, Sherrill, J. Chem. Phys. 132, 144104 (2010), "
                "doi:10.1063/1.3378024")
    licence = "as distributed with ASE (LGPL-2.1-or-later)"

    def cases(self) -> Iterator[Case]:
        return (dimers.case(name) for name in s22)

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        return dimers.record(evaluator, case.id, get_interaction_energy_s22(case.id))

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        error = differences(records)
        return {"mae": np.abs(error).mean(), "me": error.mean()}
