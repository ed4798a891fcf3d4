"""Energy curves of diatomics, and their shape: wells, reversals of the force, how they rise on either side."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

from assay.atoms.evaluate import Evaluator
from assay.atoms.statistics import spearman
from assay.core.errors import AssayError, Skip, describe

POINTS = 40
NEAREST, FARTHEST, REACH = 0.6, 3.0, 5.5  # times the sum of covalent radii; A, where potentials with cut-offs still act
ENERGY_NOISE, FORCE_NOISE = 1e-3, 1e-2  # eV and eV/A: less than this between two points is no change


def distances(element: str) -> np.ndarray:
    """Return the distances [`POINTS`] in A at which two atoms of an element are looked at."""
    bond = 2 * covalent_radii[atomic_numbers[element]]
    return np.linspace(NEAREST * bond, min(FARTHEST * bond, REACH), POINTS)


def pair(element: str, distance: float) -> Atoms:
    """Return two atoms of an element at a distance in A along x."""
    return Atoms([element] * 2, [[0.0, 0.0, 0.0], [distance, 0.0, 0.0]])


def curve(evaluator: Evaluator, element: str) -> tuple[list[tuple[float, float, float]], list[str]]:
    """Ask a model for the curve of an element.

    Returns
    -------
    points : list of (distance in A, energy in eV, force in eV/A on the second atom away from the first)
        Where the model gives finite ones.
    reasons : list of str
        Why it does not, one for every other distance.
    """
    points, reasons = [], []
    for distance in distances(element).tolist():
        try:
            result = evaluator.evaluate(pair(element, distance), ["energy", "forces"])
            point = distance, float(result["energy"]), float(result["forces"][1, 0])
            if not np.isfinite(point).all():
                raise ValueError("energy or force is not finite")
        except (Skip, AssayError):
            raise
        except Exception as error:  # a self-consistent field that does not converge, say
            reasons.append(describe(error))
        else:
            points.append(point)
    return points, reasons


def shape(r: np.ndarray, energies: np.ndarray, forces: np.ndarray) -> dict[str, float]:
    """Return what is counted and correlated along a curve.

    Parameters
    ----------
    r, energies, forces : array [points]
        A, rising; eV; the force on the second atom away from the first in eV/A.

    Returns
    -------
    dict
        ``minima`` and ``force_flips`` (one each for a plain well), ``spearman_repulsion`` (-1: the energy falls
        all the way to the deepest point) and ``spearman_attraction`` (1: it rises all the way from there), and
        ``r_deepest`` in A. A curve that is deepest at an end has no wall, or no well: the worst correlation.
    """
    deepest = int(energies.argmin())
    inside, outside = slice(0, deepest + 1), slice(deepest, None)
    return {
        "minima": int((np.diff(_signs(np.diff(energies), ENERGY_NOISE)) > 0).sum()),
        "force_flips": int((np.diff(_signs(forces, FORCE_NOISE)) != 0).sum()),
        "spearman_repulsion": spearman(r[inside], energies[inside]) if deepest > 0 else 1.0,
        "spearman_attraction": spearman(r[outside], energies[outside]) if deepest < len(r) - 1 else -1.0,
        "r_deepest": float(r[deepest]),
    }


def _signs(values: np.ndarray, noise: float) -> np.ndarray:
    return np.sign(values[np.abs(values) > noise])
