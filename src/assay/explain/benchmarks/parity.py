"""Parity: the engine against plain formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assay.core.benchmark import Benchmark
from assay.core.model import Model
from assay.core.plot import Bar
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark
from assay.explain.parity import names

if TYPE_CHECKING:
    from assay.explain.parity.ask import Engine


@benchmark
class Parity(Benchmark):
    """Every rule on every operation against its formula on a dense matrix in double precision; what networks conserve.

    ``rule/op/sign``: inputs are positive or of both signs; a rule on a convolution is compared with the matrix that
    the convolution is. ``conservation/architecture/composite``: random weights, all biases zero; relevance at the
    input and what was absorbed on the way make the relevance that was put on the output.
    """

    name, title, category, version = "explain/parity", "Engine against formulas", "Correctness", 1
    metrics = (
        Metric("error", "", 1e-6, 1e-3, tip="largest difference to the formula, relative to the largest relevance"),
        Metric("leak", "", 1e-6, 1e-3, tip="largest share of the relevance that nothing accounts for"),
    )
    views = (View("error", Bar("error")), View("leak", Bar("leak")))
    citation = ("Bach et al., PLOS ONE 10, e0130140 (2015); Montavon et al., Pattern Recognition 65, 211 (2017); "
                "Montavon et al., LNCS 11700, 193 (2019); Achtibat et al., ICML (2024), arXiv:2402.05602")
    licence = "no data: seeded random numbers"

    def supports(self, model: Model) -> str | None:
        return None if model.meta.get("parity") else "a method, not the engine: its rules are judged in engine-float64"

    def cases(self) -> Iterator[Case]:
        return (Case(name, tags=(f"rule:{name.partition('/')[0]}",)) for name in names())

    def calc(self, engine: Engine, case: Case) -> Record:
        return Record(engine.answer(case.id))

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        found = {key: [abs(r[key]) for r in records if key in r.values] for key in ("error", "leak")}
        return {key: max(values) for key, values in found.items() if values}
