import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.geometry import cell_to_cellpar
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.atoms import structures

coordinates = arrays(float, st.tuples(st.integers(1, 8), st.just(3)), elements=st.floats(-50, 50, width=32))


@given(coordinates, arrays(float, 3, elements=st.floats(-1e3, 1e3, width=32)))
def test_a_molecule_is_boxed_in_the_middle_wherever_it_was(positions: np.ndarray, shift: np.ndarray) -> None:
    atoms = Atoms(numbers=[1] * len(positions), positions=positions)
    box = structures.boxed(atoms)
    assert box.pbc.all()
    extent = np.ptp(positions, axis=0)
    assert np.allclose(box.cell.array, np.diag(extent + 20))
    assert np.allclose((box.positions.min(0) + box.positions.max(0)) / 2, (extent + 20) / 2)
    assert np.allclose(box.get_all_distances(), atoms.get_all_distances(), atol=1e-9)
    moved = atoms.copy()
    moved.positions += shift
    assert np.allclose(structures.boxed(moved).positions, box.positions, atol=1e-9)


@given(coordinates)
def test_boxing_leaves_the_structure_alone(positions: np.ndarray) -> None:
    atoms = Atoms(numbers=[6] * len(positions), positions=positions, info={"charge": -1, "name": "x"})
    before = atoms.copy()
    structures.boxed(atoms)
    assert atoms == before
    assert atoms.info == before.info


def test_periodic_directions_stay_and_open_ones_get_a_box() -> None:
    slab = fcc111("Al", (2, 2, 3), vacuum=2.0)
    slab.pbc = (True, True, False)
    box = structures.boxed(slab)
    assert np.allclose(box.cell.array[:2], slab.cell.array[:2])
    height = np.ptp(slab.positions[:, 2])
    assert np.allclose(cell_to_cellpar(box.cell)[2], height + 20)
    assert np.allclose(np.dot(box.cell.array[2], box.cell.array[:2].T), 0)
    assert np.allclose(box.get_distance(0, 5), slab.get_distance(0, 5))


def test_a_crystal_is_not_boxed() -> None:
    crystal = bulk("NaCl", "rocksalt", 5.6)
    assert structures.boxed(crystal) == crystal


def test_a_plain_copy_has_what_decides_an_energy_and_nothing_else() -> None:
    atoms = molecule("O2")
    atoms.info.update(charge=np.int64(1), multiplicity=2.0, title="x")
    atoms.set_initial_charges([1, 0])
    atoms.set_velocities(np.ones((2, 3)))
    copy = structures.plain(atoms)
    assert copy.info == {"charge": 1, "multiplicity": 2}
    assert set(copy.arrays) == {"numbers", "positions"}


def test_a_neutral_copy_says_nothing_of_charge() -> None:
    assert structures.plain(Atoms("H", info={"charge": 0})).info == {}


@pytest.mark.parametrize(("atoms", "said"), [
    (Atoms(), "without atoms"),
    (Atoms("H", [[np.nan, 0, 0]]), "not finite"),
    (Atoms("H", cell=[np.inf, 1, 1], pbc=True), "not finite"),
    (Atoms("H", pbc=True), "without a cell"),
    (Atoms("H", cell=[[1, 0, 0], [2, 0, 0], [0, 0, 1]], pbc=True), "without a cell"),
])
def test_what_is_no_structure_is_refused(atoms: Atoms, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        structures.plain(atoms)


def test_a_slab_needs_no_cell_across() -> None:
    slab = Atoms("H2", [[0, 0, 0], [0, 0, 1]], cell=[4, 4, 0], pbc=(True, True, False))
    assert np.allclose(structures.boxed(slab).cell.lengths(), [4, 4, 21])


def test_missing_elements_are_named_in_the_order_of_the_periodic_table() -> None:
    assert structures.unsupported(["O"], Atoms("WOCs")) == "no parameters for Cs, W"
    assert structures.unsupported(["O", "W", "Cs"], Atoms("WOCs")) is None
    assert structures.unsupported(None, Atoms("Og")) is None


@pytest.mark.parametrize(("meta", "atoms", "reason"), [
    ({"elements": ["H"]}, Atoms("HHe"), "no parameters for He"),
    ({"charge": False}, Atoms("OH", info={"charge": -1}), "charge is not supported"),
    ({"charge": True}, Atoms("OH", info={"charge": -1}), None),
    ({"charge": False}, Atoms("OH", info={"charge": 0}), None),
    ({"isolated_atoms": False}, Atoms("H"), "isolated atoms are not supported"),
    ({"isolated_atoms": False}, bulk("Cu"), None),
    ({"isolated_atoms": False}, Atoms("H2"), None),
    ({}, Atoms("H", info={"charge": 1}), None),
])
def test_a_refusal_says_why(meta: dict, atoms: Atoms, reason: str | None) -> None:
    assert structures.refusal(meta, atoms) == reason
