"""Lattice constants of seven fcc metals: a benchmark in one file, as the tutorial explains it."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, reference_states

from assay import Benchmark, Case, Metric, Parity, Record, View, benchmark

STRETCH = np.array([0.96, 0.98, 1.00, 1.02, 1.04])


def fcc(symbol, a):
    """Return the primitive cell of an fcc metal; `a` in Å."""
    return Atoms(symbol, cell=a / 2 * (1 - np.eye(3)), pbc=True)


@benchmark
class FccLattice(Benchmark):
    """Lattice constants of seven fcc metals, from the minimum of a parabola through five energies."""

    name, title, version = "atoms/fcc-lattice", "Lattice constants of fcc metals", 1
    category = "Bulk crystals"
    metrics = (Metric("mae", "Å", good=0.02, bad=0.3, level="experiment", tip="mean absolute error over the metals"),)
    views = (View("mae", Parity("reference", "predicted", "Å")),)
    citation = "Room-temperature values as ase.data.reference_states lists them."

    def supports(self, model):
        """One atom a cell needs k-points."""
        return "knows the Gamma point only" if model.meta.get("gamma_only") else None

    def cases(self):
        """One metal each."""
        for symbol in ("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt"):
            a = reference_states[atomic_numbers[symbol]]["a"]
            yield Case(symbol, {"a": a}, tags=(f"el:{symbol}",))

    def calc(self, calculator, case):
        """Predict the lattice constant of one metal."""
        lengths = case.inputs["a"] * STRETCH
        energies = calculator.energies([fcc(case.id, a) for a in lengths])
        curvature, slope, _ = np.polyfit(lengths, energies, 2)
        if curvature <= 0:
            return Record.failed("no minimum: the energy does not curve upwards within 4% of the reference")
        return Record({"reference": case.inputs["a"], "predicted": float(-slope / (2 * curvature))})

    def analyse(self, records):
        """Mean absolute error."""
        return {"mae": np.mean([abs(r["predicted"] - r["reference"]) for r in records])}
