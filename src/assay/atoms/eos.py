"""Equations of state: third-order Birch-Murnaghan by linear least squares, and the scan that finds the minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms

EV_A3_IN_GPA = 160.21766  # 1 eV/A^3 in GPa
SCALES = 0.94 + 0.02 * np.arange(7)  # of the volume, as the Delta test has them
RECENTRINGS = 3


@dataclass(frozen=True)
class Minimum:
    """Where an equation of state has its minimum: `v0` in A^3 per atom, `b0` in GPa, `bp` its pressure derivative."""

    v0: float
    b0: float
    bp: float


@dataclass(frozen=True)
class Scan:
    """The last seven points of a scan, `volumes` in A^3/atom and `energies` in eV/atom, and their minimum."""

    minimum: Minimum
    volumes: np.ndarray
    energies: np.ndarray


def birch_murnaghan(volumes: np.ndarray, energies: np.ndarray) -> Minimum | None:
    """Fit the third-order Birch-Murnaghan equation of state, which is a cubic in x = V^(-2/3).

    Parameters
    ----------
    volumes, energies : array [points]
        Four or more, in A^3/atom and eV/atom.

    Returns
    -------
    Minimum or None
        None if the cubic has no minimum at a positive volume.

    Notes
    -----
    At the minimum dE/dx = 0, so B0 = V d2E/dV2 = 4/9 x^(7/2) E'' and B0' = 4 + 2/3 x E'''/E'', with derivatives by x.
    F. Birch, Phys. Rev. 71, 809 (1947), doi:10.1103/PhysRev.71.809.
    """
    unit = np.mean(volumes)  # keeps x near 1, and the least squares well conditioned
    cubic = np.poly1d(np.polyfit((np.asarray(volumes) / unit) ** (-2 / 3), energies, 3))
    second, third = cubic.deriv(2), cubic.deriv(3)
    roots = [root.real for root in cubic.deriv().roots if abs(root.imag) < 1e-12 * abs(root)]
    minima = [x for x in roots if x > 0 and second(x) > 0]
    if not minima:
        return None
    x = minima[0]
    b0 = 4 / 9 * x ** 3.5 * second(x) / unit * EV_A3_IN_GPA
    return Minimum(float(x ** -1.5 * unit), float(b0), float(4 + 2 / 3 * x * third(x) / second(x)))


def scaled(atoms: Atoms, volume: float) -> Atoms:
    """Return the crystal scaled isotropically to `volume` in A^3 per atom."""
    copy = atoms.copy()
    copy.set_cell(copy.cell.array * (volume * len(copy) / copy.get_volume()) ** (1 / 3), scale_atoms=True)
    return copy


def scan(energy: Callable[[Atoms], float], atoms: Atoms, volume: float) -> Scan:
    """Find the equation of state of a crystal, from seven volumes around `volume`.

    If the minimum lies outside them, they are centred on the one with the lowest energy and computed again.

    Parameters
    ----------
    energy : callable
        Structure -> energy in eV.
    atoms : Atoms
        The crystal; its shape is kept.
    volume : float
        A^3 per atom.

    Raises
    ------
    ValueError
        If there is no minimum between the volumes after `RECENTRINGS` further scans.
    """
    centre = volume
    for _ in range(1 + RECENTRINGS):
        volumes = SCALES * centre
        energies = np.array([energy(scaled(atoms, v)) / len(atoms) for v in volumes])
        minimum = birch_murnaghan(volumes, energies)
        if minimum is not None and volumes[0] <= minimum.v0 <= volumes[-1]:
            return Scan(minimum, volumes, energies)
        centre = volumes[energies.argmin()]
    raise ValueError(f"no minimum of the energy found: the last volumes were {volumes[0]:.3f} to {volumes[-1]:.3f} "
                     f"A^3/atom, the reference is {volume:.3f}")
