import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.calculators.mixing import SumCalculator
from tblite.ase import TBLite

from assay.atoms import loaders
from assay.atoms.backends import CalculatorBackend, backend
from assay.core.errors import Skip


def test_any_calculator_gives_what_it_gives() -> None:
    crystal = bulk("Cu", cubic=True).repeat(2)
    crystal.rattle(0.05, seed=1)
    results = backend(EMT()).compute(crystal, ["energy", "forces", "stress"])
    crystal.calc = EMT()
    assert results["energy"] == crystal.get_potential_energy()
    assert np.array_equal(results["forces"], crystal.get_forces())
    assert np.array_equal(results["stress"], crystal.get_stress())


def test_what_came_along_is_given_too() -> None:
    assert set(backend(EMT()).compute(molecule("H2O"), ["energy"])) >= {"energy", "forces"}


def test_a_calculator_is_asked_for_nothing_more() -> None:
    asked = []

    class Lazy(Calculator):
        implemented_properties = ["energy", "forces", "stress"]

        def calculate(self, atoms=None, properties=("energy",), system_changes=()) -> None:
            super().calculate(atoms, properties, system_changes)
            asked.append(tuple(properties))
            self.results = {name: np.zeros(3) for name in properties}

    lazy = CalculatorBackend(Lazy())
    assert set(lazy.compute(molecule("H2O"), ["energy"])) == {"energy"}
    assert set(lazy.compute(molecule("H2O"), ["forces"])) == {"forces"}
    assert asked == [("energy",), ("forces",)]


def test_a_sum_of_calculators_is_one_too() -> None:
    atoms = molecule("CO")
    found = backend(SumCalculator([EMT(), LennardJones()])).compute(atoms, ["energy", "forces"])
    assert found["energy"] == EMT().get_potential_energy(atoms) + LennardJones().get_potential_energy(atoms)
    assert found["forces"].shape == (2, 3)


def test_what_is_no_calculator_is_told_at_once() -> None:
    with pytest.raises(TypeError, match="the loader returned dict: expected an ASE calculator"):
        backend({})


def test_emt_says_which_elements_it_knows() -> None:
    assert backend(EMT()).elements == {"H", "C", "N", "O", "Al", "Ni", "Cu", "Pd", "Ag", "Pt", "Au"}
    assert backend(LennardJones()).elements is None


def test_a_table_of_types_says_it_too() -> None:
    class Typed(LennardJones):
        type_map = {1: 0, 8: 1}

    assert backend(Typed()).elements == {"H", "O"}


@pytest.mark.parametrize("method", ["GFN1-xTB", "GFN2-xTB"])
def test_tblite_agrees_with_its_own_calculator(method: str) -> None:
    ours = backend(loaders.tblite("cpu", method))
    for atoms in (molecule("C2H6"), bulk("NaCl", "rocksalt", 5.6, cubic=True)):
        found = ours.compute(atoms, ["energy"])
        atoms.calc = TBLite(method=method, verbosity=0)
        assert found["energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e-7)
        assert found["forces"] == pytest.approx(atoms.get_forces(), abs=1e-6)
        if atoms.pbc.any():
            assert found["stress"] == pytest.approx(atoms.get_stress(), abs=1e-7)


@pytest.mark.parametrize(("charge", "multiplicity"), [(-1, 1), (1, 3), (0, 2), (0, 4)])
def test_charge_and_multiplicity_come_from_info(charge: int, multiplicity: int) -> None:
    atoms = Atoms("OH", [[0, 0, 0], [0, 0, 0.97]])
    own = TBLite(method="GFN2-xTB", charge=charge, multiplicity=multiplicity, verbosity=0)
    expected = own.get_potential_energy(atoms)
    ours = backend(loaders.tblite("cpu", "GFN2-xTB"))
    neutral = ours.compute(atoms, ["energy"])["energy"]
    atoms.info.update(charge=charge, multiplicity=multiplicity)
    assert ours.compute(atoms, ["energy"])["energy"] == pytest.approx(expected, abs=1e-7)
    atoms.info.clear()
    assert ours.compute(atoms, ["energy"])["energy"] == neutral


def test_tight_binding_does_not_depend_on_what_was_asked_before() -> None:
    alone = backend(loaders.tblite("cpu", "GFN2-xTB")).compute(molecule("H2O"), ["energy"])["energy"]
    busy = backend(loaders.tblite("cpu", "GFN2-xTB"))
    stretched = molecule("H2O")
    stretched.positions *= 1.4
    busy.compute(stretched, ["energy"])
    assert busy.compute(molecule("H2O"), ["energy"])["energy"] == alone


def test_tight_binding_has_no_parameters_beyond_radon() -> None:
    with pytest.raises(Skip, match="no parameters for Ra, U"):
        backend(loaders.tblite("cpu", "GFN2-xTB")).compute(Atoms("URa", [[0, 0, 0], [0, 0, 3]]), ["energy"])


def test_chgnet_of_another_make_runs_as_any_calculator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "assay.atoms.chgnet", None)
    fake = type("CHGNetCalculator", (EMT,), {"__module__": "chgnet.model.dynamics"})
    assert isinstance(backend(fake()), CalculatorBackend)


def test_chgnets_first_energy_imports_neither_dynamics_nor_plotting() -> None:
    code = ("import sys\nfrom ase.build import bulk\nfrom assay.atoms.backends import backend\n"
            "from assay.atoms.loaders import chgnet\n"
            "print(backend(chgnet('cpu', '0.3.0')).compute(bulk('NaCl', 'rocksalt', 5.64), ['energy'])['energy'])\n"
            "print([name for name in ('matplotlib', 'ase.md', 'pymatgen.io.vasp') if name in sys.modules])\n"
            "from chgnet.model import CHGNetCalculator\nfrom chgnet.utils import parse_vasp_dir\n"
            "print(CHGNetCalculator.__name__)\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    energy, imported, calculator = done.stdout.splitlines()[-3:]
    assert float(energy) == pytest.approx(-7.333, abs=0.01)
    assert imported == "[]"
    assert calculator == "CHGNetCalculator"
