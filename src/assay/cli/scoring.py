"""analyse and compare: what the records say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from rich.table import Table

    from assay.core.benchmark import Benchmark
    from assay.core.record import Case
    from assay.core.registry import Registry
    from assay.core.store import Store
    from assay.flow.selection import Selection
    from assay.results.compare import Difference
    from assay.results.score import Cell, Row, Sample

MOST_TIES = 2  # names of models in a table's cell


@dataclass
class Board:
    """The leaderboard of a selection: its benchmarks, a sample and a cell for every pair, a row for every model."""

    benchmarks: list[Benchmark]
    samples: list[Sample]
    cells: list[Cell]
    rows: list[Row]

    @classmethod
    def read(cls, store: Store, selection: Selection, registry: Registry, intervals: bool = True) -> Board:
        """Score what the store holds of the selection.

        A cell for every pair with a record, and for every pair if benchmarks and models were both asked for.
        """
        from assay.results.bootstrap import IntervalCache
        from assay.results.score import Scheme, gather, judge, leaderboard

        benchmarks, models = selection.find_benchmarks(registry), known_models(store, selection, registry)
        every = bool(selection.benchmarks and selection.models)
        scheme, cache = Scheme(), IntervalCache(store.root / "intervals")
        samples = [sample for item in benchmarks
                   for sample in gather(store, item, models(item), _keep(selection, item))
                   if sample.records or (every and not item.derived)]
        cells = [judge(sample, scheme, "compute" if intervals else "none", cache) for sample in samples]
        return cls(benchmarks, samples, cells, leaderboard(cells, benchmarks, scheme))

    def to_json(self) -> dict[str, Any]:
        """Return the fields of ``assay analyse --json``."""
        return {"cells": [cell.to_json() for cell in self.cells], "leaderboard": [row.to_json() for row in self.rows]}


def known_models(store: Store, selection: Selection, registry: Registry) -> Callable[[Benchmark], list[str] | None]:
    """Return what gives the selected models of a benchmark's family: registered ones, and those in the store.

    None stands for every model with a record. Results may come from elsewhere: a model need not be registered here.

    Raises
    ------
    AssayError
        Exit code 5 if a glob matches nothing.
    """
    from assay.core.registry import matching

    if not selection.models:
        return lambda benchmark: None
    stored = store.pairs()
    foreign = [glob for glob in selection.models if matching([model for _, model in stored], [glob])]
    registered = [glob for glob in selection.models if glob not in foreign or matching(registry.models, [glob])]
    found = type(selection)(models=tuple(registered)).find_models(registry) if registered else []

    def models(benchmark: Benchmark) -> list[str]:
        family = {model for name, model in stored if name.partition("/")[0] == benchmark.family}
        return sorted({*matching(family, selection.models), *(m.name for m in found if m.family == benchmark.family)})

    return models


def _keep(selection: Selection, benchmark: Benchmark) -> Callable[[Case], bool] | None:
    if not selection.cases and selection.limit is None:
        return None
    chosen = {case.id for case in selection.find_cases(benchmark)}
    return lambda case: case.id in chosen


@click.command(short_help="Score what the store holds: metrics, leaderboard.")
@selectors.selection("benchmarks", "models", "categories", "cases", "limit")
@click.option("--no-intervals", is_flag=True, help="Leave out the bootstrap: no intervals, no ties.")
@selectors.as_json
def analyse(selection: Selection, no_intervals: bool, as_json: bool) -> None:
    """Score what the store holds; computes nothing with a model, can be done again at will."""
    from assay.core import config
    from assay.core.registry import registry
    from assay.core.store import Store

    with Store(config.home()) as store:
        board = Board.read(store, selection, registry.load(), not no_intervals)
    output.document(board.to_json()) if as_json else print_board(board)


def print_board(board: Board) -> None:
    """Write a table a benchmark, then the leaderboard of each family."""
    from assay.cli.errors import note

    for benchmark in board.benchmarks:
        cells = [cell for cell in board.cells if cell.benchmark == benchmark.name]
        if cells:
            # A narrow terminal keeps the values and loses intervals, which --json and the report have.
            output.show(output.first_that_fits(
                *(partial(_benchmark_table, benchmark, cells, intervals) for intervals in (2, 1, 0))))
    for family in dict.fromkeys(row.family for row in board.rows):
        rows = [row for row in board.rows if row.family == family]
        output.show(output.first_that_fits(
            *(partial(_leaderboard_table, family, rows, *shown)
              for shown in ((True, True), (True, False), (False, True), (False, False)))))
    if not board.cells:
        note("no results of this selection yet: fill the store with assay calc, as in\n"
             "  assay run -b atoms/s22 -m gfn2-xtb")
    for cell in board.cells:
        if cell.state == "error":
            note(f"warning: {cell.benchmark} {cell.model}: {cell.reason}")


def _benchmark_table(benchmark: Benchmark, cells: Sequence[Cell], intervals: int) -> Table:
    """Return a row a model; `intervals` is 2 with those of the metrics, 1 with that of the score alone, 0 without."""
    from assay.app.text import interval, number, score

    shown = [m for m in benchmark.metrics if m.weight > 0 or any(c.metrics[m.name].value is not None for c in cells)]
    heads = [part for metric in shown
             for part in (f">{metric.name}\n{metric.unit}".rstrip(), *(["95 %"] if intervals == 2 else []))]
    table = output.table(f"{benchmark.name}  {benchmark.title}", "model", ">score", *(["95 %"] if intervals else []),
                         *heads, ">cases", "~note")
    for cell in sorted(cells, key=lambda c: (-(c.score if c.score is not None else -1.0), c.model)):
        found = [cell.metrics[metric.name] for metric in shown]
        values = [part for m in found
                  for part in (number(m.value), *([interval(m.low, m.high, m.value)] if intervals == 2 else []))]
        table.add_row(cell.model, score(cell.score), *([_score_interval(cell)] if intervals else []), *values,
                      f"{cell.ok}/{cell.total}", _note(cell))
    return table


def _note(cell: Cell) -> str:
    counts = [f"{getattr(cell, name)} {name}" for name in ("failed", "skipped", "missing") if getattr(cell, name)]
    return ", ".join(counts) + (f": {cell.reason}" if cell.reason and counts else cell.reason)


def _leaderboard_table(family: str, rows: Sequence[Row], with_categories: bool, with_ties: bool) -> Table:
    from assay.app.text import percent, score

    categories = list(dict.fromkeys(row.category for row in rows if row.category is not None and with_categories))
    by_category = {(row.category, row.model): row for row in rows}
    table = output.table(f"{family}: leaderboard", ">rank", "model", ">score", "95 %",
                         *(["~tied with"] if with_ties else []), ">covered",
                         *(f">{category}" for category in categories))
    for row in (row for row in rows if row.category is None):
        parts = [by_category.get((category, row.model)) for category in categories]
        cells = [_rank(row), row.model, score(row.score), _score_interval(row),
                 *([_ties(row)] if with_ties else []), percent(row.coverage),
                 *(score(part.score if part else None) for part in parts)]
        table.add_row(*cells, style=None if row.ranked else "dim")
    if any(not row.ranked for row in rows if row.category is None):
        table.caption = "A model that covers less than 80 % of the cases is listed and not ranked."
    return table


def _score_interval(item: Cell | Row) -> str:
    return "" if item.low is None or item.high is None else f"[{item.low:.3f}, {item.high:.3f}]"


def _rank(row: Row) -> str:
    from assay.app.text import NONE

    if row.rank is None:
        return NONE
    return f"{row.rank}=" if row.tied_with else str(row.rank)


def _ties(row: Row) -> str:
    ties = row.tied_with or []
    more = f" and {len(ties) - MOST_TIES} more" if len(ties) > MOST_TIES else ""
    return ", ".join(ties[:MOST_TIES]) + more


@click.command(short_help="Compare two models on the cases both have.")
@click.argument("a")
@click.argument("b")
@selectors.selection("benchmarks", "categories")
@selectors.as_json
def compare(a: str, b: str, selection: Selection, as_json: bool) -> None:
    """Compare the models A and B, case by case: difference = A - B, with a paired bootstrap interval.

    A verdict falls only where the interval leaves out 0.
    """
    from assay.cli.errors import note
    from assay.core import config
    from assay.core.registry import registry
    from assay.core.store import Store
    from assay.results import compare as comparing

    registry.load()
    with Store(config.home()) as store:
        for name in (a, b):
            _check_model(name, store, registry)
        lines, score = comparing.compare(store, selection.find_benchmarks(registry), a, b)
    if as_json:
        output.document({"a": a, "b": b, "benchmarks": [line.to_json() for line in lines], "score": score.to_json()})
    elif lines:
        output.show(_comparison_table(a, b, lines, score, registry))
    else:
        note(f"no case is ok for both {a} and {b}: assay calc -m {a} -m {b} fills the store")


def _check_model(name: str, store: Store, registry: Registry) -> None:
    if name not in {model for _, model in store.pairs()}:
        registry.model(name)


def _comparison_table(a: str, b: str, lines: Sequence[Difference], score: Difference, registry: Registry) -> Table:
    from assay.app.text import interval, number

    tested = any(line.p is not None for line in lines)
    table = output.table(f"{a} against {b}", "~benchmark", "~metric", ">cases", f">{a}", f">{b}", ">difference", "95 %",
                         "better", *([">p"] if tested else []))
    units = {(name, metric.name): metric.unit for name, item in registry.benchmarks.items() for metric in item.metrics}
    winner = {"a": output.styled(a, "bold"), "b": output.styled(b, "bold"), "tie": output.styled("tie", "dim")}
    last = None
    for line in [*lines, score]:
        if line is score:
            table.add_section()
        unit = units.get((line.benchmark or "", line.metric), "")
        name = "over all" if line.benchmark is None else "" if line.benchmark == last else line.benchmark
        table.add_row(name, f"{line.metric} {unit}".strip(), str(line.n), number(line.a), number(line.b),
                      _signed(line.difference), interval(line.low, line.high, line.difference), winner[line.verdict],
                      *([("" if line.p is None else f"{line.p:.3g}")] if tested else []))
        last = line.benchmark
    return table


def _signed(value: float | None) -> str:
    from assay.app.text import number

    return f"+{number(value)}" if value is not None and value > 0 else number(value)
