from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from ase.data.s22 import get_interaction_energy_s22, get_interaction_energy_s22x5, s22
from ase.units import kcal, mol

from assay.atoms.benchmarks.s22x5 import S22x5


def test_five_distances_of_every_dimer() -> None:
    cases = S22x5().checked_cases()
    assert len(cases) == 110
    assert Counter(case.inputs["distance"] for case in cases) == dict.fromkeys((0.9, 1.0, 1.2, 1.5, 2.0), 22)
    assert {case.inputs["dimer"] for case in cases} == set(s22)
    assert "Water_dimer_1.2" in {case.id for case in cases}


def test_record_holds_what_the_curve_is_drawn_from(potential: Callable, answer: Callable) -> None:
    record = answer("atoms/s22x5", potential(), "Water_dimer_1.5")
    assert (record.values["dimer"], record.values["distance"]) == ("Water_dimer", 1.5)
    plot = S22x5().views[0].plot
    assert {plot.x, plot.y, plot.group, plot.reference} <= set(record.values)


def test_references_meet_those_of_s22_at_equilibrium(potential: Callable, answer: Callable) -> None:
    for name in ("Water_dimer", "Phenol_dimer"):
        at_rest = answer("atoms/s22x5", potential(), f"{name}_1.0").values["reference"]
        assert at_rest == pytest.approx(get_interaction_energy_s22(name) * mol / kcal)
        assert at_rest != pytest.approx(get_interaction_energy_s22x5(f"{name}_1.0", correct_offset=False) * mol / kcal)


def test_the_dimer_comes_apart(xtb, answer: Callable) -> None:
    curve = [answer("atoms/s22x5", xtb, f"Water_dimer_{d}").values for d in ("0.9", "1.0", "1.2", "1.5", "2.0")]
    predicted = np.array([values["predicted"] for values in curve])
    reference = np.array([values["reference"] for values in curve])
    assert (np.diff(predicted)[1:] > 0).all()
    assert np.abs(predicted - reference).max() < 1.0
