from collections.abc import Callable

import numpy as np
import pytest

from assay.atoms.benchmarks.extensivity import Extensivity
from assay.core.errors import Skip

CASES = [case.id for case in Extensivity().cases()]


def test_gamma_point_models_still_cover_enough_to_be_ranked() -> None:
    cases = Extensivity().checked_cases()
    pairs = [case for case in cases if "molecules" in case.inputs]
    assert len(pairs) / len(cases) >= 0.8
    assert all(len(set(case.inputs["molecules"])) == 2 for case in pairs)


@pytest.mark.parametrize("case", CASES)
def test_a_pair_potential_adds_up(case: str, potential: Callable, answer: Callable) -> None:
    assert answer("atoms/extensivity", potential(), case).values["error"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("case", "sizes", "copies"), [("CH4+CO2", (5, 3), 1), ("Si-diamond", (2,), 8)])
def test_an_energy_that_does_not_add_up_is_caught(case: str, sizes: tuple[int, ...], copies: int, potential: Callable,
                                                  answer: Callable) -> None:
    broken = potential(energy=lambda atoms: 0.1 * np.sqrt(len(atoms)))
    total = np.sqrt(copies * sum(sizes)) / copies
    expected = 100 * abs(total - sum(np.sqrt(size) for size in sizes))
    assert answer("atoms/extensivity", broken, case).values["error"] == pytest.approx(expected, rel=1e-5)


def test_cells_are_skipped_at_the_gamma_point(potential: Callable, answer: Callable) -> None:
    gamma = potential(gamma_only=True)
    with pytest.raises(Skip, match="Gamma point only"):
        answer("atoms/extensivity", gamma, "Cu-fcc")
    assert answer("atoms/extensivity", gamma, "H2O+N2").status == "ok"


def test_molecules_are_far_enough_apart_for_a_real_method(xtb, answer: Callable) -> None:
    errors = [answer("atoms/extensivity", xtb, case).values["error"] for case in CASES if "+" in case]
    assert max(errors) < 0.1


def test_the_worst_case_counts(stored: Callable) -> None:
    assert Extensivity().analyse(stored({"a": {"error": 0.1}, "b": {"error": 7.0}})) == {"error": 7.0}
