"""How scores are made, said once: metric -> cell -> category -> family, with intervals, ties and coverage.

Metric    s = clip((v - bad) / (good - bad), 0, 1); a missing or NaN metric scores 0.
Cell      sum(w s) / sum(w) over the metrics, times ok / (ok + failed); no ok and no failed case: no score.
Category  mean of its cells' scores by benchmark weight; family: the same over its categories.
Coverage  (ok + failed) / cases; below `RANKED_FROM` a model is listed and not ranked.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from assay.core.benchmark import Benchmark
from assay.core.errors import AssayError, describe
from assay.core.record import Case, Metric, StoredRecord, digest
from assay.core.registry import registry
from assay.core.store import Store, record_key
from assay.results.bootstrap import Floats, IntervalCache, clusters, finite, interval, resample

RANKED_FROM = 0.8
Intervals = Literal["compute", "cached", "none"]


@dataclass(frozen=True)
class Scheme:
    """Thresholds and weights that replace the declared ones.

    Parameters
    ----------
    thresholds : mapping of "benchmark.metric" to (good, bad)
    weights : mapping of "benchmark.metric", "benchmark" or category to weight
    """

    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)

    def metric(self, benchmark: Benchmark, metric: Metric) -> tuple[float, float, float]:
        """Return good, bad and weight of a metric under this scheme."""
        name = f"{benchmark.name}.{metric.name}"
        good, bad = self.thresholds.get(name, (metric.good, metric.bad))
        return good, bad, self.weights.get(name, metric.weight)


def metric_score(value: Any, good: float, bad: float) -> Any:
    """Return clip((value - bad) / (good - bad), 0, 1), elementwise; NaN and infinity score 0.

    >>> float(metric_score(5.0, good=0.0, bad=10.0))
    0.5
    """
    values = np.asarray(value, float)
    return np.where(np.isfinite(values), np.clip((values - bad) / (good - bad), 0.0, 1.0), 0.0)


@dataclass
class Sample:
    """What the store holds for one (benchmark, model): the declared cases and the records that answer them."""

    benchmark: Benchmark
    model: str
    cases: list[Case]
    records: dict[str, StoredRecord]
    note: str = ""

    def count(self, status: str) -> int:
        """Number of non-``full`` cases whose record has the status."""
        return sum(1 for case in self.cases if not case.full and self._status(case.id) == status)

    def ok(self, full: bool = False) -> list[StoredRecord]:
        """Return the ok records sorted by case id; with `full` also those of cases tagged ``full``."""
        found = (self.records[case.id] for case in self.cases
                 if (full or not case.full) and self._status(case.id) == "ok")
        return sorted(found, key=lambda record: record.case)

    def _status(self, case: str) -> str | None:
        record = self.records.get(case)
        return record.status if record else None

    @property
    def key(self) -> str:
        """What resampled statistics depend on: the cases, their records, and the code that analyses them."""
        records = [[case.id, list(case.tags), r.key, r.created] for case in self.cases
                   if (r := self.records.get(case.id)) and not case.full]
        plain = sorted(case.id for case in self.cases if not case.full)
        metrics = [metric.name for metric in self.benchmark.metrics]
        return digest([self.benchmark.name, self.benchmark.source_hash(), metrics, plain, records])


@dataclass
class MetricValue:
    """A metric of a cell: its value (None if missing or NaN), score and 95% interval."""

    value: float | None
    unit: str
    score: float
    low: float | None = None
    high: float | None = None


@dataclass
class Cell:
    """One (benchmark, model) of the leaderboard; the fields are those of ``assay analyse --json``."""

    benchmark: str
    version: int
    model: str
    metrics: dict[str, MetricValue]
    score: float | None
    low: float | None
    high: float | None
    ok: int
    failed: int
    skipped: int
    missing: int
    total: int
    coverage: float
    ranked: bool
    state: Literal["none", "ok", "partial", "error"]
    reason: str
    samples: Floats | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the documented fields."""
        fields = {name: value for name, value in vars(self).items() if name != "samples"}
        return {**fields, "metrics": {name: vars(item) for name, item in self.metrics.items()}}


@dataclass
class Row:
    """A model's place in a category (or, with category None, in its family)."""

    family: str
    category: str | None
    model: str
    score: float | None
    low: float | None
    high: float | None
    rank: int | None
    tied_with: list[str] | None
    coverage: float
    ranked: bool
    samples: Floats | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the documented fields."""
        return {name: value for name, value in vars(self).items() if name != "samples"}


# -- from the store to samples


def gather(store: Store, benchmark: Benchmark, models: Sequence[str] | None = None,
           keep: Callable[[Case], bool] | None = None) -> list[Sample]:
    """Return a sample for every model with a record, or for every one of `models`.

    Parameters
    ----------
    store : Store
    benchmark : Benchmark
    models : sequence of str, optional
    keep : callable, optional
        Leaves out the cases for which it is false (the element filter).
    """
    by_model: dict[str, list[StoredRecord]] = {}
    for record in store.records(benchmark.name, version=benchmark.version):
        by_model.setdefault(record.model, []).append(record)
    declared, note = _declared(benchmark)
    return [_sample(benchmark, model, by_model.get(model, []), declared, note, keep)
            for model in (models if models is not None else sorted(by_model))]


def _declared(benchmark: Benchmark) -> tuple[list[Case] | None, str]:
    try:
        return benchmark.checked_cases(), ""
    except AssayError as error:
        # The data set may be out of reach where results are only read: what the store holds still counts.
        return None, f"cases unknown: {error.message.splitlines()[0]}"


def _sample(benchmark: Benchmark, model: str, records: list[StoredRecord], declared: list[Case] | None, note: str,
            keep: Callable[[Case], bool] | None) -> Sample:
    records, stale = _of_one_digest(model, records)
    if declared is None:
        cases = [Case(record.case, tags=record.tags) for record in records]
        answers = {record.case: record for record in records}
    else:
        cases = declared
        by_key = {record.key: record for record in records}
        model_digest = records[0].model_digest if records else ""
        keys = {case.id: record_key(benchmark.name, benchmark.version, model, model_digest, case) for case in cases}
        answers = {case: by_key[key] for case, key in keys.items() if key in by_key}
    if keep is not None:
        cases = [case for case in cases if keep(case)]
    return Sample(benchmark, model, cases, answers, note or stale)


def _of_one_digest(model: str, records: list[StoredRecord]) -> tuple[list[StoredRecord], str]:
    """Return the records of the registered digest; else those of the newest one, with a note that says so."""
    if not records:
        return records, ""
    entry = registry.models.get(model)
    registered = entry.digest if entry is not None else None
    if any(record.model_digest == registered for record in records):
        return [record for record in records if record.model_digest == registered], ""
    newest = max(records, key=lambda record: record.created).model_digest
    note = "computed with other options or weights than the registered model has" if entry is not None else ""
    return [record for record in records if record.model_digest == newest], note


# -- from samples to cells


def judge(sample: Sample, scheme: Scheme, intervals: Intervals, cache: IntervalCache | None = None) -> Cell:
    """Return the cell of a sample."""
    counts = {status: sample.count(status) for status in ("ok", "failed", "skipped")}
    total = sum(not case.full for case in sample.cases)
    answered = counts["ok"] + counts["failed"]
    missing = total - answered - counts["skipped"]
    coverage = answered / total if total else 0.0
    error, values = "", dict[str, float]()
    try:
        values = _metric_values(sample)
    except Exception as problem:  # a third party's code: whatever it raises is shown in the cell
        error = f"analyse: {describe(problem)}"
    metrics, score = _scored(sample.benchmark, values, scheme)
    share = counts["ok"] / answered if answered else 0.0
    state: Literal["none", "ok", "partial", "error"] = (
        "error" if error else "none" if not answered else "partial" if counts["failed"] or missing else "ok")
    cell = Cell(
        benchmark=sample.benchmark.name, version=sample.benchmark.version, model=sample.model, metrics=metrics,
        score=0.0 if error else score * share if answered and score is not None else None, low=None, high=None,
        ok=counts["ok"], failed=counts["failed"], skipped=counts["skipped"], missing=missing, total=total,
        coverage=coverage, ranked=_enough(coverage) and bool(answered) and not error, state=state,
        reason=error or _reason(sample, metrics if counts["ok"] else {}))
    if intervals != "none" and not error and cell.score is not None:
        _add_intervals(cell, sample, scheme, intervals, cache)
    return cell


def _metric_values(sample: Sample) -> dict[str, float]:
    """Run the analysis: metrics named ``*_full`` see every case, the others leave out the ``full`` ones."""
    plain = sample.ok()
    values = dict(sample.benchmark.analyse(plain)) if plain else {}
    names = [metric.name for metric in sample.benchmark.metrics if metric.name.endswith("_full")]
    if names:
        everything = sample.ok(full=True)
        whole = sample.benchmark.analyse(everything) if len(everything) > len(plain) else {}
        values = {**{k: v for k, v in values.items() if k not in names}, **{n: whole[n] for n in names if n in whole}}
    return values


def _scored(benchmark: Benchmark, values: Mapping[str, float],
            scheme: Scheme) -> tuple[dict[str, MetricValue], float | None]:
    metrics, weighted, weights = {}, 0.0, 0.0
    for metric in benchmark.metrics:
        good, bad, weight = scheme.metric(benchmark, metric)
        value = finite(values, metric.name)
        score = float(metric_score(metric.judged(value), good, bad))
        metrics[metric.name] = MetricValue(value if math.isfinite(value) else None, metric.unit, score)
        weighted, weights = weighted + weight * score, weights + weight
    return metrics, weighted / weights if weights > 0 else None


def _reason(sample: Sample, metrics: Mapping[str, MetricValue]) -> str:
    """Return the commonest reason of failed and skipped cases, else a missing metric, else the sample's note."""
    reasons = Counter(record.reason for case in sample.cases
                      if (record := sample.records.get(case.id)) and record.status != "ok" and not case.full)
    if reasons:
        return reasons.most_common(1)[0][0]
    lost = [name for name, item in metrics.items() if item.value is None and not name.endswith("_full")]
    return f"metric {lost[0]} is missing or not finite" if lost else sample.note


def _add_intervals(cell: Cell, sample: Sample, scheme: Scheme, intervals: Intervals,
                   cache: IntervalCache | None) -> None:
    key = sample.key
    samples = cache.get(key) if cache else None
    if samples is None and intervals == "compute":
        samples = resampled(sample)
        if cache:
            cache.put(key, samples)
    if samples is None or len(samples) == 0:
        return
    weighted, weights = np.zeros(len(samples)), 0.0
    for column, metric in enumerate(sample.benchmark.metrics):
        good, bad, weight = scheme.metric(sample.benchmark, metric)
        item = cell.metrics[metric.name]
        drawn = samples[:, column]
        item.low, item.high = interval(drawn)
        # A metric that resampling does not reach (over the ``full`` cases) enters as the constant it is.
        reached = np.isfinite(drawn).any()
        scores = metric_score(metric.judged(drawn), good, bad) if reached else np.full(len(drawn), item.score)
        weighted, weights = weighted + weight * scores, weights + weight
    share = samples[:, -1]
    cell.samples = np.where(np.isfinite(share), weighted / weights * share, np.nan)
    cell.low, cell.high = interval(cell.samples)


def resampled(sample: Sample, only: Iterable[str] | None = None) -> Floats:
    """Return metrics and ok / (ok + failed) of the resampled cases, shape [1000, metrics + 1].

    `only` restricts the cases. Metrics over the ``full`` cases too are NaN: those are not drawn. Fewer than two
    groups of cases: shape [0, metrics + 1], there is no interval.
    """
    names = [metric.name for metric in sample.benchmark.metrics]
    plain = [name for name in names if not name.endswith("_full")]
    allowed = None if only is None else set(only)
    groups = clusters([case for case in sample.cases if not case.full and (allowed is None or case.id in allowed)])

    def statistic(ids: list[str]) -> list[float]:
        drawn = [record for case in ids if (record := sample.records.get(case)) is not None]
        ok = sorted((record for record in drawn if record.status == "ok"), key=lambda record: record.case)
        answered = len(ok) + sum(record.status == "failed" for record in drawn)
        try:
            found = sample.benchmark.analyse(ok) if ok else {}
            values = {name: found[name] for name in plain if name in found}
        except Exception:  # a statistic that some resample does not have, as a correlation of equal cases
            values = {}
        return [*(finite(values, name) for name in names), len(ok) / answered if answered else math.nan]

    if len(groups) < 2:
        return np.empty((0, len(names) + 1))
    return resample(groups, statistic)


# -- from cells to rows


def leaderboard(cells: Sequence[Cell], benchmarks: Sequence[Benchmark], scheme: Scheme | None = None) -> list[Row]:
    """Return a row for every model in every category, and in every family (category None), best first.

    Benchmarks without a cell do not count; a model without a cell where others have one covers 0 of it.
    """
    scheme = scheme or Scheme()
    with_cell = {cell.benchmark for cell in cells}
    counted = [b for b in benchmarks if b.name in with_cell and not b.derived]
    by_pair = {(cell.benchmark, cell.model): cell for cell in cells}
    rows: list[Row] = []
    for family in sorted({b.family for b in counted}):
        members = [b for b in counted if b.family == family]
        models = sorted({cell.model for cell in cells if cell.benchmark in {b.name for b in members}})
        categories = list(dict.fromkeys(b.category for b in members))
        parts: dict[str, list[tuple[float, Row]]] = {model: [] for model in models}
        for category in categories:
            inside = [b for b in members if b.category == category]
            group = [_mean(family, category, model, [
                (scheme.weights.get(b.name, b.weight), by_pair.get((b.name, model))) for b in inside])
                for model in models]
            for row in group:
                parts[row.model].append((scheme.weights.get(category, 1.0), row))
            rows += _ranked(group)
        rows += _ranked([_mean(family, None, model, parts[model]) for model in models])
    return rows


def _mean(family: str, category: str | None, model: str,
          parts: Sequence[tuple[float, Cell | Row | None]]) -> Row:
    weights = sum(weight for weight, _ in parts)
    coverage = sum(weight * part.coverage for weight, part in parts if part) / weights if weights > 0 else 0.0
    scored = [(weight, part) for weight, part in parts if part is not None and part.score is not None and weight > 0]
    row = Row(family, category, model, None, None, None, None, None, coverage, False)
    if scored:
        share = sum(weight for weight, _ in scored)
        row.score = sum(weight * _score(part) for weight, part in scored) / share
        row.ranked = _enough(coverage)
        if any(part.samples is not None for _, part in scored):
            # A part without an interval (one case, say) enters as the constant it is.
            drawn = [weight * (part.samples if part.samples is not None else np.array([_score(part)]))
                     for weight, part in scored]
            row.samples = sum(drawn, start=np.zeros(1)) / share
            row.low, row.high = interval(row.samples)
    return row


def _ranked(rows: list[Row]) -> list[Row]:
    """Give ranks (1 + number of strictly better models) and ties (paired difference interval holds 0)."""
    ranked = [row for row in rows if row.ranked and row.score is not None]
    ties: dict[str, list[str]] = {row.model: [] for row in ranked}
    for one, other in itertools.combinations(ranked, 2):
        if _tied(one, other):
            ties[one.model].append(other.model)
            ties[other.model].append(one.model)
    for row in ranked:
        row.rank = 1 + sum(_score(other) > _score(row) for other in ranked)
        row.tied_with = sorted(ties[row.model]) if row.samples is not None else None
    return sorted(rows, key=lambda row: (not row.ranked, -_score(row), row.model))


def _enough(coverage: float) -> bool:
    # A mean of coverages may miss the limit by a rounding.
    return coverage > RANKED_FROM - 1e-9


def _score(item: Cell | Row) -> float:
    return item.score if item.score is not None else -1.0


def _tied(one: Row, other: Row) -> bool:
    if one.samples is None or other.samples is None:
        return False
    low, high = interval(one.samples - other.samples)
    return low is not None and high is not None and low <= 0.0 <= high


def scoreboard(store: Store, benchmarks: Sequence[Benchmark], models: Sequence[str] | None = None,
               scheme: Scheme | None = None, intervals: Intervals = "compute",
               keep: Callable[[Case], bool] | None = None) -> tuple[list[Cell], list[Row]]:
    """Return the cells and the leaderboard of what the store holds.

    Parameters
    ----------
    store : Store
    benchmarks : sequence of Benchmark
    models : sequence of str, optional
        A cell for each of these, also without records; None: every model with a record.
    scheme : Scheme, optional
        Replaces declared thresholds and weights.
    intervals : {"compute", "cached", "none"}
        ``cached`` shows the intervals that are at hand and computes none.
    keep : callable, optional
        Case -> whether it counts.
    """
    scheme = scheme or Scheme()
    cache = IntervalCache(store.root / "intervals")
    cells = [judge(sample, scheme, intervals, cache)
             for item in benchmarks for sample in gather(store, item, models, keep)]
    return cells, leaderboard(cells, benchmarks, scheme)
