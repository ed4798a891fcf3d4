"""Compare two models on the cases both have: paired bootstrap, and a verdict only where the interval leaves 0 out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from assay.core.benchmark import Benchmark
from assay.core.store import Store
from assay.results.bootstrap import Floats, finite, interval
from assay.results.score import Sample, Scheme, gather, metric_score, resampled

Verdict = Literal["a", "b", "tie"]


@dataclass
class Difference:
    """One line of a comparison: difference = a - b with its 95% interval; the verdict says which is better.

    `p` is the p value of a test that the benchmark brings (`paired_test`), for metrics that it knows one for.
    """

    benchmark: str | None
    metric: str
    n: int
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    p: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields of ``assay compare --json``."""
        return dict(vars(self))


@dataclass
class _Side:
    values: dict[str, float]
    samples: Floats

    def score(self, benchmark: Benchmark, scheme: Scheme) -> tuple[float, Floats]:
        weights, value, samples = 0.0, 0.0, np.zeros(len(self.samples))
        for column, metric in enumerate(benchmark.metrics):
            good, bad, weight = scheme.metric(benchmark, metric)
            weights += weight
            value += weight * float(metric_score(metric.judged(self.values[metric.name]), good, bad))
            samples = samples + weight * metric_score(metric.judged(self.samples[:, column]), good, bad)
        return (value / weights, samples / weights) if weights else (math.nan, samples * math.nan)


def compare(store: Store, benchmarks: Sequence[Benchmark], a: str, b: str,
            scheme: Scheme | None = None) -> tuple[list[Difference], Difference]:
    """Return a line a metric, and the line of the overall score (category means, then their mean).

    Only cases that are ok for both models count; benchmarks without such a case are left out, as are derived ones.
    """
    scheme = scheme or Scheme()
    lines: list[Difference] = []
    by_category: dict[str, list[tuple[float, tuple[float, Floats], tuple[float, Floats]]]] = {}
    cases = 0
    for benchmark in benchmarks:
        first, second = gather(store, benchmark, [a, b])
        common = {r.case for r in first.ok()} & {r.case for r in second.ok()}
        if not common or benchmark.derived:
            continue
        cases += len(common)
        one, other = _side(first, common), _side(second, common)
        for column, metric in enumerate(benchmark.metrics):
            if not metric.name.endswith("_full"):
                good, bad, _ = scheme.metric(benchmark, metric)
                line = _difference(benchmark.name, metric.name, len(common), metric.judged, good > bad,
                                   (one.values[metric.name], one.samples[:, column]),
                                   (other.values[metric.name], other.samples[:, column]))
                lines.append(replace(line, p=_tested(metric.name, first, second, common)))
        weight = scheme.weights.get(benchmark.name, benchmark.weight)
        by_category.setdefault(benchmark.category, []).append(
            (weight, one.score(benchmark, scheme), other.score(benchmark, scheme)))
    categories = [(scheme.weights.get(name, 1.0), _mean([(w, s) for w, s, _ in parts]),
                   _mean([(w, s) for w, _, s in parts])) for name, parts in by_category.items()]
    overall = _difference(None, "score", cases, lambda score: score, True,
                          _mean([(w, s) for w, s, _ in categories]), _mean([(w, s) for w, _, s in categories]))
    return lines, overall


def _side(sample: Sample, common: set[str]) -> _Side:
    records = [record for record in sample.ok() if record.case in common]
    try:
        values = sample.benchmark.analyse(records)
    except Exception:  # a third party's code; the cell of the leaderboard says what it raises
        values = {}
    return _Side({m.name: finite(values, m.name) for m in sample.benchmark.metrics}, resampled(sample, common))


def _tested(metric: str, first: Sample, second: Sample, common: set[str]) -> float | None:
    """Return the p value of the benchmark's own test: ``paired_test(metric, records of a, records of b)``."""
    test = getattr(first.benchmark, "paired_test", None)
    if test is None:
        return None
    a, b = ([record for record in sample.ok() if record.case in common] for sample in (first, second))
    value = test(metric, a, b)
    return None if value is None else float(value)


def _mean(parts: Sequence[tuple[float, tuple[float, Floats]]]) -> tuple[float, Floats]:
    known = [(weight, value, samples) for weight, (value, samples) in parts if weight > 0 and math.isfinite(value)]
    weights = sum(weight for weight, _, _ in known)
    if not weights:
        return math.nan, np.empty(0)
    # One case gives no samples: its benchmark enters the interval as a constant.
    samples = [weight * (drawn if len(drawn) else np.array([value])) for weight, value, drawn in known]
    return sum(weight * value for weight, value, _ in known) / weights, sum(samples, start=np.zeros(1)) / weights


def _difference(benchmark: str | None, metric: str, n: int, judged: Callable[[Any], Any], higher_is_better: bool,
                a: tuple[float, Floats], b: tuple[float, Floats]) -> Difference:
    value, drawn = a[0] - b[0], len(a[1]) > 1 and len(b[1]) > 1
    low, high = interval(a[1] - b[1]) if drawn else (None, None)
    verdict: Verdict = "tie"
    if drawn and (sign := _sign(judged(a[1]) - judged(b[1]))):
        verdict = "a" if (sign > 0) == higher_is_better else "b"
    return Difference(benchmark, metric, n, _known(a[0]), _known(b[0]), _known(value), low, high, verdict)


def _sign(differences: Floats) -> int:
    """Return 1 or -1 where the 95% interval of the differences leaves 0 out on one side, else 0."""
    low, high = interval(differences)
    if low is None or high is None:
        return 0
    return int(low > 0.0) - int(high < 0.0)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
