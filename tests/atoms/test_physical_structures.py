import numpy as np
import pytest
from ase.build import bulk, molecule

from assay.atoms import physical_structures as physical


@pytest.mark.parametrize("name", [*physical.MOLECULES, "CH4", "CO2", "C2H4", "N2", "H2O"])
def test_molecules_are_those_of_ase(name: str) -> None:
    ours, theirs = physical.molecule(name), molecule(name)
    assert ours.get_chemical_symbols() == theirs.get_chemical_symbols()
    assert ours.positions == pytest.approx(theirs.positions)
    assert not ours.pbc.any()


@pytest.mark.parametrize(("name", "theirs"), [
    ("Al-fcc", bulk("Al", a=4.05)), ("Cu-fcc", bulk("Cu", a=3.61)), ("Si-diamond", bulk("Si", a=5.43)),
    ("NaCl-rocksalt", bulk("NaCl", "rocksalt", a=5.64))])
def test_crystals_are_the_structures_their_names_say(name: str, theirs) -> None:
    ours = physical.crystal(name)
    assert ours.get_volume() / len(ours) == pytest.approx(theirs.get_volume() / len(theirs))
    assert shells(ours) == pytest.approx(shells(theirs), abs=1e-9)


def shells(atoms) -> list[float]:
    """Sorted distances from the first atom, up to 6 A."""
    from ase.neighborlist import neighbor_list

    i, d = neighbor_list("id", atoms, 6.0)
    return sorted(d[i == 0])


@pytest.mark.parametrize("name", [*physical.MOLECULES, *physical.RATTLED_CRYSTALS])
def test_rattling_is_small_and_the_same_every_time(name: str) -> None:
    atoms = physical.rattled(name)
    rest = physical.crystal(name) if "-" in name else physical.molecule(name)
    moved = atoms.positions - rest.positions
    assert np.array_equal(atoms.positions, physical.rattled(name).positions)
    assert 0.01 < np.sqrt((moved ** 2).mean()) < 0.1


def test_random_numbers_are_the_same_on_every_platform() -> None:
    drawn = physical.generator("CH3OH").normal(size=2)
    assert drawn == pytest.approx([1.2137443046201162, 0.3080641445601413], abs=1e-12)


def test_random_rotations_are_rotations_and_differ() -> None:
    random = physical.generator("x")
    matrices = [physical.random_rotation(random) for _ in range(20)]
    for matrix in matrices:
        assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-12)
        assert np.linalg.det(matrix) == pytest.approx(1.0)
    assert not np.allclose(matrices[0], matrices[1])


def test_turning_and_moving_a_crystal_keep_every_distance() -> None:
    atoms, random = physical.rattled("NaCl-rocksalt"), physical.generator("x")
    turned = physical.rotated(atoms, physical.random_rotation(random))
    moved = physical.translated(atoms, random)
    assert shells(turned) == pytest.approx(shells(atoms), abs=1e-9)
    assert shells(moved) == pytest.approx(shells(atoms), abs=1e-9)
    assert not np.allclose(turned.cell.array, atoms.cell.array)
    fractions = moved.get_scaled_positions(wrap=False)
    assert ((fractions > -1e-6) & (fractions < 1)).all()


def test_apart_is_measured_between_the_nearest_ends() -> None:
    first, second = physical.molecule("C6H6"), physical.molecule("H2O")
    both = physical.apart(first, second, 30.0)
    x = both.positions[:, 0]
    assert x[len(first):].min() - x[:len(first)].max() == pytest.approx(30.0)
    assert both.get_all_distances()[:len(first), len(first):].min() >= 30.0
