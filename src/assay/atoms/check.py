"""The family's quick check: one single point on water."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ase import Atoms

from assay.core.benchmark import Benchmark
from assay.core.record import Case, Record, StoredRecord


def water() -> Atoms:
    """Return a water molecule, A."""
    return Atoms("OH2", [[0.0, 0.0, 0.119262], [0.0, 0.763239, -0.477047], [0.0, -0.763239, -0.477047]])


class Check(Benchmark):
    """Whether a model loads and answers: the energy of water in eV, and the versions that computed it."""

    name, title, category = "atoms/check", "Check", "Check"

    def cases(self) -> Iterable[Case]:
        """Return one case."""
        return [Case("water")]

    def calc(self, model: Any, case: Case) -> Record:
        """Compute one energy."""
        energy = model.energy(water())
        return Record({"energy": energy, "unit": "eV", "versions": model.versions})

    def analyse(self, records: Sequence[StoredRecord]) -> Mapping[str, float]:
        """Return nothing: a check has no metrics."""
        return {}
