"""S22x5: the dimers of S22 pushed together and pulled apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ase.data.s22 import get_interaction_energy_s22x5, get_s22x5_id, s22x5

from assay.atoms import dimers
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import differences
from assay.core.benchmark import Benchmark
from assay.core.plot import Line
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark


@benchmark
class S22x5(Benchmark):
    """Interaction energies of the S22 dimers at 0.9, 1.0, 1.2, 1.5 and 2.0 times their equilibrium distance."""

    name, title, category, version = "atoms/s22x5", "S22x5 dissociation curves", "Non-covalent", 1
    metrics = (Metric("mae", "kcal/mol", 0.5, 20, level="CCSD(T)/CBS",
                      tip="mean absolute error over 22 dimers at five distances"),)
    views = (View("mae", Line("distance", "predicted", group="dimer", unit="kcal/mol", x_unit="equilibrium distance",
                              reference="reference"), "dimer"),)
    citation = ("Gráfová, Pitoňák, Řezáč, Hobza, J. Chem. Theory Comput. 6, 2365 (2010), doi:10.1021/ct1002253; "
                "each curve scaled to the S22 energies of doi:10.1063/1.3378024")
    licence = "as distributed with ASE (LGPL-2.1-or-later)"

    def cases(self) -> Iterator[Case]:
        for name in s22x5:
            dimer, distance = get_s22x5_id(name)
            yield dimers.case(name, dimer=dimer, distance=float(distance))

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        record = dimers.record(evaluator, case.id, get_interaction_energy_s22x5(case.id, correct_offset=True))
        record.values.update(case.inputs)
        return record

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        return {"mae": np.abs(differences(records)).mean()}
