from collections.abc import Callable

import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.collections import dcdft
from ase.eos import birchmurnaghan

from assay.atoms.benchmarks.dcdft import ELEMENTS, PLAIN, DeltaTest
from assay.atoms.eos import EV_A3_IN_GPA
from assay.core.model import Model


class Wien2k(Calculator):
    """The reference itself: the energy of an element is its WIEN2k curve, the volume stretched by `stretch`."""

    implemented_properties = ["energy"]

    def __init__(self, stretch: float = 1.0, stiffen: float = 1.0) -> None:
        super().__init__()
        self.stretch, self.stiffen = stretch, stiffen

    def calculate(self, atoms=None, properties=("energy",), system_changes=tuple(all_changes)) -> None:
        super().calculate(atoms, properties, system_changes)
        row = dcdft.data[self.atoms.get_chemical_symbols()[0]]
        volume = self.atoms.get_volume() / len(self.atoms)
        modulus = self.stiffen * row["wien2k_B"] / EV_A3_IN_GPA
        energy = birchmurnaghan(volume, -4.0, modulus, row["wien2k_Bp"], self.stretch * row["wien2k_volume"])
        self.results = {"energy": float(energy) * len(self.atoms)}


def test_twelve_elements_and_the_rest_only_when_asked_for() -> None:
    cases = DeltaTest().checked_cases()
    assert [case.id for case in cases] == dcdft.names == list(ELEMENTS)
    assert {case.id for case in cases if not case.full} == set(PLAIN)
    assert (len(cases), len(PLAIN)) == (71, 12)
    assert all([tag for tag in case.tags if tag != "full"] == [f"el:{case.id}"] for case in cases)


@pytest.mark.parametrize("element", [*PLAIN, "Fe", "Xe"])
def test_the_reference_is_at_no_distance_from_itself(element: str, evaluator: Callable, answer: Callable) -> None:
    record = answer("atoms/dcdft", evaluator(Wien2k()), element)
    values = record.values
    assert values["delta"] == pytest.approx(0.0, abs=1e-4)
    assert values["v0"] == pytest.approx(values["v0_ref"], rel=1e-6)
    assert values["b0"] == pytest.approx(values["b0_ref"], rel=1e-5)
    assert values["bp"] == pytest.approx(values["bp_ref"], rel=1e-3)
    assert len(values["volumes"]) == len(values["energies"]) == 7


def test_a_stretched_lattice_shows_in_volume_and_delta(evaluator: Callable, answer: Callable, stored: Callable) -> None:
    records = stored({name: answer("atoms/dcdft", evaluator(Wien2k(1.1, 0.8)), name).values for name in ("Al", "Si")})
    found = DeltaTest().analyse(records)
    assert found["v0"] == pytest.approx(10.0, abs=1e-3)
    assert found["b0"] == pytest.approx(20.0, abs=1e-2)
    assert found["delta"] > 5
    assert found["delta_full"] == found["delta"]


def test_no_minimum_in_reach_raises_the_reason(evaluator: Callable, answer: Callable) -> None:
    with pytest.raises(ValueError, match="no minimum of the energy found"):
        answer("atoms/dcdft", evaluator(Wien2k(2.0)), "Al")


def test_delta_is_that_of_the_two_curves(evaluator: Callable, answer: Callable) -> None:
    from ase.utils.deltacodesdft import delta

    row = dcdft.data["Cu"]
    v0, b0, bp = row["wien2k_volume"], row["wien2k_B"] / EV_A3_IN_GPA, row["wien2k_Bp"]
    expected = 1000 * delta(1.02 * v0, b0, bp, v0, b0, bp)
    assert answer("atoms/dcdft", evaluator(Wien2k(1.02)), "Cu").values["delta"] == pytest.approx(expected, rel=1e-4)


def test_gamma_point_models_do_not_take_part() -> None:
    model = Model("m", "atoms", "a:b", meta={"gamma_only": True})
    assert DeltaTest().supports(model) == "Gamma point only: no equation of state of a primitive cell"
    assert DeltaTest().supports(Model("m", "atoms", "a:b")) is None
