"""Structures and trajectories on the app's page: the family's renderers, imported when one is first shown."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import ase.io
import ase.io.extxyz
import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from assay.atoms import geometry

FORMATS = {".extxyz": "extxyz", ".xyz": "extxyz", ".cif": "cif", ".vasp": "vasp", ".pdb": "proteindatabank"}
FRAMES = 400  # of a trajectory; a longer one is thinned out evenly


def structure(data: bytes, page: Mapping[str, Any]) -> Any:
    """Return the viewer of the artefact's last structure (an `assay` page gives bytes and what it knows of them)."""
    return _viewer(read(data, str(page.get("suffix", "")))[-1:], 0)


def trajectory(data: bytes, page: Mapping[str, Any]) -> Any:
    """Return the viewer of all frames, opened at the page's ``frame``."""
    frames = read(data, str(page.get("suffix", "")))
    step = -(-len(frames) // FRAMES)
    return _viewer(frames[::step], min(int(page.get("frame") or 0) // step, len(frames[::step]) - 1))


def read(data: bytes, suffix: str) -> list[Atoms]:
    """Return the structures in a file.

    Raises
    ------
    ValueError
        If there are none.
    """
    frames = ase.io.read(io.StringIO(data.decode("utf-8")), index=":", format=FORMATS.get(suffix, "extxyz"))
    if not frames:
        raise ValueError("the file holds no structure")
    return list(frames)


def _viewer(frames: Sequence[Atoms], opened: int) -> Any:
    from dash import html

    atoms = frames[opened]
    scene = {**geometry.scene(frames), "label": _label(atoms), "at": opened, "notes": [_note(one) for one in frames]}
    counts = Counter(scene["symbols"])
    legend = [html.Span([html.I(style={"background": geometry.colour(atomic_numbers[symbol])}), f"{symbol} {count}"])
              for symbol, count in sorted(counts.items())]
    return html.Div([
        html.Div(className="structure", **{"data-structure": json.dumps(scene, separators=(",", ":"))}),
        html.Div(legend, className="atoms-legend"), html.P(_note(atoms), className="atoms-note"),
    ])


def _label(atoms: Atoms) -> str:
    periodic = ", periodic" if atoms.pbc.any() else ""
    return f"{atoms.get_chemical_formula()}: {len(atoms)} atoms{periodic}"


def _note(atoms: Atoms) -> str:
    """Return formula, cell and energy in words."""
    parts = [_label(atoms)]
    if atoms.pbc.any() and atoms.cell.rank == 3:
        a, b, c, alpha, beta, gamma = atoms.cell.cellpar()
        parts.append(f"a b c {a:.3f} {b:.3f} {c:.3f} Å, α β γ {alpha:.1f} {beta:.1f} {gamma:.1f}°")
    results = atoms.calc.results if atoms.calc is not None else {}
    if "energy" in results:
        parts.append(f"energy {results['energy']:.6f} eV")
    if "forces" in results:
        parts.append(f"largest force {np.linalg.norm(results['forces'], axis=1).max():.4f} eV/Å")
    return " · ".join(parts)
