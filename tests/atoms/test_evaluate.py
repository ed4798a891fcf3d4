"""The evaluator as benchmarks and ASE see it, on real models."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.optimize import BFGS

from assay.atoms import loaders
from assay.atoms.evaluate import Evaluator, wrap
from assay.core.errors import LoadError, Skip
from assay.core.model import Model

EMT_MODEL = Model("emt", "atoms", "assay.atoms.loaders:emt", meta={"charge": False, "packages": ["ase"]})


@pytest.fixture
def emt() -> Evaluator:
    return wrap(EMT(), EMT_MODEL)


@pytest.fixture
def xtb() -> Evaluator:
    model = Model("gfn2-xtb", "atoms", "assay.atoms.loaders:tblite", {"method": "GFN2-xTB"}, meta={"charge": True})
    return wrap(model.load(), model)


def rattled() -> Atoms:
    crystal = bulk("Cu", cubic=True)
    crystal.rattle(0.1, seed=0)
    return crystal


def test_it_gives_what_the_model_gives(emt: Evaluator) -> None:
    crystal = rattled()
    expected = rattled()
    expected.calc = EMT()
    assert emt.energy(crystal) == expected.get_potential_energy()
    assert isinstance(emt.energy(crystal), float)
    assert np.array_equal(emt.forces(crystal), expected.get_forces())
    assert np.array_equal(emt.stress(crystal), expected.get_stress())
    assert emt.energies([crystal, bulk("Al")]) == [emt.energy(crystal), emt.energy(bulk("Al"))]
    assert emt.model is EMT_MODEL


def test_evaluations_are_counted(emt: Evaluator) -> None:
    for _ in range(3):
        emt.energy(rattled())
    emt.energy(bulk("Al"))
    assert emt.evaluations == {"emt": {"computed": 2, "cached": 2}}
    again = wrap(EMT(), EMT_MODEL)
    again.energies([rattled(), bulk("Al")])
    assert again.evaluations == {"emt": {"computed": 0, "cached": 2}}


def test_the_cache_can_be_turned_off(emt: Evaluator, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emt.energy(rattled())
    monkeypatch.setenv("ASSAY_EVAL_CACHE", "0")
    off = wrap(EMT(), EMT_MODEL)
    assert off.energies([rattled(), rattled()]) == [emt.energy(rattled())] * 2
    assert off.evaluations == {"emt": {"computed": 2, "cached": 0}}


def test_it_is_an_ase_calculator(emt: Evaluator) -> None:
    atoms = molecule("CO")
    atoms.calc = emt
    reference = molecule("CO")
    reference.calc = EMT()
    assert atoms.get_potential_energy() == reference.get_potential_energy()
    assert np.allclose(atoms.get_forces(), reference.get_forces())
    for relaxed in (atoms, reference):
        BFGS(relaxed, logfile=None).run(fmax=0.01)
    assert np.allclose(atoms.get_distance(0, 1), reference.get_distance(0, 1))
    assert set(emt.results) >= {"energy", "forces"}


def test_as_a_calculator_it_notices_a_change_of_charge(xtb: Evaluator) -> None:
    atoms = Atoms("OH", [[0, 0, 0], [0, 0, 0.97]])
    atoms.calc = xtb
    neutral = atoms.get_potential_energy()
    atoms.info["charge"] = -1
    anion = atoms.get_potential_energy()
    assert anion != pytest.approx(neutral, abs=0.1)
    assert xtb.energy(atoms) == anion


def test_forces_are_the_slope_of_the_energy(xtb: Evaluator) -> None:
    atoms = molecule("CH3OH")
    up, down = atoms.copy(), atoms.copy()
    up.positions[1, 2] += 1e-3
    down.positions[1, 2] -= 1e-3
    slope = (xtb.energy(up) - xtb.energy(down)) / 2e-3
    assert xtb.forces(atoms)[1, 2] == pytest.approx(-slope, abs=1e-4)


def test_stress_is_the_slope_of_the_energy_with_strain(emt: Evaluator) -> None:
    crystal = bulk("Cu", a=3.5)
    energies = []
    for strain in (1e-4, -1e-4):
        strained = crystal.copy()
        strained.set_cell(crystal.cell * (1 + strain), scale_atoms=True)
        energies.append(emt.energy(strained))
    slope = (energies[0] - energies[1]) / 2e-4 / crystal.get_volume()
    assert emt.stress(crystal)[:3].sum() == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("pbc", [(False, False, False), (True, True, False)])
def test_there_is_no_stress_without_three_periodic_directions(emt: Evaluator, pbc: tuple[bool, ...]) -> None:
    crystal = rattled()
    crystal.pbc = pbc
    with pytest.raises(ValueError, match="not periodic in three directions"):
        emt.stress(crystal)


@pytest.mark.parametrize(("atoms", "reason"), [
    (Atoms("XeCs", [[0, 0, 0], [0, 0, 5]]), "no parameters for Xe, Cs"),
    (Atoms("OH", [[0, 0, 0], [0, 0, 1]], info={"charge": -1}), "charge is not supported"),
])
def test_what_a_model_does_not_cover_is_skipped(emt: Evaluator, atoms: Atoms, reason: str) -> None:
    for ask in (emt.energy, emt.forces):
        with pytest.raises(Skip, match=f"^{reason}$"):
            ask(atoms)
    assert emt.evaluations == {"emt": {"computed": 0, "cached": 0}}


def test_no_structure_is_an_error_that_says_so(emt: Evaluator) -> None:
    with pytest.raises(ValueError, match="structure without atoms"):
        emt.energy(Atoms())


def test_a_loader_that_returns_no_calculator_is_a_load_error() -> None:
    with pytest.raises(LoadError, match="the loader returned str: expected an ASE calculator"):
        wrap("nothing", EMT_MODEL)


def test_versions_name_what_computes(emt: Evaluator) -> None:
    assert [version.partition("==")[0] for version in emt.versions] == ["ase"]


def test_another_method_is_another_energy_from_the_same_cache() -> None:
    energies = {}
    for method in ("GFN1-xTB", "GFN2-xTB"):
        model = Model(method, "atoms", "assay.atoms.loaders:tblite", {"method": method})
        energies[method] = wrap(loaders.tblite("cpu", method), model).energy(molecule("H2O"))
    assert energies["GFN1-xTB"] == pytest.approx(-156.9675, abs=1e-3)
    assert energies["GFN2-xTB"] == pytest.approx(-137.9678, abs=1e-3)
