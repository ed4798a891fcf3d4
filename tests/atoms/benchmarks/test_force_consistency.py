from collections.abc import Callable

import numpy as np
import pytest
from ase.calculators.emt import EMT

from assay.atoms.benchmarks.force_consistency import ForceConsistency

CASES = [case.id for case in ForceConsistency().cases()]


@pytest.mark.parametrize("case", CASES)
def test_gradients_of_a_pair_potential_are_its_forces(case: str, potential: Callable, answer: Callable) -> None:
    values = answer("atoms/force-consistency", potential(), case).values
    assert values["largest"] < 0.05
    assert values["error"] <= values["largest"]


def test_a_harmonic_energy_is_differentiated_exactly(potential: Callable, answer: Callable) -> None:
    def energy(atoms) -> float:
        return 0.5 * float((atoms.positions**2).sum())

    spring = potential(pairs=0.0, energy=energy, forces=lambda atoms: -atoms.positions)
    assert answer("atoms/force-consistency", spring, "C6H6").values["largest"] == pytest.approx(0.0, abs=1e-6)


def test_forces_that_are_no_gradient_are_caught(potential: Callable, answer: Callable, unit_forces: Callable) -> None:
    values = answer("atoms/force-consistency", potential(pairs=0.0, forces=unit_forces), "Al-fcc").values
    assert values["error"] == pytest.approx(10.0)
    assert values["largest"] == pytest.approx(10.0)


def test_forces_of_the_wrong_sign_are_caught(evaluator: Callable, answer: Callable) -> None:
    class Reversed(EMT):
        def calculate(self, *args, **kwargs) -> None:
            super().calculate(*args, **kwargs)
            self.results["forces"] = -self.results["forces"]

    right, wrong = (answer("atoms/force-consistency", evaluator(kind()), "CH3OH") for kind in (EMT, Reversed))
    assert right.values["error"] < 0.01
    assert wrong.values["error"] > 100


def test_artefact_holds_the_forces_of_the_model(evaluator: Callable, answer: Callable) -> None:
    from io import StringIO

    from ase.io import read

    artefact = answer("atoms/force-consistency", evaluator(EMT()), "CH3OH").artefacts["structure"]
    atoms = read(StringIO(artefact.data.decode()), format="extxyz")
    forces, energy = atoms.get_forces(), atoms.get_potential_energy()
    atoms.calc = EMT()
    assert atoms.get_potential_energy() == pytest.approx(energy)
    assert np.allclose(atoms.get_forces(), forces)


def test_mean_over_structures(stored: Callable) -> None:
    assert ForceConsistency().analyse(stored({"a": {"error": 1.0}, "b": {"error": 3.0}})) == {"error": 2.0}
