from collections.abc import Callable

import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT

from assay.atoms import curves
from assay.atoms.benchmarks.diatomics import PLAIN, Diatomics
from assay.core.errors import Skip


class Morse(Calculator):
    """A well at 1.5 A that does not answer beyond `last` A, and says NaN below `first`."""

    implemented_properties = ["energy", "forces"]

    def __init__(self, first: float = 0.0, last: float = 99.0) -> None:
        super().__init__()
        self.first, self.last = first, last

    def calculate(self, atoms=None, properties=("energy",), system_changes=tuple(all_changes)) -> None:
        super().calculate(atoms, properties, system_changes)
        bond = self.atoms.positions[1] - self.atoms.positions[0]
        r = np.linalg.norm(bond)
        if r > self.last:
            raise RuntimeError("SCF not converged")
        decay = np.exp(-2 * (r - 1.5))
        push = -12 * (1 - decay) * decay * bond / r
        self.results = {"energy": 3 * ((1 - decay) ** 2 - 1) if r > self.first else np.nan,
                        "forces": np.array([-push, push])}


def test_eleven_elements_and_the_rest_only_when_asked_for() -> None:
    cases = Diatomics().checked_cases()
    assert {case.id for case in cases if not case.full} == set(PLAIN)
    assert set(PLAIN) == {"H", "C", "N", "O", "F", "P", "S", "Cl", "Si", "Cu", "Al"}
    assert {"Fe", "Xe", "U"} <= {case.id for case in cases if case.full}


def test_a_plain_well(evaluator: Callable, answer: Callable) -> None:
    values = answer("atoms/diatomics", evaluator(Morse()), "C").values
    assert (values["minima"], values["force_flips"], values["missing"]) == (1, 1, 0)
    assert values["spearman_repulsion"] == pytest.approx(-1.0)
    assert values["spearman_attraction"] == pytest.approx(1.0)
    assert values["r_deepest"] == pytest.approx(1.5, abs=0.1)
    assert len(values["distances"]) == len(values["energies"]) == len(values["forces"]) == 40
    assert values["energies"][-1] == 0.0


def test_points_without_a_result_are_counted_and_left_out(evaluator: Callable, answer: Callable) -> None:
    r = curves.distances("C")
    values = answer("atoms/diatomics", evaluator(Morse(first=r[2] + 1e-9, last=r[-6] + 1e-9)), "C").values
    assert values["missing"] == 3 + 5
    assert values["distances"] == pytest.approx(r[3:-5].tolist())
    assert values["minima"] == 1


def test_more_than_eight_of_them_fail_the_case(evaluator: Callable, answer: Callable) -> None:
    r = curves.distances("C")
    record = answer("atoms/diatomics", evaluator(Morse(last=r[-10] + 1e-9)), "C")
    assert record.status == "failed"
    assert record.reason == "9 of 40 distances without a result: RuntimeError: SCF not converged"


def test_an_element_that_the_model_does_not_know_is_skipped(evaluator: Callable, answer: Callable) -> None:
    with pytest.raises(Skip, match="no parameters for S"):
        answer("atoms/diatomics", evaluator(EMT(), elements=["H", "Cu"]), "S")


def test_gfn2_binds_nitrogen_where_nature_does(xtb, answer: Callable) -> None:
    record = answer("atoms/diatomics", xtb, "N")
    assert record.values["r_deepest"] == pytest.approx(1.10, abs=0.05)
    assert (record.values["minima"], record.values["force_flips"]) == (1, 1)
    assert record.artefacts["deepest"].label == "N2"


def test_means_over_elements(stored: Callable) -> None:
    one = {"minima": 1, "force_flips": 1, "spearman_repulsion": -1.0, "spearman_attraction": 1.0}
    other = {"minima": 3, "force_flips": 5, "spearman_repulsion": 0.0, "spearman_attraction": 0.5}
    assert Diatomics().analyse(stored({"H": one, "C": other})) == {
        "minima": 2.0, "force_flips": 3.0, "spearman_repulsion": -0.5, "spearman_attraction": 0.75}
