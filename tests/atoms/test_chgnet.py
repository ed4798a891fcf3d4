"""CHGNet asked for less: the same numbers as its own calculator."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.io import read

from assay.atoms import structures
from assay.core.model import Model

pytest.importorskip("chgnet")

from chgnet.model.dynamics import CHGNetCalculator
from chgnet.model.model import CHGNet
from pymatgen.io.ase import AseAtomsAdaptor

from assay.atoms import loaders
from assay.atoms.chgnet import ChgnetBackend
from assay.atoms.chgnet_graph import crystal_graph
from assay.atoms.evaluate import wrap

VERSIONS = ["0.3.0", "0.2.0", "r2scan"]


def rattled(atoms: Atoms, amount: float = 0.05) -> Atoms:
    atoms.rattle(amount, seed=4)
    return atoms


STRUCTURES: dict[str, Callable[[], Atoms]] = {
    "one atom a cell": lambda: bulk("Cu"),
    "rock salt": lambda: rattled(bulk("NaCl", "rocksalt", 5.6, cubic=True)),
    "skewed cell": lambda: rattled(bulk("Mg").repeat((2, 1, 1))),
    "flat cell": lambda: Atoms("LiF", [[0, 0, 0], [1, 1, 9.0]], cell=[2.5, 2.7, 19], pbc=True),
    "left-handed cell": lambda: Atoms("SiO2", [[0, 0, 0], [1.6, 0, 0], [0, 1.6, 0.3]], pbc=True,
                                      cell=[[0, 4, 0], [4, 0, 0.5], [0, 0, 4]]),
    "atoms outside the cell": lambda: Atoms("HF", [[-7, 3, 20], [-7, 3, 20.95]], cell=[8, 8, 8], pbc=True),
    "molecule in a box": lambda: structures.boxed(rattled(molecule("CH3CH2OH"))),
    "bonds without angles": lambda: Atoms("Ar2", [[0, 0, 0], [0, 0, 3.9]], cell=[25, 25, 25], pbc=True),
    "no bonds at all": lambda: Atoms("Ar2", [[0, 0, 0], [0, 0, 8.0]], cell=[25, 25, 25], pbc=True),
    "bonds exactly at the cut-off": lambda: bulk("Po", "sc", 3.0).repeat(2),
}


@pytest.fixture(scope="module", params=VERSIONS)
def calculator(request: pytest.FixtureRequest) -> CHGNetCalculator:
    return CHGNetCalculator(loaders.chgnet("cpu", request.param), use_device="cpu")


def agree(calculator: CHGNetCalculator, atoms: Atoms) -> None:
    ours = ChgnetBackend(calculator.model)
    energy = ours.compute(atoms, ["energy"])["energy"]
    forces = ours.compute(atoms, ["forces"])
    everything = ours.compute(atoms, ["energy", "forces", "stress"])
    calculator.calculate(atoms)
    peer = calculator.results
    for found in (energy, forces["energy"], everything["energy"]):
        assert abs(found - float(peer["energy"])) / len(atoms) < 1e-5
    # Its calculator divides by the signed volume, which turns the sign of stress in a left-handed cell.
    stress = peer["stress"].reshape(3, 3).flat[[0, 4, 8, 5, 2, 1]] * np.sign(np.linalg.det(atoms.cell.array))
    assert forces["forces"] == pytest.approx(peer["forces"], abs=2e-4)
    assert everything["forces"] == pytest.approx(peer["forces"], abs=2e-4)
    assert everything["stress"] == pytest.approx(stress, abs=2e-5)


@pytest.mark.parametrize("name", STRUCTURES)
def test_energies_forces_and_stress_agree_with_its_calculator(calculator: CHGNetCalculator, name: str) -> None:
    agree(calculator, STRUCTURES[name]())


@pytest.mark.slow
def test_all_of_x23_agrees_with_its_calculator(calculator: CHGNetCalculator, mirror: Path) -> None:
    files = sorted((mirror / "molcrys-dmc" / "data_dmc").glob("*/*/POSCAR"))
    assert len(files) == 46
    for file in files:
        agree(calculator, read(file, format="vasp"))


@pytest.mark.parametrize("name", [name for name in STRUCTURES if name not in ("no bonds at all",)])
def test_the_graph_is_the_one_its_converter_makes(name: str) -> None:
    atoms = STRUCTURES[name]()
    converter = CHGNet.load(model_name="0.3.0", use_device="cpu", verbose=False).graph_converter
    ours = crystal_graph(atoms, converter)
    peer = converter(AseAtomsAdaptor.get_structure(atoms))
    assert bonds(ours) == bonds(peer)
    assert angles(ours) == angles(peer)
    assert Counter(np.bincount(ours.directed2undirected)) == Counter({2: len(ours.undirected2directed)})
    assert np.allclose(ours.atom_frac_coord.numpy(), peer.atom_frac_coord.detach().numpy(), atol=1e-6)


def directed(graph) -> list[tuple[int, ...]]:
    """(center, neighbour, image) of every directed bond."""
    return [(*pair, *map(round, image)) for pair, image in
            zip(graph.atom_graph.tolist(), graph.neighbor_image.tolist(), strict=True)]


def bonds(graph) -> Counter:
    """The two directions of every undirected bond, in any order and numbering."""
    ends: dict[int, set] = {}
    for bond, number in zip(directed(graph), graph.directed2undirected.tolist(), strict=True):
        ends.setdefault(number, set()).add(bond)
    return Counter(frozenset(pair) for pair in ends.values())


def angles(graph) -> Counter:
    """Center and the two directed bonds of every angle; their undirected numbers must be theirs."""
    named, undirected = directed(graph), graph.directed2undirected.tolist()
    for _, one, first, two, second in graph.bond_graph.tolist():
        assert (undirected[first], undirected[second]) == (one, two)
    return Counter((center, named[first], named[second]) for center, _, first, _, second in graph.bond_graph.tolist())


def test_the_network_that_was_loaded_stays_as_it_is(calculator: CHGNetCalculator) -> None:
    before = [type(layer).__module__ for layer in calculator.model.modules()]
    atoms = bulk("NaCl", "rocksalt", 5.6)
    calculator.calculate(atoms)
    energy = calculator.results["energy"]
    ChgnetBackend(calculator.model).compute(atoms, ["energy"])
    assert [type(layer).__module__ for layer in calculator.model.modules()] == before
    calculator.calculate(atoms)
    assert calculator.results["energy"] == energy


def test_forces_are_the_slope_of_the_energy() -> None:
    ours, atoms = ChgnetBackend(loaders.chgnet("cpu", "0.3.0")), STRUCTURES["rock salt"]()
    up, down = atoms.copy(), atoms.copy()
    up.positions[0, 0] += 0.02
    down.positions[0, 0] -= 0.02
    slope = (ours.compute(up, ["energy"])["energy"] - ours.compute(down, ["energy"])["energy"]) / 0.04
    assert ours.compute(atoms, ["forces"])["forces"][0, 0] == pytest.approx(-slope, abs=5e-3)


def test_stress_does_not_depend_on_the_order_of_the_cell_vectors() -> None:
    ours, atoms = ChgnetBackend(loaders.chgnet("cpu", "0.3.0")), STRUCTURES["left-handed cell"]()
    turned = atoms.copy()
    turned.cell = atoms.cell.array[[1, 0, 2]]
    assert ours.compute(turned, ["stress"])["stress"] == pytest.approx(ours.compute(atoms, ["stress"])["stress"],
                                                                       abs=1e-6)


def test_a_molecule_needs_no_cell_of_its_own() -> None:
    meta = {"periodic_only": True, "isolated_atoms": False, "packages": ["chgnet", "torch"]}
    model = Model("chgnet-0.3.0", "atoms", "assay.atoms.loaders:chgnet", {"model": "0.3.0"}, meta=meta)
    evaluator = wrap(model.load(), model)
    water = molecule("H2O")
    wide = molecule("H2O", vacuum=14.0)
    wide.pbc = True
    assert evaluator.energy(water) == pytest.approx(evaluator.energy(wide), abs=1e-5)
    assert evaluator.forces(water) == pytest.approx(evaluator.forces(wide), abs=1e-4)
    assert not water.pbc.any()
    assert not water.cell.array.any()
