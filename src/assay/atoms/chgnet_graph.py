"""CHGNet's graph of a crystal, built in arrays: chgnet builds it bond by bond in Python, ten times slower."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from ase import Atoms
from chgnet.graph.crystalgraph import TORCH_DTYPE, CrystalGraph
from pymatgen.optimization.neighbors import find_points_in_spheres
from torch import Tensor

TOLERANCE = 1e-8  # A; pairs closer are an atom and itself


def crystal_graph(atoms: Atoms, converter: Any, gradients: bool = False) -> CrystalGraph:
    """Return what chgnet's converter makes of a periodic structure, up to the order of bonds and angles.

    Parameters
    ----------
    atoms : Atoms
        Fully periodic.
    converter : chgnet.graph.CrystalGraphConverter
        Gives the two cut-offs, in A.
    gradients : bool
        Whether positions and cell will be differentiated.
    """
    cell = np.ascontiguousarray(atoms.cell.array)
    fractional = atoms.positions @ np.linalg.inv(cell)
    center, neighbour, image, distance = _pairs(atoms, cell, converter.atom_graph_cutoff)
    first, undirected, kept = _undirected(len(atoms), center, neighbour, image.astype(np.int64))
    center, neighbour, image, distance = center[kept], neighbour[kept], image[kept], distance[kept]
    return CrystalGraph(
        atomic_number=torch.tensor(atoms.numbers, dtype=torch.int32),
        atom_frac_coord=torch.tensor(fractional, dtype=TORCH_DTYPE, requires_grad=gradients),
        atom_graph=_indices(np.stack([center, neighbour], axis=1)),
        atom_graph_cutoff=converter.atom_graph_cutoff,
        neighbor_image=torch.tensor(image, dtype=TORCH_DTYPE),
        directed2undirected=_indices(undirected),
        undirected2directed=_indices(first),
        bond_graph=_indices(_angles(center, distance, undirected, converter.bond_graph_cutoff)),
        bond_graph_cutoff=converter.bond_graph_cutoff,
        lattice=torch.tensor(cell, dtype=TORCH_DTYPE, requires_grad=gradients),
    )


def _pairs(atoms: Atoms, cell: np.ndarray, cutoff: float) -> tuple[np.ndarray, ...]:
    positions = np.ascontiguousarray(atoms.positions)
    pairs = find_points_in_spheres(positions, positions, r=float(cutoff), pbc=np.ones(3, np.int64), lattice=cell,
                                   tol=TOLERANCE)
    others = ~((pairs[0] == pairs[1]) & (pairs[3] <= TOLERANCE))
    return tuple(array[others] for array in pairs)


def _undirected(count: int, center: np.ndarray, neighbour: np.ndarray,
                image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Match every bond with its reverse.

    Returns
    -------
    first : one directed bond of each undirected one, as an index into the kept bonds
    undirected : the undirected bond of each kept one
    kept : mask of the directed bonds whose reverse is there too; a bond that rounding puts inside the cut-off from
        one side only has no weight
    """
    # The sign that makes a bond and its reverse the same: lower atom first, or first image component positive.
    leading = np.where(image[:, 0] != 0, image[:, 0], np.where(image[:, 1] != 0, image[:, 1], image[:, 2]))
    forward = np.where(center == neighbour, leading > 0, center < neighbour)
    signed = np.where(forward[:, None], image, -image)
    low, high = np.minimum(center, neighbour), np.maximum(center, neighbour)
    reach = int(np.abs(image).max(initial=0))
    code = low.astype(np.int64) * count + high
    for axis in range(3):
        code = code * (2 * reach + 1) + signed[:, axis] + reach
    _, inverse, occurrences = np.unique(code, return_inverse=True, return_counts=True)
    kept = occurrences[inverse] == 2
    _, first, undirected = np.unique(code[kept], return_index=True, return_inverse=True)
    return first, undirected, kept


def _angles(center: np.ndarray, distance: np.ndarray, undirected: np.ndarray, cutoff: float) -> np.ndarray:
    """Return [M, 5] (atom, undirected and directed first bond, the same of the second) of all pairs of short bonds."""
    short = np.flatnonzero(distance < cutoff)
    short = short[np.argsort(center[short], kind="stable")]
    _, start, bonds = np.unique(center[short], return_index=True, return_counts=True)
    per_bond = np.repeat(bonds, bonds)
    first = np.repeat(np.arange(len(short)), per_bond)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(per_bond) - per_bond, per_bond)
    second = np.repeat(np.repeat(start, bonds), per_bond) + offset
    different = first != second
    one, two = short[first[different]], short[second[different]]
    return np.stack([center[one], undirected[one], one, undirected[two], two], axis=1)


def _indices(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int32))
