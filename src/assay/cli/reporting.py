"""report: everything in one file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli import selectors

if TYPE_CHECKING:
    from assay.flow.selection import Selection


@click.command(short_help="Write everything into one HTML or Markdown file.")
@selectors.selection("benchmarks", "models", "categories")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path, dir_okay=False), required=True,
              metavar="FILE", help="The file to write; - is standard output.")
@click.option("--md", "as_markdown", is_flag=True, help="Markdown, without plots.")
def report(selection: Selection, target: Path, as_markdown: bool) -> None:
    """Write leaderboard, metrics, plots, failed cases and provenance into one file.

    It opens from disk and asks for nothing from anywhere.
    """
    from assay.app import report as reports
    from assay.app.report_markdown import markdown
    from assay.cli.errors import note
    from assay.cli.scoring import Board
    from assay.core import config
    from assay.core.registry import registry
    from assay.core.store import Store

    with Store(config.home()) as store:
        board = Board.read(store, selection, registry.load())
        results = reports.Results(store, registry, board.benchmarks, board.samples, board.cells, board.rows)
        text = markdown(reports.contents(results, with_plots=False)) if as_markdown else reports.html(results)
    if str(target) == "-":
        click.echo(text, nl=False)
        return
    _write(target, text)
    note(f"{target}: {len(text.encode()) / 1e6:.1f} MB, {len(board.cells)} cells")


def _write(target: Path, text: str) -> None:
    """Write the file whole or not at all."""
    from assay.core.errors import AssayError

    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise AssayError(f"{target}: {error.strerror or error}",
                         "name a file in a folder that can be written") from error
    finally:
        with suppress(OSError):
            partial.unlink()
