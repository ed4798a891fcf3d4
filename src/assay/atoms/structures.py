"""Structures as models are asked about them: charge, elements, what a model does not cover, boxes for molecules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

BOX_MARGIN = 20.0  # A; from 14 A on the results of the shipped models no longer depend on it
NO_CHARGE = "charge is not supported"
NO_FREE_ATOMS = "isolated atoms are not supported"


def charge(atoms: Atoms) -> int:
    """Return the total charge in e, ``atoms.info["charge"]``; 0 where nothing is said."""
    return int(atoms.info.get("charge") or 0)


def multiplicity(atoms: Atoms) -> int | None:
    """Return the spin multiplicity, ``atoms.info["multiplicity"]``; None leaves it to the model."""
    value = atoms.info.get("multiplicity")
    return None if value is None else int(value)


def plain(atoms: Atoms) -> Atoms:
    """Return a copy with what decides an energy and nothing else, so that nothing else can.

    Raises
    ------
    ValueError
        If there is no atom, a position or the cell is not finite, or a periodic structure has no volume.
    """
    if not len(atoms):
        raise ValueError("structure without atoms")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise ValueError("structure with positions or a cell that are not finite")
    if np.linalg.matrix_rank(atoms.cell.array[atoms.pbc]) < atoms.pbc.sum():
        raise ValueError("periodic structure without a cell in every periodic direction")
    # Only what was said: some calculators take any entry for a request that they compute a charged system.
    said = {"charge": charge(atoms) or None, "multiplicity": multiplicity(atoms)}
    info = {name: value for name, value in said.items() if value is not None}
    return Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell.array, pbc=atoms.pbc, info=info)


def boxed(atoms: Atoms, margin: float = BOX_MARGIN) -> Atoms:
    """Return a fully periodic copy for models that know nothing else.

    In every direction that is not periodic the cell vector becomes the normal of the others, as long as the extent
    of the atoms plus `margin` in A, with the atoms in its middle. Periodic directions stay as they are.
    """
    from ase.geometry import complete_cell

    copy = plain(atoms)
    open_directions = np.flatnonzero(~copy.pbc)
    if not len(open_directions):
        return copy
    cell = complete_cell(copy.cell.array * copy.pbc[:, None])
    for direction in open_directions:
        along = copy.positions @ cell[direction]
        length = np.ptp(along) + margin
        copy.positions += (length / 2 - (along.min() + along.max()) / 2) * cell[direction]
        cell[direction] *= length
    copy.cell, copy.pbc = cell, True
    return copy


def unsupported(elements: Iterable[str] | None, atoms: Atoms) -> str | None:
    """Return ``no parameters for Cs, W`` if the structure has elements outside `elements`; None knows them all."""
    if elements is None:
        return None
    known = set(elements)
    missing = [symbol for z in np.unique(atoms.numbers) if (symbol := chemical_symbols[z]) not in known]
    return f"no parameters for {', '.join(missing)}" if missing else None


def refusal(meta: Mapping[str, Any], atoms: Atoms) -> str | None:
    """Return why a model with this `meta` cannot be asked about the structure, or None."""
    if reason := unsupported(meta.get("elements"), atoms):
        return reason
    if charge(atoms) and meta.get("charge") is False:
        return NO_CHARGE
    if len(atoms) == 1 and not atoms.pbc.any() and meta.get("isolated_atoms") is False:
        return NO_FREE_ATOMS
    return None
