import numpy as np
import pytest
from ase.data import atomic_numbers, covalent_radii

from assay.atoms import curves

R = np.linspace(0.8, 5.0, 40)


def morse(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energy and outward force of a Morse potential with its minimum at 1.5 A."""
    decay = np.exp(-2.0 * (r - 1.5))
    return 3.0 * ((1 - decay) ** 2 - 1), -12.0 * (1 - decay) * decay


def test_a_plain_well_is_as_good_as_it_gets() -> None:
    shape = curves.shape(R, *morse(R))
    assert (shape["minima"], shape["force_flips"]) == (1, 1)
    assert shape["spearman_repulsion"] == pytest.approx(-1.0)
    assert shape["spearman_attraction"] == pytest.approx(1.0)
    assert shape["r_deepest"] == pytest.approx(1.5, abs=R[1] - R[0])


def test_a_second_well_is_counted_and_spoils_the_order() -> None:
    energies, forces = morse(R)
    bump, slope = np.exp(-4 * (R - 3.0) ** 2), 8 * (R - 3.0) * np.exp(-4 * (R - 3.0) ** 2)
    shape = curves.shape(R, energies + bump, forces + slope)
    assert (shape["minima"], shape["force_flips"]) == (2, 3)
    assert shape["spearman_attraction"] < 1
    assert shape["spearman_repulsion"] == pytest.approx(-1.0)


def test_a_hole_at_short_distance_is_the_worst_repulsion() -> None:
    energies, forces = morse(R)
    hole = -60 * np.exp(-8 * (R - 0.8))
    shape = curves.shape(R, energies + hole, forces + 8 * hole)
    assert shape["spearman_repulsion"] == 1.0


def test_a_curve_without_a_well_is_the_worst_attraction() -> None:
    shape = curves.shape(R, 1 / R, 1 / R**2)
    assert (shape["minima"], shape["force_flips"]) == (0, 0)
    assert shape["spearman_attraction"] == -1.0


def test_noise_below_a_millielectronvolt_is_not_counted() -> None:
    energies, forces = morse(R)
    sign = (-1.0) ** np.arange(len(R))
    shape = curves.shape(R, energies + 4e-4 * sign, forces + 5e-3 * sign)
    assert (shape["minima"], shape["force_flips"]) == (1, 1)


@pytest.mark.parametrize("element", ["H", "C", "Cu", "Cs"])
def test_distances_follow_the_covalent_radii(element: str) -> None:
    bond = 2 * covalent_radii[atomic_numbers[element]]
    r = curves.distances(element)
    assert len(r) == 40
    assert r[0] == pytest.approx(0.6 * bond)
    assert r[-1] == pytest.approx(min(3 * bond, 5.5))
    assert np.diff(r) == pytest.approx(np.diff(r)[0])
