"""The X23 set as Della Pia, Zen, Alfe and Michaelides published it: structures, references, experiments.

Systems are numbered from 1, in the order of their folder names; the rows of the tables are in the same order. The
table ``nmol`` (molecules in a cell) is not used: it is wrong for succinic acid, so the number comes from the atoms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
from ase import Atoms

MOLECULES, SOLIDS, FIGURES = "data_dmc/molecule", "data_dmc/solid", "data_figures"


def systems(files: Iterable[str]) -> list[str]:
    """Return the names of the systems in their order, from the paths of the data set."""
    paths = [PurePosixPath(path) for path in files]
    return sorted(path.parent.name for path in paths if path.is_relative_to(MOLECULES))


def composition(folder: Path, system: str) -> Counter[str]:
    """Return how many atoms of each element a crystal's cell holds: lines 6 and 7 of its POSCAR, and no more."""
    with (folder / SOLIDS / system / "POSCAR").open(encoding="utf-8") as stream:
        lines = list(islice(stream, 7))
    return Counter(dict(zip(lines[5].split(), map(int, lines[6].split()), strict=True)))


def structures(folder: Path, system: str) -> tuple[Atoms, Atoms]:
    """Return the crystal and the molecule; the molecule without the cell of its POSCAR, which is only a box."""
    from ase.io.vasp import read_vasp

    solid, molecule = (read_vasp(folder / part / system / "POSCAR") for part in (SOLIDS, MOLECULES))
    return solid, Atoms(molecule.symbols, molecule.positions)


def molecules_in(solid: Atoms, molecule: Atoms) -> int:
    """Return how many molecules the cell of a crystal holds.

    Raises
    ------
    ValueError
        If its atoms do not make up a whole number of molecules.
    """
    cell, unit = Counter(solid.symbols), Counter(molecule.symbols)
    number = len(solid) // len(molecule)
    if number < 1 or cell != Counter({symbol: number * count for symbol, count in unit.items()}):
        raise ValueError(f"the cell holds {solid.get_chemical_formula()}, which is not a whole number of molecules "
                         f"{molecule.get_chemical_formula()}")
    return number


def references(folder: Path, number: int) -> dict[str, float]:
    """Return lattice energies in kJ/mol of a system.

    Returns
    -------
    dict
        ``reference`` and ``reference_error`` by diffusion Monte Carlo; ``experiment``, the mean over the measured
        sublimation enthalpies of -(dH_sub + vibrations), with the vibrational and thermal terms of the set.
        (Systems 4, 15 and 16 list their one measurement twice, which leaves the mean as it is.)
    """
    energy, error = _table(folder, "diffusion-monte-carlo/DMC")[number - 1]
    enthalpies = _table(folder, f"experiments/extrapolated/expdata_{number}_with_corrections.txt")
    vibrations = _table(folder, "vibrational-contribution/vib_DHB")[number - 1]
    experiment = -(enthalpies.mean() + vibrations[0] + vibrations[2])
    return {"reference": float(energy), "reference_error": float(error), "experiment": float(experiment)}


def _table(folder: Path, name: str) -> np.ndarray:
    return np.loadtxt(folder / FIGURES / name, ndmin=2)
