"""How a loaded model gives what is asked of it, and only that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import numpy as np
from ase import Atoms

from assay.atoms import structures
from assay.core.errors import Skip

Results = Mapping[str, Any]
PROPERTIES = ("energy", "forces", "stress")


class Backend(Protocol):
    """What an evaluator asks: a structure and names of properties in, at least those properties out.

    Units are those of ASE: energy in eV, forces [N, 3] in eV/A, stress [6] (Voigt) in eV/A^3. `elements` is None
    where the model cannot say what it knows.
    """

    elements: frozenset[str] | None

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> Results:
        """Return the wanted properties, and others that came with them at no cost."""
        ...


class CalculatorBackend:
    """Any ASE calculator."""

    def __init__(self, calculator: Any, elements: frozenset[str] | None = None) -> None:
        self.calculator, self.elements = calculator, elements

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> Results:
        """Ask for the wanted properties; a calculator that computed more gives it too."""
        results = {name: self.calculator.get_property(name, atoms) for name in wanted}
        return {**_known(self.calculator.results), **results}


class TbliteBackend:
    """Extended tight binding: charge and multiplicity are parameters, the whole singlepoint comes at once."""

    elements = None

    def __init__(self, calculator: Any) -> None:
        self.calculator = calculator

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> Results:
        """Run one singlepoint; the library gives energy, forces and (periodic) stress together."""
        from ase.calculators.calculator import InputError, all_changes

        # A wavefunction kept from the structure before would make the numbers depend on the order of the questions.
        self.calculator._xtb = self.calculator._res = None
        self.calculator.parameters.update(charge=structures.charge(atoms),
                                          multiplicity=structures.multiplicity(atoms))
        self.calculator.reset()
        try:
            self.calculator.calculate(atoms, list(wanted), all_changes)
        except InputError as error:
            if "No support for elements" in str(error):
                raise Skip(_beyond(atoms, 86)) from error
            raise
        return _known(self.calculator.results)


class ChgnetBackend:
    """CHGNet: without gradients the energy costs a quarter of its calculator's energy, forces and stress."""

    elements = None

    def __init__(self, calculator: Any) -> None:
        self.model = calculator.model

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> Results:
        """Run the network for the smallest task that holds what is wanted."""
        import torch
        from ase.units import GPa
        from pymatgen.io.ase import AseAtomsAdaptor

        task = "efs" if "stress" in wanted else "ef" if "forces" in wanted else "e"
        graph = self.model.graph_converter(AseAtomsAdaptor.get_structure(atoms))
        with torch.set_grad_enabled(task != "e"):
            prediction = self.model.predict_graph(graph, task=task)
        results = {"energy": float(prediction["e"]) * (len(atoms) if self.model.is_intensive else 1)}
        if "f" in prediction:
            results["forces"] = prediction["f"]
        if "s" in prediction:
            results["stress"] = _voigt(prediction["s"]) * GPa
        return results


def backend(loaded: Any) -> Backend:
    """Return the way to ask what a loader returned: by the package its class comes from, else as any calculator."""
    package = type(loaded).__module__.partition(".")[0]
    if package == "chgnet":
        return ChgnetBackend(loaded)
    if package == "tblite":
        return TbliteBackend(loaded)
    return CalculatorBackend(loaded)


def _voigt(tensor: np.ndarray) -> np.ndarray:
    return np.asarray(tensor, float).reshape(3, 3).flat[[0, 4, 8, 5, 2, 1]]


def _known(results: Results) -> dict[str, Any]:
    return {name: results[name] for name in PROPERTIES if results.get(name) is not None}


def _beyond(atoms: Atoms, last: int) -> str:
    from ase.data import chemical_symbols

    return structures.unsupported(chemical_symbols[1:last + 1], atoms) or "no parameters for these elements"
