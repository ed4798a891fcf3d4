from collections.abc import Callable

import pytest
from ase.data.s22 import create_s22_system, get_interaction_energy_s22, s22
from ase.units import kcal, mol

from assay.atoms.benchmarks.s22 import S22


def test_cases_and_tags() -> None:
    cases = S22().checked_cases()
    assert [case.id for case in cases] == s22
    assert cases[0].tags == ("el:H", "el:N")
    assert max(cases, key=lambda case: case.cost).id.startswith("Adenine-thymine")


def test_additive_energies_do_not_interact(potential: Callable, answer: Callable) -> None:
    record = answer("atoms/s22", potential(pairs=0.0, energy=lambda atoms: -2.0 * len(atoms)), "Water_dimer")
    assert record.values["predicted"] == pytest.approx(0.0, abs=1e-9)
    assert record.values["reference"] == pytest.approx(get_interaction_energy_s22("Water_dimer") * mol / kcal)
    assert record.values["reference"] == pytest.approx(-4.99, abs=0.05)


@pytest.mark.parametrize("name", ["Water_dimer", "Ammonia_dimer", "Benzene-HCN_complex"])
def test_gfn2_interactions_are_those_of_its_own_calculator(name: str, xtb, answer: Callable) -> None:
    from tblite.ase import TBLite

    def energy(atoms) -> float:
        atoms.calc = TBLite(method="GFN2-xTB", verbosity=0)
        return atoms.get_potential_energy()

    dimer = create_s22_system(name)
    half = {"Water_dimer": 3, "Ammonia_dimer": 4, "Benzene-HCN_complex": 12}[name]
    expected = (energy(dimer) - energy(dimer[:half]) - energy(dimer[half:])) * mol / kcal
    record = answer("atoms/s22", xtb, name)
    assert record.values["predicted"] == pytest.approx(expected, abs=1e-6)
    assert abs(record.values["predicted"] - record.values["reference"]) < 2.0
    assert record.artefacts["dimer"].kind == "structure"


def test_gfn2_reaches_its_published_accuracy(xtb, answer: Callable, stored: Callable) -> None:
    records = stored({case.id: answer("atoms/s22", xtb, case.id).values for case in S22().cases()})
    # Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 15, 1652 (2019): a mean deviation of about 0.8 kcal/mol.
    assert S22().analyse(records)["mae"] == pytest.approx(0.78, abs=0.05)


def test_metrics_are_the_closed_forms(stored: Callable) -> None:
    records = stored({"a": {"predicted": -3.0, "reference": -5.0}, "b": {"predicted": 0.0, "reference": 1.0}})
    assert S22().analyse(records) == pytest.approx({"mae": 1.5, "me": 0.5})
