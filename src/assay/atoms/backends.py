"""How a loaded model gives what is asked of it, and only that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

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
    """Any ASE calculator.

    Raises
    ------
    TypeError
        If it is none.
    """

    def __init__(self, calculator: Any) -> None:
        if not hasattr(calculator, "get_property"):
            raise TypeError(f"the loader returned {type(calculator).__name__}: expected an ASE calculator")
        self.calculator, self.elements = calculator, _elements(calculator)

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> Results:
        """Ask for the wanted properties; a calculator that computed more gives it too."""
        # Calculators notice a change of positions, and not one of atoms.info. (A sum of calculators has no reset.)
        if hasattr(self.calculator, "reset"):
            self.calculator.reset()
        results = {name: self.calculator.get_property(name, atoms) for name in wanted}
        return _known(self.calculator.results) | results


class TbliteBackend:
    """Extended tight binding: charge and multiplicity are parameters, the whole singlepoint comes at once."""

    elements: frozenset[str] | None = None

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


def backend(loaded: Any) -> Backend:
    """Return the way to ask what a loader returned: by the package its class comes from, else as any calculator."""
    package = type(loaded).__module__.partition(".")[0]
    if package == "chgnet":
        return _chgnet(loaded)
    if package == "tblite":
        return TbliteBackend(loaded)
    return CalculatorBackend(loaded)


def _chgnet(loaded: Any) -> Backend:
    """Return how to ask a CHGNet network, or the one of a calculator."""
    calculator = hasattr(loaded, "get_property")
    try:
        from assay.atoms.chgnet import ChgnetBackend
    except ImportError:  # another version of chgnet, arranged differently: slower, with the same numbers
        from chgnet.model.dynamics import CHGNetCalculator

        return CalculatorBackend(loaded if calculator else CHGNetCalculator(loaded))
    return ChgnetBackend(loaded.model if calculator else loaded)


def _known(results: Results) -> dict[str, Any]:
    return {name: results[name] for name in PROPERTIES if results.get(name) is not None}


def _elements(calculator: Any) -> frozenset[str] | None:
    """Return the elements that a calculator knows, where it can say: EMT, SevenNet, MACE."""
    from ase.data import atomic_numbers, chemical_symbols

    kind = type(calculator)
    if kind.__module__ == "ase.calculators.emt":
        from ase.calculators.emt import parameters

        return frozenset(parameters)
    known = getattr(calculator, "type_map", None) or getattr(getattr(calculator, "z_table", None), "zs", None)
    numbers = [int(z) for z in known] if known is not None else []
    return frozenset(chemical_symbols[z] for z in numbers if 0 < z < len(atomic_numbers)) or None


def _beyond(atoms: Atoms, last: int) -> str:
    from ase.data import chemical_symbols

    return structures.unsupported(chemical_symbols[1:last + 1], atoms) or "no parameters for these elements"
