"""try: what a command would change in a folder, before it does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from assay.terminal.preview import Preview

NOT_CHECKED = 1


@click.command("try", short_help="Show what a command would change, before it does.")
@click.argument("command", metavar="COMMAND")
@click.option("--dir", "directory", type=click.Path(path_type=Path), metavar="D",
              help="The folder it works in; default the current one.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=30.0, metavar="S",
              help="Seconds it may take; default 30.")
@click.option("--copy", is_flag=True, help="Work on a copy of the folder (up to 200 MB, 20,000 entries), not a layer.")
@selectors.as_json
def try_(command: str, directory: Path | None, timeout: float, copy: bool, as_json: bool) -> int:
    """Run COMMAND where it can change nothing, and show what it would have changed.

    It sees the folder through a layer that takes its changes and is thrown away; the network is off, all other files
    can only be read. Put the command in quotes.

    \b
    assay try 'sed -i s/colour/color/ *.md'
    assay try --dir ~/photos 'find . -name "*.tmp" -delete'
    """  # noqa: D301  (click takes the backspace for: leave these lines as they are)
    from assay.terminal.preview import dry_run

    with _waiting(command):
        preview = dry_run(command, directory, timeout, copy)
    if as_json:
        output.document(preview.to_json())
    else:
        show(preview)
    return 0 if preview.checked else NOT_CHECKED


def show(preview: Preview) -> None:
    """Write a preview for a reader."""
    from assay.cli.terminal import report

    output.show(*report.preview(preview))


@contextmanager
def _waiting(command: str) -> Iterator[None]:
    """Show on a terminal that something goes on."""
    if not sys.stderr.isatty():
        yield
        return
    with output.console(stderr=True).status("trying it ..."):
        yield
