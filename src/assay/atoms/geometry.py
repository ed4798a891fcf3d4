"""A structure as a viewer draws it: whole molecules, bonds, the edges of the cell. Plain numbers, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from ase.data.colors import jmol_colors

BOND = 1.15  # times the sum of covalent radii
BALL = 0.5  # drawn radius in covalent radii
MANY = 20_000  # atoms; more are drawn without bonds


def scene(frames: Sequence[Atoms]) -> dict[str, Any]:
    """Return what a viewer needs of one structure or of the frames of a trajectory.

    Returns
    -------
    dict
        ``symbols colours radii`` per atom, ``cell`` (edges of the first frame's cell, pairs of points in A, or none)
        and ``frames``, each with ``positions`` [N, 3] in A, ``bonds`` (pairs of atoms) and ``stubs`` (an atom and
        the point where its bond leaves for a periodic image).
    """
    first = frames[0]
    return {
        "symbols": [chemical_symbols[z] for z in first.numbers],
        "colours": [colour(z) for z in first.numbers],
        "radii": _rounded(BALL * covalent_radii[first.numbers]),
        "cell": _edges(first),
        "frames": [_frame(atoms) for atoms in frames],
    }


def colour(number: int) -> str:
    """Return the Jmol colour of an element, as ``#rrggbb``.

    >>> colour(8)
    '#ff0d0d'
    """
    return "#" + "".join(f"{round(255 * part):02x}" for part in jmol_colors[number])


def _frame(atoms: Atoms) -> dict[str, Any]:
    from ase.neighborlist import neighbor_list

    if len(atoms) > MANY:
        return {"positions": _rounded(atoms.positions), "bonds": [], "stubs": []}
    i, j, shift = neighbor_list("ijS", atoms, BOND * covalent_radii[atoms.numbers])
    positions = whole_molecules(atoms, i, j, shift)
    ends = positions[i] + atoms.positions[j] + shift @ atoms.cell.array - atoms.positions[i]
    inside = np.linalg.norm(ends - positions[j], axis=1) < 1e-3
    bonds = [[int(a), int(b)] for a, b in zip(i[inside], j[inside], strict=True) if a < b]
    stubs = [[int(a), _rounded((positions[a] + end) / 2)] for a, end in zip(i[~inside], ends[~inside], strict=True)]
    return {"positions": _rounded(positions), "bonds": bonds, "stubs": stubs}


def whole_molecules(atoms: Atoms, i: np.ndarray, j: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return positions [N, 3] in A where bonded atoms stand together and every molecule's centre is in the cell.

    Parameters
    ----------
    atoms : Atoms
    i, j, shift : arrays [P], [P], [P, 3]
        Bonded pairs: atom j, in the cell shifted by `shift`, is a neighbour of atom i.
    """
    moved = np.zeros((len(atoms), 3), int)
    molecule = np.full(len(atoms), -1)
    neighbours: list[list[tuple[int, np.ndarray]]] = [[] for _ in atoms]
    for a, b, by in zip(i.tolist(), j.tolist(), shift, strict=True):
        neighbours[a].append((b, by))
    for root in range(len(atoms)):
        if molecule[root] < 0:
            molecule[root], todo = root, [root]
            while todo:
                here = todo.pop()
                for there, by in neighbours[here]:
                    if molecule[there] < 0:
                        molecule[there], moved[there] = root, moved[here] + by
                        todo.append(there)
    positions = atoms.positions + moved @ atoms.cell.array
    if atoms.cell.rank == 3:
        for root in np.unique(molecule):
            centre = atoms.cell.scaled_positions(positions[molecule == root].mean(0)[None])[0]
            positions[molecule == root] -= (np.floor(centre + 1e-3) * atoms.pbc) @ atoms.cell.array
    return positions


def _edges(atoms: Atoms) -> list[list[list[float]]]:
    if not atoms.pbc.any() or atoms.cell.rank < 3:
        return []
    cell, edges = atoms.cell.array, []
    for along in range(3):
        u, v = cell[(along + 1) % 3], cell[(along + 2) % 3]
        edges += [[_rounded(origin), _rounded(origin + cell[along])] for origin in (0 * u, u, v, u + v)]
    return edges


def _rounded(values: np.ndarray) -> list[Any]:
    return np.round(np.asarray(values, float), 4).tolist()
