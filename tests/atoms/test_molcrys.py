from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

from assay.atoms import molcrys
from assay.atoms.benchmarks.x23 import MOLCRYS

SYSTEMS = molcrys.systems(MOLCRYS.files)


@pytest.fixture
def folder(mirror: Path) -> Path:
    return mirror / "molcrys-dmc"


def pieces(atoms: Atoms) -> int:
    """Number of molecules, by covalent radii and across the cell's faces."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    i, j = neighbor_list("ij", atoms, natural_cutoffs(atoms, mult=1.15))
    return int(connected_components(coo_matrix((np.ones(len(i)), (i, j)), shape=(len(atoms),) * 2))[0])


def test_systems_carry_their_number() -> None:
    assert [int(name[:2]) for name in SYSTEMS] == list(range(1, 24))


@pytest.mark.parametrize("system", SYSTEMS)
def test_cells_hold_as_many_whole_molecules_as_their_composition_says(folder: Path, system: str) -> None:
    solid, molecule = molcrys.structures(folder, system)
    assert pieces(molecule) == 1
    assert not molecule.pbc.any()
    assert pieces(solid) == molcrys.molecules_in(solid, molecule)
    assert molcrys.composition(folder, system) == solid.symbols.formula.count()


def test_the_table_of_molecule_numbers_is_wrong_for_succinic_acid_and_right_elsewhere(folder: Path) -> None:
    table = np.loadtxt(folder / "data_figures/diffusion-monte-carlo/nmol", dtype=int).tolist()
    counted = [molcrys.molecules_in(*molcrys.structures(folder, system)) for system in SYSTEMS]
    wrong = {system: (said, n) for system, said, n in zip(SYSTEMS, table, counted, strict=True) if said != n}
    assert wrong == {"23Succinic_acid": (2, 8)}
    assert not any("nmol" in path for path in MOLCRYS.files)


def test_half_a_molecule_in_the_cell_is_an_error_that_names_both() -> None:
    water = Atoms("OHH")
    assert molcrys.molecules_in(Atoms("O2H4"), water) == 2
    for broken in ("O2H3", "O3H3", "O2H4C", "H4", "OH"):
        with pytest.raises(ValueError, match=r"not a whole number of molecules H2O"):
            molcrys.molecules_in(Atoms(broken), water)


def test_references_are_the_rows_of_the_tables(folder: Path) -> None:
    ammonia = molcrys.references(folder, 4)
    # Two equal sublimation enthalpies of 31.050, vibrational and thermal terms of 6.7 and 0.8 kJ/mol.
    assert ammonia == pytest.approx({"reference": -38.1984, "reference_error": 0.0852, "experiment": -38.55})
    cyclohexanedione = molcrys.references(folder, 1)
    assert cyclohexanedione["experiment"] == pytest.approx(-((84.25 + 75 + 84) / 3 + 6.9 + 2.0))


def test_experiments_are_three_and_a_half_kilojoules_off_diffusion_monte_carlo(folder: Path) -> None:
    rows = [molcrys.references(folder, number) for number in range(1, 24)]
    distance = np.mean([abs(row["experiment"] - row["reference"]) for row in rows])
    assert distance == pytest.approx(3.5, abs=0.1)
