"""The evaluator a benchmark receives: energy, forces and stress of a structure, each computed at most once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from assay.atoms import structures
from assay.atoms.dispersion import Corrected, bare
from assay.atoms.source import Source, bare_source
from assay.core.errors import Skip
from assay.core.model import Model


class Evaluator(Calculator):  # type: ignore[misc]
    """What `calc` receives: a model, and the dispersion correction it may carry, summed.

    It is an ASE calculator too (``atoms.calc = evaluator``). The structures handed in are never changed.

    Parameters
    ----------
    model : Model
    sources : sequence of Source
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, model: Model, sources: Sequence[Source]) -> None:
        super().__init__()
        self.model, self.sources = model, tuple(sources)

    def energy(self, atoms: Atoms) -> float:
        """Return the energy in eV."""
        return float(self.evaluate(atoms, ["energy"])["energy"])

    def energies(self, structures: Iterable[Atoms]) -> list[float]:
        """Return the energies in eV, one structure after the other: on a CPU batches gain nothing."""
        return [self.energy(atoms) for atoms in structures]

    def forces(self, atoms: Atoms) -> np.ndarray:
        """Return the forces [N, 3] in eV/A."""
        return np.asarray(self.evaluate(atoms, ["forces"])["forces"])

    def stress(self, atoms: Atoms) -> np.ndarray:
        """Return the stress [6] (xx, yy, zz, yz, xz, xy) in eV/A^3 of a fully periodic structure."""
        return np.asarray(self.evaluate(atoms, ["stress"])["stress"])

    def evaluate(self, atoms: Atoms, wanted: Collection[str]) -> dict[str, Any]:
        """Return several of ``energy``, ``forces`` and ``stress`` together.

        Raises
        ------
        Skip
            If the model does not cover the structure: its elements, its charge, a free atom.
        ValueError
            If the structure is none, or stress is asked of one that is not periodic in three directions.
        """
        if reason := structures.refusal(self.model.meta, atoms):
            raise Skip(reason)
        if "stress" in wanted and not atoms.pbc.all():
            raise ValueError("stress of a structure that is not periodic in three directions")
        parts = [source.evaluate(atoms, wanted) for source in self.sources]
        return {name: sum(part[name] for part in parts[1:]) + parts[0][name] for name in wanted}

    @property
    def evaluations(self) -> dict[str, dict[str, int]]:
        """Evaluations so far by evaluator: how many were computed and how many came from the cache."""
        return {source.name: {"computed": source.computed, "cached": source.cached} for source in self.sources}

    @property
    def load_seconds(self) -> float:
        """Seconds spent on opening the sources: one that was found in the cache throughout is never opened."""
        return sum((source.open_seconds for source in self.sources), 0.0)

    @property
    def versions(self) -> list[str]:
        """``name==version`` of the packages that compute."""
        return [version for source in self.sources for version in source.versions]

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",),
                  system_changes: Sequence[str] = tuple(all_changes)) -> None:
        """Fill `results`, as ASE asks a calculator to do."""
        super().calculate(atoms, properties, system_changes)
        wanted = {"energy" if name == "free_energy" else name for name in properties} | {"energy"}
        self.results.update(self.evaluate(self.atoms, sorted(wanted)))
        self.results["free_energy"] = self.results["energy"]

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Return what changed since the last calculation; charge and multiplicity count."""
        changes = list(super().check_state(atoms, tol))
        if self.atoms is not None and _spin_state(self.atoms) != _spin_state(atoms):
            changes.append("info")
        return changes


def wrap(loaded: Any, model: Model) -> Evaluator:
    """Return the evaluator of a loaded model; the family's `wrap`.

    Raises
    ------
    LoadError
        If the loader returned something that cannot be asked.
    """
    if isinstance(loaded, Corrected):
        from assay.atoms import d3

        return Evaluator(model, [bare_source(bare(model), loaded.load), d3.source(loaded.dispersion)])
    source = bare_source(model, lambda: loaded)
    source.open()
    return Evaluator(model, [source])


def _spin_state(atoms: Atoms) -> tuple[int, int | None]:
    return structures.charge(atoms), structures.multiplicity(atoms)
