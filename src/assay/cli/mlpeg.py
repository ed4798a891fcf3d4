"""import-mlpeg: the tables of ML-PEG beside one's own results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors
from assay.cli.errors import note, tell

if TYPE_CHECKING:
    from assay.mlpeg.importing import Imported


@click.command("import-mlpeg", short_help="Read ML-PEG's tables, score them here.")
@click.argument("folder", metavar="DIR")
@selectors.as_json
def import_mlpeg(folder: str, as_json: bool) -> int:
    """Read every *_metrics_table.json of ML-PEG in DIR and below, as read-only results of the family mlpeg.

    Scores are made anew, by assay's rules, with the thresholds and weights of the files. A table that was imported
    before is replaced.
    """
    from pathlib import Path

    from assay.core import config
    from assay.core.store import Store
    from assay.mlpeg import importing

    found = importing.find(Path(folder))
    if found.tables:
        with Store(config.home()) as store:
            importing.keep(found, store)
    output.document(_summary(found)) if as_json else _print(found)
    for error in found.refused:
        tell(error.message, error.hint)
    return found.refused[0].code if found.refused else 0


def _summary(found: Imported) -> dict[str, Any]:
    from assay.mlpeg.registering import benchmark_name

    tables = [{"benchmark": benchmark_name(table), "file": table.file, "sha256": table.sha256,
               "category": table.category, "models": len(table.rows), "metrics": len(table.metrics),
               "missing": sum(len(table.metrics) - len(row) for row in table.rows.values())} for table in found.tables]
    return {"tables": tables, "records": sum(item["models"] for item in tables), "removed": found.removed,
            "refused": [error.message for error in found.refused]}


def _print(found: Imported) -> None:
    from assay.app.text import count

    summary = _summary(found)
    if found.tables:
        table = output.table("", "benchmark", "category", ">models", ">metrics", ">missing values", "~file")
        for item in summary["tables"]:
            table.add_row(item["benchmark"], item["category"], str(item["models"]), str(item["metrics"]),
                          str(item["missing"]), item["file"])
        output.show(table)
    click.echo(f"{count(len(found.tables), 'table')}, {count(summary['records'], 'record')} imported")
    if found.removed:
        note(f"{count(found.removed, 'record')} of an earlier import removed: the tables have them no more")
    if found.tables:
        note("see them with assay analyse -b 'mlpeg/*', or assay app")
