"""D3(BJ) dispersion by s-dftd3: energies of pairs with rational damping."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ase import Atoms
from ase.units import Bohr, Hartree

from assay.atoms import cache, structures
from assay.atoms.backends import Results
from assay.atoms.dispersion import FUNCTIONALS
from assay.atoms.source import Source
from assay.atoms.versions import package_version

CUTOFF = 40.0  # bohr, for pairs, triples and coordination numbers
LAST_ELEMENT = 103  # s-dftd3 silently gives no dispersion at all to what comes after


class D3:
    """D3 with rational (Becke-Johnson) damping of one functional, pairs only (`atm=False`).

    Parameters
    ----------
    functional : str
        One of `FUNCTIONALS`.
    """

    def __init__(self, functional: str) -> None:
        from ase.data import chemical_symbols
        from dftd3.interface import RationalDampingParam

        self.elements: frozenset[str] | None = frozenset(chemical_symbols[1:LAST_ELEMENT + 1])
        self._damping = RationalDampingParam(method=functional, atm=False)

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> Results:
        """Return the energy, with forces and stress only when one of them is wanted."""
        from dftd3.interface import DispersionModel

        periodic = bool(atoms.pbc.any())
        model = DispersionModel(atoms.numbers, atoms.positions / Bohr, atoms.cell.array / Bohr if periodic else None,
                                atoms.pbc if periodic else None)
        model.set_realspace_cutoff(disp2=CUTOFF, disp3=CUTOFF, cn=CUTOFF)
        gradient = "forces" in wanted or "stress" in wanted
        found = model.get_dispersion(self._damping, grad=gradient)
        results: dict[str, Any] = {"energy": float(found["energy"]) * Hartree}
        if gradient:
            results["forces"] = -found["gradient"] * Hartree / Bohr
        if gradient and atoms.pbc.all():
            results["stress"] = found["virial"].flat[[0, 4, 8, 5, 2, 1]] * Hartree / atoms.get_volume()
        return results


def source(name: str) -> Source:
    """Return the source named ``d3bj-<functional>``; the name is the option that it runs with.

    Raises
    ------
    ValueError
        If the name is of another form or the functional unknown.
    """
    kind, _, functional = name.partition("-")
    if kind != "d3bj" or functional not in FUNCTIONALS:
        raise ValueError(f"dispersion {name!r}: expected d3bj-<functional> with one of {', '.join(FUNCTIONALS)}")
    method = f"{name} atm=False cutoff={CUTOFF}"
    return Source(name, method, [package_version("dftd3")], lambda: D3(functional), structures.plain, cache.shared())
