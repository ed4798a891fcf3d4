"""X23: lattice energies of molecular crystals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from ase.units import kJ, mol

from assay.atoms import artefact, molcrys, tags
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import differences
from assay.core.benchmark import Benchmark
from assay.core.data import RemoteSet
from assay.core.plot import Parity
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

URL = "https://raw.githubusercontent.com/water-ice-group/MolCrys-DMC/147a60c6911568d037c2ec8baf294dbfc589c461/"
MOLCRYS = RemoteSet.from_sums("molcrys-dmc", URL, Path(__file__).with_suffix(".sha256"))


@benchmark
class X23(Benchmark):
    """Lattice energies of 23 molecular crystals: E(solid) / n - E(molecule), against diffusion Monte Carlo."""

    name, title, category, version = "atoms/x23", "X23 lattice energies", "Molecular crystals", 1
    data = {"x23": MOLCRYS}
    metrics = (
        Metric("mae", "kJ/mol", 3.5, 100, level="DMC", tip="mean absolute error; experiments are 3.5 off DMC"),
        Metric("rmse", "kJ/mol", 3.5, 100, weight=0, level="DMC", tip="root mean square error"),
        Metric("me", "kJ/mol", 0, 100, weight=0, level="DMC", signed=True, tip="negative: bound too strongly"),
        Metric("mae_experiment", "kJ/mol", 3.5, 100, weight=0, level="experiment", tip="mean absolute error"),
    )
    views = (View("mae", Parity("reference", "predicted", "kJ/mol", error="reference_error"), "crystal"),
             View("mae_experiment", Parity("experiment", "predicted", "kJ/mol"), "crystal"))
    citation = ("Della Pia, Zen, Alfè, Michaelides, Phys. Rev. Lett. 133, 046401 (2024), "
                "doi:10.1103/PhysRevLett.133.046401, arXiv:2402.13059")
    licence = "none stated by the authors: fetched and verified, never bundled"

    def cases(self) -> Iterator[Case]:
        for number, system in enumerate(molcrys.systems(MOLCRYS.files), start=1):
            atoms = molcrys.composition(self.path("x23"), system)
            yield Case(system, {"number": number}, tags.elements(atoms), cost=atoms.total() ** 2)

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        solid, molecule = molcrys.structures(self.path("x23"), case.id)
        n = molcrys.molecules_in(solid, molecule)
        in_solid, free = evaluator.energies([solid, molecule])
        values = molcrys.references(self.path("x23"), case.inputs["number"]) | {
            "predicted": (in_solid / n - free) / (kJ / mol), "n_molecules": n}
        note = {"note": "Gamma only"} if evaluator.model.meta.get("gamma_only") else {}
        return Record(values | note, {"crystal": artefact.structure(solid, in_solid),
                                      "molecule": artefact.structure(molecule, free)})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        error = differences(records)
        return {"mae": np.abs(error).mean(), "rmse": np.sqrt((error**2).mean()), "me": error.mean(),
                "mae_experiment": np.abs(differences(records, reference="experiment")).mean()}
