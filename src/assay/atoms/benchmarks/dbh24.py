"""DBH24: barrier heights of small gas-phase reactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ase import Atoms
from ase.data import dbh24

from assay.atoms import artefact, tags
from assay.atoms.dimers import KCAL
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import differences
from assay.core.benchmark import Benchmark
from assay.core.plot import Parity
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark


@benchmark
class DBH24(Benchmark):
    """Forward and backward barriers of 12 reactions: E(transition state) - E(reactants), and - E(products)."""

    name, title, category, version = "atoms/dbh24", "DBH24 barrier heights", "Reactions", 1
    metrics = (Metric("mae", "kcal/mol", 1, 20, level="W4", tip="mean absolute error over the 24 barriers"),)
    views = (View("mae", Parity(("reference_forward", "reference_backward"), ("forward", "backward"), "kcal/mol"),
                  "transition_state"),)
    citation = ("Zheng, Zhao, Truhlar, J. Chem. Theory Comput. 3, 569 (2007), doi:10.1021/ct600281g; energies: "
                "J. Chem. Theory Comput. 5, 808 (2009), doi:10.1021/ct800568m")
    licence = "as distributed with ASE (LGPL-2.1-or-later)"

    def cases(self) -> Iterator[Case]:
        for reaction, entry in dbh24.dbh24_reaction_list.items():
            state = species(entry["tst"])
            inputs = {"reactants": entry["initial"], "products": entry["final"], "transition_state": entry["tst"]}
            yield Case(reaction, inputs, tags.of(state), cost=len(state) ** 2)

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        name = case.inputs["transition_state"]
        state = species(name)
        top = evaluator.energy(state)
        forward, backward = (top - sum(evaluator.energies(species(part) for part in case.inputs[side]))
                             for side in ("reactants", "products"))
        values = {"forward": forward / KCAL, "reference_forward": dbh24.get_dbh24_Vf(name),
                  "backward": backward / KCAL, "reference_backward": dbh24.get_dbh24_Vb(name)}
        return Record(values, {"transition_state": artefact.structure(state, top)})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        errors = [differences(records, side, f"reference_{side}") for side in ("forward", "backward")]
        return {"mae": np.abs(errors).mean()}


def species(name: str) -> Atoms:
    """Return a species of DBH24 with its charge and multiplicity in ``info``."""
    # The moments go into the multiplicity alone: as initial moments they would reach some calculators a second time.
    moments = dbh24.get_dbh24_magmoms(name)
    multiplicity = 1 + round(sum(moments or [0]))
    return dbh24.create_dbh24_system(name, magmoms=None, info={
        "charge": round(dbh24.get_dbh24_charge(name)), "multiplicity": multiplicity})
