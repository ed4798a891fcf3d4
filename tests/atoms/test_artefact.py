import io

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.atoms.artefact import structure

COORDINATE = st.floats(-1e3, 1e3, allow_nan=False)


def back(data: bytes) -> Atoms:
    return read(io.StringIO(data.decode()), format="extxyz")


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["H", "C", "Cl", "Au"]), COORDINATE, COORDINATE, COORDINATE), min_size=1,
                max_size=5), st.floats(-1e4, 1e4, allow_nan=False))
def test_reads_back_to_the_same_numbers(rows: list[tuple[str, float, float, float]], energy: float) -> None:
    atoms = Atoms([row[0] for row in rows], [row[1:] for row in rows])
    forces = atoms.positions[::-1] * 0.1
    found = back(structure(atoms, energy, forces).data)
    assert found.get_chemical_symbols() == atoms.get_chemical_symbols()
    assert np.array_equal(found.positions, atoms.positions)
    assert found.get_potential_energy() == energy
    assert np.array_equal(found.get_forces(), forces)
    assert not found.pbc.any()


def test_keeps_cell_and_periodicity() -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    atoms.pbc = (True, True, False)
    found = back(structure(atoms, -1.5).data)
    assert np.array_equal(found.cell.array, atoms.cell.array)
    assert found.pbc.tolist() == [True, True, False]
    assert found.get_potential_energy() == -1.5
    assert "forces" not in found.calc.results


def test_says_what_it_is() -> None:
    ion = Atoms("Cl", info={"charge": -1, "multiplicity": 1})
    artefact = structure(ion, 0.0, label="chloride")
    assert (artefact.kind, artefact.suffix, artefact.label) == ("structure", ".extxyz", "chloride")
    assert structure(ion, 0.0).label == "Cl"
    assert back(artefact.data).info == pytest.approx({"charge": -1, "multiplicity": 1})
