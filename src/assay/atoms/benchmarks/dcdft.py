"""Delta test: equations of state of the elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ase.data import chemical_symbols
from ase.utils.deltacodesdft import delta

from assay.atoms import artefact, eos, tags
from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import column, differences
from assay.core.benchmark import Benchmark
from assay.core.model import Model
from assay.core.plot import Parity, PeriodicTable
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

ELEMENTS = (*chemical_symbols[1:57], *chemical_symbols[71:85], "Rn")  # of ase.collections.dcdft, slow to import
PLAIN = ["Li", "Na", "K", "Mg", "Ca", "Al", "Si", "Ge", "Cu", "Ag", "Pd", "Au"]


@benchmark
class DeltaTest(Benchmark):
    """Equations of state of elemental crystals against all-electron PBE (WIEN2k)."""

    name, title, category, version = "atoms/dcdft", "Delta test", "Bulk crystals", 1
    metrics = (
        Metric("delta", "meV/atom", 1, 20, level="PBE", tip="mean distance of the E(V) curves over a 12% volume range"),
        Metric("v0", "%", 0.5, 5, level="PBE", tip="mean absolute relative error of the equilibrium volume"),
        Metric("b0", "%", 5, 50, level="PBE", tip="mean absolute relative error of the bulk modulus"),
        Metric("delta_full", "meV/atom", 1, 20, weight=0, level="PBE", tip="delta over all elements that were run"),
    )
    views = (View("delta", PeriodicTable("delta", "meV/atom"), "crystal"),
             View("v0", Parity("v0_ref", "v0", "Å³/atom"), "crystal"),
             View("b0", Parity("b0_ref", "b0", "GPa"), "crystal"),
             View("delta_full", PeriodicTable("delta", "meV/atom"), "crystal"))
    citation = ("Lejaeghere, Van Speybroeck, Van Oost, Cottenier, Crit. Rev. Solid State Mater. Sci. 39, 1 (2014), "
                "doi:10.1080/10408436.2013.772503")
    licence = "as distributed with ASE (LGPL-2.1-or-later)"

    def supports(self, model: Model) -> str | None:
        return "Gamma point only: no equation of state of a primitive cell" if model.meta.get("gamma_only") else None

    def cases(self) -> Iterator[Case]:
        for element in ELEMENTS:
            yield Case(element, tags=tags.elements([element]) + (() if element in PLAIN else ("full",)))

    def calc(self, evaluator: Evaluator, case: Case) -> Record:
        from ase.collections import dcdft

        wien2k, atoms = dcdft.data[case.id], dcdft[case.id]
        v0, b0, bp = (wien2k[f"wien2k_{name}"] for name in ("volume", "B", "Bp"))
        scan = eos.scan(evaluator.energy, atoms, v0)
        found = scan.minimum
        distance = delta(found.v0, found.b0 / eos.EV_A3_IN_GPA, found.bp, v0, b0 / eos.EV_A3_IN_GPA, bp)
        lowest = scan.energies.argmin()
        crystal = artefact.structure(eos.scaled(atoms, scan.volumes[lowest]), scan.energies[lowest] * len(atoms))
        return Record({"v0": found.v0, "b0": found.b0, "bp": found.bp, "delta": 1000 * float(distance),
                       "v0_ref": v0, "b0_ref": b0, "bp_ref": bp, "volumes": scan.volumes.tolist(),
                       "energies": scan.energies.tolist()}, {"crystal": crystal})

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        mean = column(records, "delta").mean()
        percent = {name: 100 * np.abs(differences(records, name, f"{name}_ref") / column(records, f"{name}_ref")).mean()
                   for name in ("v0", "b0")}
        return {"delta": mean, "delta_full": mean, **percent}
