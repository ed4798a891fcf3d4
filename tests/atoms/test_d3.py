"""D3(BJ) against torch-dftd in double precision."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.io import read
from ase.units import Bohr, kJ, mol

from assay.atoms import d3
from assay.atoms.d3 import D3
from assay.core.errors import Skip

FEW = ["04ammonia", "07co2", "21urea"]
TOLERANCE = {"pbe": 1e-4, "r2scan": 1e-2}  # kJ/mol a molecule


def pair(mirror: Path, name: str) -> tuple[Atoms, Atoms]:
    """The crystal, and the molecule without a cell."""
    folder = mirror / "molcrys-dmc" / "data_dmc"
    solid, single = (read(folder / kind / name / "POSCAR", format="vasp") for kind in ("solid", "molecule"))
    return solid, Atoms(single.symbols, single.positions)


def torch_dftd(functional: str, precision: str = "float64"):
    torch = pytest.importorskip("torch")
    calculator = pytest.importorskip("torch_dftd.torch_dftd3_calculator")
    return calculator.TorchDFTD3Calculator(device="cpu", damping="bj", xc=functional, dtype=getattr(torch, precision),
                                           cutoff=d3.CUTOFF * Bohr, cnthr=d3.CUTOFF * Bohr)


def lattice(energy, solid: Atoms, single: Atoms) -> float:
    """kJ/mol a molecule."""
    return (energy(solid) * len(single) / len(solid) - energy(single)) / (kJ / mol)


def difference(mirror: Path, name: str, functional: str, precision: str = "float64") -> float:
    ours, peer = D3(functional), torch_dftd(functional, precision)
    structures = pair(mirror, name)
    return abs(lattice(lambda atoms: ours.compute(atoms, ["energy"])["energy"], *structures)
               - lattice(peer.get_potential_energy, *structures))


@pytest.mark.parametrize("functional", TOLERANCE)
@pytest.mark.parametrize("name", FEW)
def test_crystals_agree_with_torch_dftd(mirror: Path, name: str, functional: str) -> None:
    assert difference(mirror, name, functional) < TOLERANCE[functional]


@pytest.mark.slow
@pytest.mark.parametrize("functional", TOLERANCE)
def test_all_of_x23_agrees_with_torch_dftd(mirror: Path, functional: str) -> None:
    names = sorted(path.name for path in (mirror / "molcrys-dmc" / "data_dmc" / "solid").iterdir())
    assert len(names) == 23
    assert max(difference(mirror, name, functional) for name in names) < TOLERANCE[functional]
    if functional == "pbe":
        assert max(difference(mirror, name, functional, "float32") for name in names) < 1e-3


def test_forces_and_stress_agree_with_torch_dftd(mirror: Path) -> None:
    solid, _ = pair(mirror, "04ammonia")
    solid.rattle(0.05, seed=3)
    found = D3("pbe").compute(solid, ["forces", "stress"])
    peer = torch_dftd("pbe")
    assert found["forces"] == pytest.approx(peer.get_forces(solid), abs=1e-6)
    assert found["stress"] == pytest.approx(peer.get_stress(solid), abs=1e-7)


def test_distant_atoms_attract_with_the_sixth_power_up_to_the_cut_off() -> None:
    near, far, beyond = (D3("pbe").compute(Atoms("Ar2", [[0, 0, 0], [0, 0, r * Bohr]]), ["energy"])["energy"]
                         for r in (28.0, 39.0, 41.0))
    assert near / far == pytest.approx((39 / 28) ** 6, rel=0.03)
    assert near < far < beyond == 0


def test_a_molecule_has_no_cell() -> None:
    alone = molecule("C6H6")
    celled = molecule("C6H6", cell=[6, 6, 6])
    assert D3("pbe").compute(alone, ["energy"]) == D3("pbe").compute(celled, ["energy"])
    celled.pbc = True
    assert D3("pbe").compute(celled, ["energy"])["energy"] < D3("pbe").compute(alone, ["energy"])["energy"] - 0.01


def test_pairs_only() -> None:
    """The triple-dipole term of three argon atoms is left out: pairs add up."""
    triangle = Atoms("Ar3", [[0, 0, 0], [0, 0, 3.8], [0, 3.3, 1.9]])
    model = D3("pbe")
    whole = model.compute(triangle, ["energy"])["energy"]
    pairs = sum(model.compute(triangle[list(two)], ["energy"])["energy"] for two in ((0, 1), (0, 2), (1, 2)))
    assert whole == pytest.approx(pairs, rel=1e-6)


def test_forces_are_computed_only_when_wanted() -> None:
    model = D3("pbe")
    assert set(model.compute(bulk("Cu"), ["energy"])) == {"energy"}
    assert set(model.compute(molecule("H2O"), ["energy", "forces"])) == {"energy", "forces"}
    assert set(model.compute(bulk("Cu"), ["stress"])) == {"energy", "forces", "stress"}


def test_forces_are_the_slope_of_the_energy() -> None:
    model, atoms = D3("r2scan"), molecule("CH3CH2OH")
    up, down = atoms.copy(), atoms.copy()
    up.positions[2, 0] += 1e-3
    down.positions[2, 0] -= 1e-3
    slope = (model.compute(up, ["energy"])["energy"] - model.compute(down, ["energy"])["energy"]) / 2e-3
    assert model.compute(atoms, ["forces"])["forces"][2, 0] == pytest.approx(-slope, abs=1e-7)


def test_elements_without_parameters_are_skipped() -> None:
    with pytest.raises(Skip, match="no parameters for Rf"):
        d3.source("d3bj-pbe").evaluate(Atoms("RfH", [[0, 0, 0], [0, 0, 2]]), ["energy"])


@pytest.mark.parametrize("name", ["d4-pbe", "d3bj-unheard", "d3zero-pbe", "pbe", ""])
def test_no_other_correction_goes_by_this_name(name: str) -> None:
    with pytest.raises(ValueError, match="expected d3bj-<functional>"):
        d3.source(name)


def test_the_caller_s_structure_stays() -> None:
    atoms = molecule("H2O")
    before = atoms.copy()
    d3.source("d3bj-pbe").evaluate(atoms, ["energy", "forces"])
    assert np.array_equal(atoms.positions, before.positions)
