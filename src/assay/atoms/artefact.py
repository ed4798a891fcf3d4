"""A model's structure as an artefact: extended XYZ with the energy and forces that this model gave it."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from assay.core.record import Artefact


def structure(atoms: Atoms, energy: float, forces: np.ndarray | None = None, label: str = "") -> Artefact:
    """Return the artefact of a structure as the model was asked about it.

    Parameters
    ----------
    atoms : Atoms
    energy : float
        eV.
    forces : array [N, 3], optional
        eV/A.
    label : str
        What a reader is told it is; the chemical formula if empty.
    """
    text = extxyz(atoms, energy, forces)
    return Artefact("structure", text.encode(), ".extxyz", label or atoms.get_chemical_formula())


def extxyz(atoms: Atoms, energy: float, forces: np.ndarray | None = None) -> str:
    """Return one frame of extended XYZ; written here since importing ``ase.io`` costs a worker half a second.

    Every number is written so that reading it back gives the same float64. Units: eV and A.
    """
    properties, columns = "species:S:1:pos:R:3", atoms.positions
    if forces is not None:
        properties, columns = properties + ":forces:R:3", np.hstack([columns, forces])
    header = [f"Properties={properties}", f"energy={float(energy)!r}"]
    if atoms.pbc.any():
        header.insert(0, f'Lattice="{_numbers(atoms.cell.array.ravel())}"')
    header += [f"{name}={int(atoms.info[name])}" for name in ("charge", "multiplicity") if name in atoms.info]
    header.append(f'pbc="{" ".join("FT"[int(flag)] for flag in atoms.pbc)}"')
    lines = [f"{symbol} {_numbers(row)}" for symbol, row in zip(atoms.symbols, columns, strict=True)]
    return "\n".join([str(len(atoms)), " ".join(header), *lines, ""])


def _numbers(values: np.ndarray) -> str:
    return " ".join(repr(float(value)) for value in values)
