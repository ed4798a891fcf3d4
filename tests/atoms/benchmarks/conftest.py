"""Closed-form potentials as models under test, and cases run without a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones

from assay.atoms.evaluate import Evaluator, wrap
from assay.core.benchmark import Benchmark
from assay.core.model import Model
from assay.core.record import Record, StoredRecord
from assay.core.registry import registry

Term = Callable[[Atoms], Any]


class Potential(Calculator):
    """A smooth Lennard-Jones potential, plus whatever a test spoils it with."""

    implemented_properties = ["energy", "forces"]

    def __init__(self, energy: Term | None = None, forces: Term | None = None, pairs: float = 0.01) -> None:
        super().__init__()
        self.extra_energy = energy or (lambda atoms: 0.0)
        self.extra_forces = forces or (lambda atoms: 0.0)
        self.pairs = LennardJones(sigma=1.0, epsilon=pairs, rc=6.0, ro=4.0, smooth=True)

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",),
                  system_changes: Sequence[str] = tuple(all_changes)) -> None:
        super().calculate(atoms, properties, system_changes)
        copy = self.atoms.copy()
        copy.calc = self.pairs
        self.results = {"energy": copy.get_potential_energy() + self.extra_energy(copy),
                        "forces": copy.get_forces() + self.extra_forces(copy)}


@pytest.fixture
def evaluator(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Evaluator]:
    """``evaluator(calculator, gamma_only=True, ...)``: a calculator as a benchmark receives it; nothing is cached."""
    monkeypatch.setenv("ASSAY_EVAL_CACHE", "0")

    def make(calculator: Calculator, **meta: Any) -> Evaluator:
        return wrap(calculator, Model("under-test", "atoms", "nowhere:nothing", meta=meta))

    return make


@pytest.fixture
def potential(evaluator: Callable[..., Evaluator]) -> Callable[..., Evaluator]:
    """``potential(energy=..., forces=..., **meta)``: the closed-form potential with extra terms."""

    def make(energy: Term | None = None, forces: Term | None = None, pairs: float = 0.01, **meta: Any) -> Evaluator:
        return evaluator(Potential(energy, forces, pairs), **meta)

    return make


@pytest.fixture
def xtb(evaluator: Callable[..., Evaluator]) -> Evaluator:
    """GFN2-xTB itself."""
    tblite = pytest.importorskip("tblite.ase")
    return evaluator(tblite.TBLite(method="GFN2-xTB", verbosity=0), gamma_only=True, charge=True)


@pytest.fixture
def bench() -> Callable[[str], Benchmark]:
    """``bench("atoms/s22")``: the registered benchmark."""
    import assay.atoms.benchmarks  # noqa: F401  (importing registers)

    return registry.benchmark


@pytest.fixture
def answer(bench: Callable[[str], Benchmark]) -> Callable[..., Record]:
    """``answer(name, evaluator, case_id)``: the record, checked as the worker checks it."""

    def run(name: str, evaluator: Evaluator, case: str) -> Record:
        benchmark = bench(name)
        found = {item.id: item for item in benchmark.checked_cases()}
        return benchmark.calc(evaluator, found[case]).checked()

    return run


@pytest.fixture
def stored() -> Callable[[Mapping[str, Mapping[str, Any]]], list[StoredRecord]]:
    """``stored({case: values})``: ok records as `analyse` receives them."""

    def make(values: Mapping[str, Mapping[str, Any]]) -> list[StoredRecord]:
        return [StoredRecord("", "", 1, "", "", case, (), "ok", "", dict(item), {}, 0.0, "", 0.0)
                for case, item in sorted(values.items())]

    return make


@pytest.fixture
def unit_forces() -> Term:
    """A force of 10 meV/A along every axis on every atom, the gradient of nothing."""
    return lambda atoms: np.full((len(atoms), 3), 0.01)
