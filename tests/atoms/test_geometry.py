"""Structures as a viewer draws them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.data.s22 import create_s22_system

from assay.atoms.geometry import scene


def frame(atoms: Atoms) -> dict:
    return scene([atoms])["frames"][0]


def test_a_molecule_has_its_bonds_and_no_cell() -> None:
    drawn = scene([molecule("CH3CH2OH")])
    assert drawn["cell"] == []
    assert len(drawn["frames"][0]["bonds"]) == 8
    assert drawn["frames"][0]["stubs"] == []
    assert drawn["symbols"].count("C") == 2
    json.dumps(drawn, allow_nan=False)


def test_a_dimer_is_two_molecules() -> None:
    dimer = create_s22_system("Water_dimer")
    assert sorted(map(tuple, frame(dimer)["bonds"])) == [(0, 1), (0, 2), (3, 4), (3, 5)]


def test_a_molecule_across_the_boundary_is_drawn_whole() -> None:
    water = molecule("H2O", cell=[6, 6, 6], pbc=True)
    expected = water.get_all_distances()
    water.wrap()
    drawn = frame(water)
    positions = np.array(drawn["positions"])
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    assert distances == pytest.approx(expected, abs=2e-4)
    assert drawn["stubs"] == []
    assert len(drawn["bonds"]) == 2


def test_a_crystal_has_its_cell_and_half_bonds_to_the_images() -> None:
    silicon = bulk("Si", cubic=True)
    drawn = scene([silicon])
    assert len(drawn["cell"]) == 12
    neighbours = 2 * len(drawn["frames"][0]["bonds"]) + len(drawn["frames"][0]["stubs"])
    assert neighbours == 8 * 4
    atom, end = drawn["frames"][0]["stubs"][0]
    reach = np.linalg.norm(np.array(end) - drawn["frames"][0]["positions"][atom])
    assert reach == pytest.approx(5.43 * 3**0.5 / 8, abs=1e-3)


def test_one_atom_and_one_frame_after_another() -> None:
    drawn = scene([Atoms("H"), Atoms("H", [[1, 0, 0]])])
    assert [item["positions"] for item in drawn["frames"]] == [[[0, 0, 0]], [[1, 0, 0]]]
