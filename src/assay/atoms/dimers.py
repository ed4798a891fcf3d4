"""Interaction energies of the S22 and S22x5 dimers, their fragments frozen as they are in the dimer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ase import Atoms, units
from ase.data.s22 import create_s22_system, get_number_of_dimer_atoms

from assay.atoms import artefact, tags
from assay.core.record import Case, Record

if TYPE_CHECKING:
    from assay.atoms.evaluate import Evaluator

KCAL = units.kcal / units.mol  # kcal/mol in eV


def fragments(name: str) -> tuple[Atoms, Atoms, Atoms]:
    """Return the dimer AB, A (its first atoms) and B (the rest), by the name it has in ``ase.data.s22``."""
    dimer = create_s22_system(name)
    first, second = get_number_of_dimer_atoms(name)
    if first + second != len(dimer):
        raise ValueError(f"{name}: {first} + {second} atoms in the fragments, {len(dimer)} in the dimer")
    return dimer, dimer[:first], dimer[first:]


def case(name: str, **inputs: Any) -> Case:
    """Return the case of a dimer; the work of most models grows faster than its number of atoms."""
    dimer = create_s22_system(name)
    return Case(name, inputs, tags.of(dimer), cost=len(dimer) ** 2)


def record(evaluator: Evaluator, name: str, reference: float) -> Record:
    """Return E(AB) - E(A) - E(B) of a dimer.

    Parameters
    ----------
    evaluator : Evaluator
    name : str
    reference : float
        eV.

    Returns
    -------
    Record
        ``reference`` and ``predicted`` in kcal/mol; the artefact ``dimer``.
    """
    structures = fragments(name)
    dimer, *parts = evaluator.energies(structures)
    values = {"reference": reference / KCAL, "predicted": (dimer - sum(parts)) / KCAL}
    return Record(values, {"dimer": artefact.structure(structures[0], dimer, label=name.replace("_", " "))})
