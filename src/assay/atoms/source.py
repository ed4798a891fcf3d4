"""A source: one evaluator under the identity by which its results are kept, opened when first needed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
from ase import Atoms

from assay.atoms import cache, structures
from assay.atoms.backends import Backend, backend
from assay.atoms.versions import versions
from assay.core.errors import LoadError, Skip, describe
from assay.core.model import Model
from assay.core.record import canonical_json

SCHEME = 1  # of the keys: raise it when the same inputs would no longer give the same numbers


class Source:
    """One evaluator: what computes an energy, under the identity by which its results are kept.

    Parameters
    ----------
    name : str
        As `Evaluator.evaluations` counts it.
    method : str
        What decides the numbers besides the structure and the packages: the digest of a model, the parameters.
    versions : sequence of str
        ``name==version`` of the packages that compute.
    open_backend : callable
        Called when something has to be computed for the first time, not before.
    prepare : callable
        Structure -> the structure that is computed, a copy.
    store : EvaluationCache, optional
    """

    def __init__(self, name: str, method: str, versions: Sequence[str], open_backend: Callable[[], Backend],
                 prepare: Callable[[Atoms], Atoms], store: cache.EvaluationCache | None) -> None:
        self.name, self.method, self.versions = name, method, list(versions)
        self.open_backend, self.prepare, self.store = open_backend, prepare, store
        self.computed = self.cached = 0
        self.open_seconds = 0.0
        self._backend: Backend | None = None

    def evaluate(self, atoms: Atoms, wanted: Collection[str]) -> dict[str, Any]:
        """Return the wanted properties, from the cache where all of them are there.

        Raises
        ------
        Skip
            If the model has no parameters for an element.
        LoadError
            If the model cannot be loaded.
        """
        prepared = self.prepare(atoms)
        found = self._find(prepared, wanted)
        if len(found) == len(wanted):
            self.cached += 1
            return found
        ready = self.open()
        if reason := structures.unsupported(ready.elements, prepared):
            raise Skip(reason)
        results = dict(ready.compute(prepared.copy(), wanted))
        if not prepared.pbc.all():
            results.pop("stress", None)
        self.computed += 1
        self._keep(prepared, results)
        # What is known already stays as it was first computed: forces asked later do not change an energy's last bit.
        return {name: _typed(results[name]) for name in wanted} | found

    def open(self) -> Backend:
        """Return what computes, made at the first call.

        Raises
        ------
        LoadError
            If that fails.
        """
        if self._backend is None:
            started = time.perf_counter()
            try:
                self._backend = self.open_backend()
            except Exception as error:
                raise LoadError(describe(error)) from error
            self.open_seconds = time.perf_counter() - started
        return self._backend

    def key(self, atoms: Atoms, name: str) -> bytes:
        """Return the key of a property of a prepared structure.

        It is the sha256 of numbers, positions and cell as float64 bytes, pbc, charge, multiplicity, method and
        versions of this source, and the property's name.
        """
        head = [SCHEME, self.method, self.versions, name, len(atoms), atoms.pbc.tolist(), structures.charge(atoms),
                structures.multiplicity(atoms)]
        hashed = hashlib.sha256(canonical_json(head).encode())
        hashed.update(np.ascontiguousarray(atoms.numbers, "<i8").tobytes())
        for array in (atoms.positions, atoms.cell.array):
            hashed.update(np.ascontiguousarray(array, "<f8").tobytes())
        return hashed.digest()

    def _find(self, atoms: Atoms, wanted: Iterable[str]) -> dict[str, Any]:
        if self.store is None:
            return {}
        kept = {name: self.store.get(self.key(atoms, name)) for name in wanted}
        return {name: _decoded(name, value) for name, value in kept.items() if value is not None}

    def _keep(self, atoms: Atoms, results: dict[str, Any]) -> None:
        if self.store is not None:
            finite = {name: value for name, value in results.items() if np.isfinite(value).all()}
            self.store.put({self.key(atoms, name): np.asarray(value, "<f8").tobytes()
                            for name, value in finite.items()})


def bare_source(model: Model, load: Callable[[], Any]) -> Source:
    """Return the source of a model without what may be added to it.

    Parameters
    ----------
    model : Model
        The bare model: its digest is the identity, so that its corrected twin finds the same results.
    load : callable
        Returns what its loader returns.
    """
    prepare = structures.boxed if model.meta.get("periodic_only") else structures.plain
    return Source(model.name, model.digest, versions(model), lambda: backend(load()), prepare, cache.shared())


def _decoded(name: str, value: bytes) -> Any:
    numbers = np.frombuffer(value, "<f8")
    return float(numbers[0]) if name == "energy" else numbers.reshape((-1, 3) if name == "forces" else 6).copy()


def _typed(value: Any) -> Any:
    array = np.asarray(value, float)
    return array if array.ndim else float(array)
