from collections.abc import Callable

import numpy as np
import pytest
from ase import Atoms

from assay.atoms.benchmarks.invariance import Invariance

CASES = [case.id for case in Invariance().cases()]


def test_molecules_and_crystals() -> None:
    assert {case for case in CASES if "-" in case} == {"Al-fcc", "Si-diamond", "NaCl-rocksalt"}
    assert len(CASES) == 10


@pytest.mark.parametrize("case", CASES)
def test_a_pair_potential_is_invariant(case: str, potential: Callable, answer: Callable) -> None:
    values = answer("atoms/invariance", potential(), case).values
    assert set(values) == {"rotation", "translation", "permutation", "forces"}
    assert list(values.values()) == pytest.approx([0.0] * 4, abs=1e-6)


def bond(atoms: Atoms) -> float:
    return float(np.linalg.norm(atoms.positions[1] - atoms.positions[0]))


def height(atoms: Atoms) -> float:
    return float(np.ptp(atoms.positions[:, 2]))


def place(atoms: Atoms) -> float:
    return float(atoms.positions[:, 0].mean())


@pytest.mark.parametrize(("term", "caught"), [(bond, {"permutation"}), (height, {"rotation"}),
                                              (place, {"rotation", "translation"})])
def test_a_broken_energy_is_caught_where_it_is_broken(term: Callable, caught: set[str], potential: Callable,
                                                      answer: Callable) -> None:
    values = answer("atoms/invariance", potential(energy=term), "CH3CONH2").values
    assert {name for name in ("rotation", "translation", "permutation") if values[name] > 0.01} == caught


def test_forces_that_do_not_turn_are_caught(potential: Callable, answer: Callable, unit_forces: Callable) -> None:
    values = answer("atoms/invariance", potential(forces=unit_forces), "CH3OH").values
    # A vector of length 10 sqrt(3) meV/A stays where it is instead of turning.
    assert 1 < values["forces"] < 2 * 10 * np.sqrt(3)
    assert values["rotation"] == pytest.approx(0.0, abs=1e-6)


def test_a_crystal_that_sees_its_cell_boundary_is_caught(potential: Callable, answer: Callable) -> None:
    without_images = potential(pairs=0.0, energy=bond)
    assert answer("atoms/invariance", without_images, "NaCl-rocksalt").values["translation"] > 1


def test_the_same_numbers_every_time(potential: Callable, answer: Callable) -> None:
    first, second = (answer("atoms/invariance", potential(energy=place), "C6H6").values for _ in range(2))
    assert first == second


def test_the_worst_case_counts(stored: Callable) -> None:
    one = {"rotation": 1.0, "translation": 0.0, "permutation": 0.0, "forces": 3.0}
    other = {"rotation": 0.0, "translation": 2.0, "permutation": 0.0, "forces": 1.0}
    assert Invariance().analyse(stored({"a": one, "b": other})) == {
        "rotation": 1.0, "translation": 2.0, "permutation": 0.0, "forces": 3.0}
