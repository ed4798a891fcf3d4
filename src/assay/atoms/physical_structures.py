"""Structures for the checks that need no reference: common molecules and crystals, small, and shaken reproducibly.

They are of the elements that most models know; a model that does not know one of them is skipped there. The crystals
are the smallest cells of a metal, a semiconductor and a salt: nothing in a check gets better with more atoms.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.data import g2_1, g2_2

from assay.atoms import tags
from assay.core.record import Case

RATTLE = 0.05  # A, the standard deviation of every coordinate
SHIFT = 10.0  # A, the largest translation along an axis: several cells

MOLECULES = ("CH3OH", "CH3CONH2", "CH3CN", "C6H6", "CH3SH", "CH3Cl", "H2CF2")

# Lattice vectors in A, and the symbols and fractional coordinates of the basis.
_FACE_CENTRED = 0.5 * np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
_CRYSTALS = {
    # Face-centred cubic as a body-centred tetragonal cell of two atoms, so that shaking changes distances.
    "Al-fcc": (np.diag([4.05 / 2 ** 0.5, 4.05 / 2 ** 0.5, 4.05]), "Al2", [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "Cu-fcc": (3.61 * _FACE_CENTRED, "Cu", [[0, 0, 0]]),
    "Si-diamond": (5.43 * _FACE_CENTRED, "Si2", [[0, 0, 0], [0.25, 0.25, 0.25]]),
    "NaCl-rocksalt": (5.64 * _FACE_CENTRED, "NaCl", [[0, 0, 0], [0.5, 0.5, 0.5]]),
}
RATTLED_CRYSTALS = ("Al-fcc", "Si-diamond", "NaCl-rocksalt")


def generator(name: str) -> np.random.Generator:
    """Return the random numbers that belong to a name: the same in every process and on every platform."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def molecule(name: str) -> Atoms:
    """Return a molecule of the G2 set (MP2/6-31G* geometry), without a cell.

    Raises
    ------
    KeyError
        If the set has no molecule of that name.
    """
    entry = g2_1.data[name] if name in g2_1.data else g2_2.data[name]
    return Atoms(entry["symbols"], entry["positions"])


def crystal(name: str) -> Atoms:
    """Return a crystal, undisturbed, by the name it has here."""
    cell, symbols, coordinates = _CRYSTALS[name]
    return Atoms(symbols, cell=cell, scaled_positions=coordinates, pbc=True)


def rattled(name: str) -> Atoms:
    """Return a molecule or a crystal with every coordinate displaced by a normal random number."""
    atoms = crystal(name) if name in _CRYSTALS else molecule(name)
    atoms.positions += generator(name).normal(scale=RATTLE, size=(len(atoms), 3))
    return atoms


def random_rotation(random: np.random.Generator) -> np.ndarray:
    """Return a rotation matrix [3, 3], uniform over all rotations: a normalised quaternion of normal numbers."""
    quaternion = random.normal(size=4)
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])


def rotated(atoms: Atoms, rotation: np.ndarray) -> Atoms:
    """Return the structure with positions and cell turned by a matrix [3, 3]."""
    copy = atoms.copy()
    copy.cell, copy.positions = atoms.cell.array @ rotation.T, atoms.positions @ rotation.T
    return copy


def translated(atoms: Atoms, random: np.random.Generator) -> Atoms:
    """Return the structure moved; of a crystal, every atom then goes back into the cell by lattice vectors."""
    copy = atoms.copy()
    copy.positions += random.uniform(-SHIFT, SHIFT, size=3)
    if copy.pbc.any():
        copy.wrap()
    return copy


def apart(first: Atoms, second: Atoms, distance: float) -> Atoms:
    """Return both molecules in one structure, `distance` in A along x between their nearest ends."""
    moved = second.copy()
    moved.positions[:, 0] += first.positions[:, 0].max() - second.positions[:, 0].min() + distance
    return first + moved


def cases() -> Iterator[Case]:
    """Return a case for every rattled structure; a crystal costs much more than a molecule of the same size."""
    for name in (*MOLECULES, *RATTLED_CRYSTALS):
        atoms = rattled(name)
        yield Case(name, tags=tags.of(atoms), cost=len(atoms) * (50 if atoms.pbc.any() else 1))
