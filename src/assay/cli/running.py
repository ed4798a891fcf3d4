"""download, calc and run: everything that computes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from assay.cli.progress import Pair
    from assay.core.benchmark import Benchmark
    from assay.core.store import Store
    from assay.flow.runner import Outcome
    from assay.flow.selection import Selection

PRINTED = ("plan", "case", "end")
MOST_REASONS = 12  # lines of the table of reasons

selecting = selectors.selection("benchmarks", "models", "categories", "cases", "limit", "full")
cluster = click.option("--cluster", metavar="ADDRESS|slurm|local", help="Run on dask.distributed.")


@click.command(short_help="Fetch the reference data of benchmarks.")
@selectors.selection("benchmarks", "categories")
@selectors.as_json
def download(selection: Selection, as_json: bool) -> int:
    """Fetch the reference data of benchmarks: from a mirror, the cache or the web, checked by sha256."""
    from assay.cli.errors import tell
    from assay.core.registry import registry

    found = [_fetched(item, name) for item in selection.find_benchmarks(registry.load()) for name in item.data]
    if as_json:
        output.document({"downloads": [{k: v for k, v in entry.items() if k != "error"} for entry in found]})
    elif found:
        table = output.table("", "benchmark", "data set", ">files", "~folder")
        for entry in found:
            table.add_row(entry["benchmark"], entry["data"], str(entry["files"]), entry["path"] or "not at hand")
        output.show(table)
    errors = {entry["data"]: entry["error"] for entry in found if entry["error"]}
    for error in errors.values():
        tell(error.message, error.hint)
    return max((error.code for error in errors.values()), default=0)


def _fetched(benchmark: Benchmark, name: str) -> dict[str, Any]:
    from assay.core.data import Remote
    from assay.core.errors import AssayError

    item, path, error = benchmark.data[name], None, None
    try:
        path = benchmark.path(name)
    except AssayError as problem:
        error = problem
    return {"benchmark": benchmark.name, "data": name, "files": 1 if isinstance(item, Remote) else len(item.files),
            "path": str(path) if path else None, "ok": error is None, "error": error}


@click.command(short_help="Run what is missing: every case, every model.")
@selecting
@selectors.again
@selectors.jobs
@cluster
@selectors.as_json
def calc(**options: Any) -> int:
    """Run the cases that have no record yet, and those that failed.

    Every record is kept as soon as it is there; interrupt at any time and go on later. Without -m: every model of
    the benchmarks' families that needs no environment of its own.
    """
    from assay.core import config
    from assay.core.store import Store

    with Store(config.home()) as store:
        return computed(store, **options).exit_code


@click.command(short_help="Do calc, then analyse.")
@selecting
@selectors.again
@selectors.jobs
@cluster
@selectors.as_json
def run(selection: Selection, as_json: bool, **options: Any) -> int:
    """Run what is missing, then score the selected benchmarks and models."""
    from assay.cli import scoring
    from assay.core import config
    from assay.core.registry import registry
    from assay.core.store import Store

    def analysed(event: dict[str, Any]) -> None:
        # The last event stays the last: the analysis comes before it.
        if event["event"] == "end":
            _print_line({"event": "analysis", "schema": output.SCHEMA, **board().to_json()})
        _print_line(event)

    def board() -> scoring.Board:
        return scoring.Board.read(store, selection, registry)

    with Store(config.home()) as store:
        outcome = computed(store, selection, as_json, printed=analysed, **options)
        if not as_json:
            scoring.print_board(board())
        return outcome.exit_code


def _print_line(event: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(event, ensure_ascii=False, allow_nan=False))


def computed(store: Store, selection: Selection, as_json: bool, again: str | None = None, jobs: int | None = None,
             cluster: str | None = None, printed: Callable[[dict[str, Any]], None] = _print_line) -> Outcome:
    """Run the selection with progress on stderr, and tell what came of it.

    Parameters
    ----------
    store : Store
    selection : Selection
    as_json : bool
        Events go to stdout, through `printed`; otherwise a summary at the end.
    again, jobs, cluster
        As the options of ``assay calc``.
    printed : callable
        Receives each documented event.
    """
    from assay.cli.progress import Progress
    from assay.core.registry import registry
    from assay.flow import runner
    from assay.flow.cluster import workforce

    pairs = runner.plan(store, selection, registry.load(), again or "none")  # type: ignore[arg-type]
    # Bars and JSON lines on one terminal would destroy each other.
    bars = sys.stderr.isatty() and not (as_json and sys.stdout.isatty())
    with Progress(bars) as progress:
        def on_event(event: dict[str, Any]) -> None:
            progress(event)
            if as_json and event["event"] in PRINTED:
                printed(event)

        crew = {"workforce": workforce(cluster)} if cluster else {}
        outcome = runner.run(pairs, store, registry, jobs=jobs, on_event=on_event, **crew)
    if not as_json:
        _print_summary(progress.pairs.values(), outcome)
    _tell_failures(progress.pairs.values(), outcome)
    return outcome


def _print_summary(pairs: Iterable[Pair], outcome: Outcome) -> None:
    from assay.app.text import count, seconds

    table = output.table("", "benchmark", "model", ">ok", ">failed", ">skipped", ">there before", ">median case")
    worked = [pair for pair in pairs if pair.todo]
    for pair in worked:
        numbers = [str(pair.counts[status]) if pair.counts[status] else "" for status in ("ok", "failed", "skipped")]
        times = sorted(pair.durations)
        table.add_row(pair.benchmark, pair.model, numbers[0], output.styled(numbers[1], "bold red"), numbers[2],
                      str(pair.reused) if pair.reused else "", seconds(times[len(times) // 2]) if times else "")
    done = outcome.ok + outcome.failed + outcome.skipped
    output.show(*([table] if worked else []), f"{count(done, 'case')} in {seconds(outcome.seconds)}: {outcome.ok} ok, "
                       f"{outcome.failed} failed, {outcome.skipped} skipped; {outcome.reused} there before."
                       f"{_evaluations(outcome)}")


def _evaluations(outcome: Outcome) -> str:
    total = [sum(item[kind] for item in outcome.evaluations.values()) for kind in ("computed", "cached")]
    return f" Model evaluations: {total[0]} computed, {total[1]} from the cache." if any(total) else ""


def _tell_failures(pairs: Iterable[Pair], outcome: Outcome) -> None:
    from assay.app.text import count
    from assay.cli.errors import note

    where: dict[tuple[str, str], Counter[str]] = {}
    for pair in pairs:
        for reason, number in pair.reasons.items():
            where.setdefault((pair.model, reason), Counter())[pair.benchmark] += number
    if outcome.failed:
        note(f"{count(outcome.failed, 'case')} failed:")
        ordered = sorted(where.items(), key=lambda item: -item[1].total())
        for (model, reason), benchmarks in ordered[:MOST_REASONS]:
            names = next(iter(benchmarks)) if len(benchmarks) == 1 else count(len(benchmarks), "benchmark")
            note(f"  {benchmarks.total():4d} x {names}  {model}: {reason}")
        if len(where) > MOST_REASONS:
            note(f"  ... and {count(len(where) - MOST_REASONS, 'more reason')}; the report has all")
    if outcome.log is not None:
        note(f"log: {outcome.log}")
