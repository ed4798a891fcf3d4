from collections import Counter
from collections.abc import Callable

import pytest
from ase.data import dbh24 as data

from assay.atoms.benchmarks.dbh24 import DBH24, species
from assay.core.errors import Skip


def test_twelve_reactions_that_balance() -> None:
    cases = DBH24().checked_cases()
    assert [case.id for case in cases] == [f"dbh24_r{number}" for number in range(1, 13)]
    assert {case.id for case in cases if "charged" in case.tags} == {"dbh24_r4", "dbh24_r5", "dbh24_r6"}
    for case in cases:
        state = species(case.inputs["transition_state"])
        for side in ("reactants", "products"):
            parts = [species(name) for name in case.inputs[side]]
            assert sum((Counter(part.symbols) for part in parts), Counter()) == Counter(state.symbols)
            assert sum(part.info["charge"] for part in parts) == state.info["charge"]


@pytest.mark.parametrize("name", data.dbh24)
def test_multiplicity_fits_the_number_of_electrons(name: str) -> None:
    atoms = species(name)
    electrons = atoms.numbers.sum() - atoms.info["charge"]
    assert (electrons + atoms.info["multiplicity"]) % 2 == 1
    assert not atoms.get_initial_magnetic_moments().any()


def test_a_few_multiplicities() -> None:
    assert {name: species(f"dbh24_{name}").info["multiplicity"] for name in ("O", "H", "H2O", "CH3")} == {
        "O": 3, "H": 2, "H2O": 1, "CH3": 2}
    assert species("dbh24_OH-ion").info == {"charge": -1, "multiplicity": 1}


def test_barriers_are_differences_in_kilocalories(potential: Callable, answer: Callable) -> None:
    # 1 eV for every structure, whatever its size: one transition state less two reactants, less one product.
    record = answer("atoms/dbh24", potential(pairs=0.0, energy=lambda atoms: 1.0), "dbh24_r8")
    ev = 23.0605
    assert record.values["forward"] == pytest.approx((1 - 2) * ev, rel=1e-5)
    assert record.values["backward"] == pytest.approx((1 - 1) * ev, abs=1e-9)
    assert (record.values["reference_forward"], record.values["reference_backward"]) == (1.72, 41.75)


def test_charge_and_multiplicity_reach_the_model(xtb, answer: Callable) -> None:
    from tblite.ase import TBLite

    record = answer("atoms/dbh24", xtb, "dbh24_r6")
    assert record.status == "ok"
    ion = species("dbh24_OH-ion")
    ion.calc = TBLite(method="GFN2-xTB", charge=-1, multiplicity=1, verbosity=0)
    assert xtb.energy(species("dbh24_OH-ion")) == pytest.approx(ion.get_potential_energy(), abs=1e-8)


def test_what_a_model_cannot_do_is_skipped(potential: Callable, answer: Callable) -> None:
    with pytest.raises(Skip, match="charge"):
        answer("atoms/dbh24", potential(charge=False), "dbh24_r4")
    with pytest.raises(Skip, match="isolated atoms"):
        answer("atoms/dbh24", potential(isolated_atoms=False), "dbh24_r1")


def test_mean_over_both_directions(stored: Callable) -> None:
    record = {"forward": 1.0, "reference_forward": 4.0, "backward": 10.0, "reference_backward": 9.0}
    assert DBH24().analyse(stored({"a": record, "b": record}))["mae"] == pytest.approx(2.0)
