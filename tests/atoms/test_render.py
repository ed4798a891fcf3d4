"""What the app's page gets for a structure."""

from __future__ import annotations

import io
import json

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from assay.atoms import artefact, render

PAGE = {"suffix": ".extxyz", "frame": 0}


def scene(component: object) -> dict:
    return json.loads(getattr(component.children[0], "data-structure"))  # type: ignore[attr-defined]


def test_the_familys_own_artefacts_are_read_back_and_described() -> None:
    atoms = bulk("NaCl", "rocksalt", 5.64)
    item = artefact.structure(atoms, -3.25, forces=np.array([[0.0, 0.0, 0.3], [0.0, 0.4, 0.0]]))
    shown = render.structure(item.data, {**PAGE, "suffix": item.suffix})
    note = shown.children[-1].children
    assert "ClNa: 2 atoms, periodic" in note or "NaCl: 2 atoms, periodic" in note
    assert "energy -3.250000 eV" in note
    assert "largest force 0.4000 eV/Å" in note
    assert scene(shown)["symbols"] == ["Na", "Cl"]


@pytest.mark.parametrize(("suffix", "kind"), [(".extxyz", "extxyz"), (".xyz", "xyz"), (".cif", "cif")])
def test_other_formats(suffix: str, kind: str) -> None:
    atoms = molecule("H2O")
    atoms.center(vacuum=3)
    if kind == "cif":
        atoms.pbc = True
        data = io.BytesIO()
        ase.io.write(data, atoms, kind)
        text = data.getvalue()
    else:
        plain = io.StringIO()
        ase.io.write(plain, atoms, kind)
        text = plain.getvalue().encode()
    assert sorted(scene(render.structure(text, {"suffix": suffix}))["symbols"]) == ["H", "H", "O"]


def test_a_trajectory_opens_at_the_frame_that_was_clicked() -> None:
    text = "".join(artefact.extxyz(Atoms("H2", [[0, 0, 0], [0, 0, r]]), r) for r in np.linspace(0.6, 3.0, 10))
    shown = scene(render.trajectory(text.encode(), {"suffix": ".extxyz", "frame": 4}))
    assert shown["at"] == 4
    assert len(shown["frames"]) == len(shown["notes"]) == 10


def test_a_long_trajectory_is_thinned_out() -> None:
    text = artefact.extxyz(Atoms("H"), 0.0) * (2 * render.FRAMES + 1)
    shown = scene(render.trajectory(text.encode(), {"suffix": ".extxyz", "frame": 2 * render.FRAMES}))
    assert len(shown["frames"]) <= render.FRAMES
    assert shown["at"] == len(shown["frames"]) - 1
