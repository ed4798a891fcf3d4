"""Extensivity: the energy of two systems that do not feel each other is the sum of their energies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from assay.atoms import artefact, tags
from assay.atoms.evaluate import Evaluator
from assay.atoms.physical_structures import apart, crystal, molecule
from assay.atoms.statistics import column
from assay.core.benchmark import Benchmark
from assay.core.errors import Skip
from assay.core.plot import Bar
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

# At most one of a pair has a dipole: two that have one still feel each other by 0.2 meV at 30 A, these by 0.02.
MOLECULES, POLAR = ("CH4", "CO2", "C2H4", "C6H6", "N2"), "H2O"
CRYSTALS = ("Si-diamond", "Cu-fcc", "NaCl-rocksalt")
DISTANCE = 30.0  # A


@benchmark
class Extensivity(Benchmark):
    """|E(AB) - E(A) - E(B)| of molecules 30 A apart, and |E(2x2x2 cells) / 8 - E(cell)| of crystals."""

    name, title, category, version = "atoms/extensivity", "Extensivity", "Physicality", 1
    metrics = (Metric("error", "meV", 0, 10, tip="largest deviation; an energy that adds up has none"),)
    views = (View("error", Bar("error", "meV"), "structure"),)

    def cases(self) -> Iterator[Case]:
        for parts in [*combinations(MOLECULES, 2), *((POLAR, other) for other in MOLECULES)]:
            yield Case("+".join(parts), {"molecules": list(parts)}, tags.of(*map(molecule, parts)))
        for name in CRYSTALS:
            yield Case(name, {"crystal": name}, tags.of(crystal(name)), cost=4)

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        if name := case.inputs.get("crystal"):
            if evaluator.model.meta.get("gamma_only"):
                raise Skip("Gamma point only: a cell is not comparable with its supercell")
            parts, share = [crystal(name)], 8
            whole = parts[0].repeat(2)
        else:
            parts, share = [molecule(name) for name in case.inputs["molecules"]], 1
            whole = apart(parts[0], parts[1], DISTANCE)
        energy, *energies = evaluator.energies([whole, *parts])
        error = 1000 * abs(energy / share - sum(energies))
        return Record({"error": error}, {"structure": artefact.structure(whole, energy)})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        return {"error": column(records, "error").max()}
