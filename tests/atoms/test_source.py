"""A source: what is computed, what is kept, under which key."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given
from hypothesis import strategies as st

from assay.atoms import cache, structures
from assay.atoms.source import Source, bare_source
from assay.core.errors import LoadError, Skip
from assay.core.model import Model


class Counting:
    """Remembers what it was asked; its energy is the sum of the z coordinates."""

    elements: frozenset[str] | None = frozenset({"H", "C", "N", "O", "Cu"})

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def compute(self, atoms: Atoms, wanted: Collection[str]) -> dict[str, Any]:
        self.asked.append(sorted(wanted))
        atoms.positions[:] = 0.0 * (total := atoms.positions[:, 2].sum())  # a careless model
        results: dict[str, Any] = {"energy": total}
        if "energy" not in wanted:
            results["energy"] = total + 1e-7  # another path through the model, another last bit
        if "forces" in wanted:
            results["forces"] = np.full((len(atoms), 3), np.float32(0.1))
        if "stress" in wanted:
            results["stress"] = np.arange(6.0)
        return results


def source(backend: Any, **changes: Any) -> Source:
    given = {"name": "counting", "method": "m", "versions": ["a==1"], "open_backend": lambda: backend,
             "prepare": structures.plain, "store": cache.shared()}
    return Source(**{**given, **changes})


def test_what_was_computed_is_not_computed_again() -> None:
    backend = Counting()
    water = molecule("H2O")
    first, second = source(backend), source(backend)
    energy = first.evaluate(water, ["energy"])["energy"]
    assert second.evaluate(water, ["energy"]) == {"energy": energy}
    assert backend.asked == [["energy"]]
    assert (first.computed, first.cached, second.computed, second.cached) == (1, 0, 0, 1)


def test_the_backend_is_opened_when_something_is_missing_and_not_before() -> None:
    source(Counting()).evaluate(molecule("H2O"), ["energy"])

    def fail() -> Counting:
        raise ImportError("no such package")

    closed = source(None, open_backend=fail)
    assert closed.evaluate(molecule("H2O"), ["energy"])["energy"]
    with pytest.raises(LoadError, match="ImportError: no such package"):
        closed.evaluate(molecule("CO"), ["energy"])


def test_forces_asked_later_leave_the_energy_as_it_was() -> None:
    ammonia = molecule("NH3")
    energy = source(Counting()).evaluate(ammonia, ["energy"])["energy"]
    source(Counting()).evaluate(ammonia, ["forces"])
    both = source(Counting()).evaluate(ammonia, ["energy", "forces"])
    assert both["energy"] == energy
    assert both["forces"].dtype == float
    assert both["forces"].shape == (4, 3)


def test_kept_values_are_the_computed_ones_to_the_last_bit() -> None:
    copper = bulk("Cu")
    computed = source(Counting()).evaluate(copper, ["energy", "forces", "stress"])
    kept = source(Counting()).evaluate(copper, ["energy", "forces", "stress"])
    for name, value in computed.items():
        assert np.array_equal(kept[name], value)
        assert np.shape(kept[name]) == np.shape(value)
    kept["forces"][:] = 1.0  # a caller's own array


def test_the_structure_is_never_changed() -> None:
    water = molecule("H2O")
    before = water.copy()
    source(Counting()).evaluate(water, ["energy"])
    assert np.array_equal(water.positions, before.positions)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_only_finite_results_are_kept(value: float) -> None:
    class Broken(Counting):
        def compute(self, atoms: Atoms, wanted: Collection[str]) -> dict[str, Any]:
            return {"energy": value, "forces": np.zeros((len(atoms), 3))}

    water = molecule("H2O")
    assert not np.isfinite(source(Broken()).evaluate(water, ["energy"])["energy"])
    assert np.isfinite(source(Counting()).evaluate(water, ["energy"])["energy"])
    assert source(None, open_backend=pytest.fail).evaluate(water, ["forces"])["forces"].shape == (3, 3)


def test_without_a_cache_everything_is_computed() -> None:
    counting = source(Counting(), store=None)
    for _ in range(2):
        counting.evaluate(molecule("H2O"), ["energy"])
    assert (counting.computed, counting.cached) == (2, 0)


def test_elements_that_only_the_loaded_model_knows_are_skipped_before_computing() -> None:
    backend = Counting()
    with pytest.raises(Skip, match="no parameters for Ag, Au"):
        source(backend).evaluate(Atoms("AuAgH", positions=np.eye(3)), ["energy"])
    assert backend.asked == []


def test_a_bare_source_is_known_by_what_computes_and_not_by_its_name() -> None:
    one = Model("one", "atoms", "assay.atoms.loaders:emt", meta={"packages": ["ase"]})
    two = Model("two", "atoms", "assay.atoms.loaders:emt", meta={"packages": ["ase"], "level": "other"})
    three = Model("three", "atoms", "assay.atoms.loaders:lennard_jones", meta={"packages": ["ase"]})
    keys = [bare_source(model, Counting).key(molecule("H2O"), "energy") for model in (one, two, three)]
    assert keys[0] == keys[1] != keys[2]


def test_a_box_is_part_of_what_is_computed() -> None:
    boxing = Model("m", "atoms", "a:b", meta={"periodic_only": True})
    seen = []

    class Looking(Counting):
        def compute(self, atoms: Atoms, wanted: Collection[str]) -> dict[str, Any]:
            seen.append(atoms)
            return {"energy": 0.0, "stress": np.zeros(6)}

    boxed = bare_source(boxing, Looking)
    boxed.open_backend = Looking
    boxed.evaluate(molecule("H2"), ["energy"])
    assert seen[0].pbc.all()


numbers = st.lists(st.sampled_from([1, 6, 7, 8]), min_size=1, max_size=4)


@given(numbers, st.data())
def test_a_key_changes_with_every_input_and_with_nothing_else(kinds: list[int], data: st.DataObject) -> None:
    coordinate = st.floats(-9, 9)
    positions = data.draw(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=len(kinds),
                                   max_size=len(kinds)))
    atoms = Atoms(numbers=kinds, positions=positions, cell=[5, 6, 7], pbc=True)
    asked = source(Counting(), store=None)
    key = asked.key(atoms, "energy")
    assert asked.key(atoms.copy(), "energy") == key
    changes: list[Callable[[Atoms], Any]] = [
        lambda a: a.positions.__setitem__((0, 0), np.nextafter(a.positions[0, 0], 99)),
        lambda a: a.cell.__setitem__((0, 1), 1e-12),
        lambda a: a.numbers.__setitem__(0, a.numbers[0] + 1),
        lambda a: a.pbc.__setitem__(2, False),
        lambda a: a.info.update(charge=1),
        lambda a: a.info.update(multiplicity=2),
        lambda a: a.extend(Atoms("H")),
    ]
    other_keys = {key, asked.key(atoms, "forces")}
    other_keys |= {source(None, store=None, **{name: value}).key(atoms, "energy")
                   for name, value in (("method", "n"), ("versions", ["a==2"]), ("versions", []))}
    for change in changes:
        changed = atoms.copy()
        change(changed)
        other_keys.add(asked.key(changed, "energy"))
    assert len(other_keys) == 5 + len(changes)
    unchanged = atoms.copy()
    unchanged.info["title"] = "x"
    unchanged.set_initial_magnetic_moments(np.ones(len(kinds)))
    assert asked.key(unchanged, "energy") == key
    assert source(None, name="another", store=None).key(atoms, "energy") == key
