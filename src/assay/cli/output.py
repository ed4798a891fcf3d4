"""What goes to standard output: tables for people, one JSON document for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

SCHEMA = 1
WIDE = 1000  # columns where nobody looks at a terminal: nothing is cut or wrapped


def document(fields: Mapping[str, Any]) -> None:
    """Write a JSON document with its schema number; indented for eyes, on one line for programs."""
    import json

    indent = 2 if sys.stdout.isatty() else None
    text = json.dumps({"schema": SCHEMA, **fields}, indent=indent, ensure_ascii=False, allow_nan=False)
    # A file name that is not UTF-8 comes as lone surrogates, which json writes raw: escaped, they can be read back.
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def console(stderr: bool = False) -> Console:
    """Return the terminal; rich honours NO_COLOR and leaves colour out where there is no terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE, markup=False, highlight=False, emoji=False,
                   soft_wrap=False)


def table(title: str, *columns: str) -> Table:
    """Return an empty table.

    Parameters
    ----------
    title : str
    columns : str
        Headers. ``>`` before one aligns the column to the right (numbers); ``~`` lets it take several lines where
        the terminal is narrow.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, title=Text(title, "bold") if title else None, title_justify="left",
                 caption_justify="left", pad_edge=False, header_style="dim", collapse_padding=True)
    for name in columns:
        made.add_column(name.lstrip(">~"), justify="right" if name.startswith(">") else "left",
                        no_wrap=not name.startswith("~"), vertical="top", overflow="fold")
    return made


def show(*parts: RenderableType) -> None:
    """Write tables and lines to standard output."""
    terminal = console()
    with terminal.capture() as capture:
        for part in parts:
            terminal.print(part)
    text = capture.get()
    # Rich fills lines with spaces; where nobody looks they are noise in a file or a diff.
    click.echo(text if terminal.is_terminal else "\n".join(map(str.rstrip, text.split("\n"))), nl=False)


def first_that_fits(*tables: Callable[[], Table]) -> Table:
    """Return the first table that the terminal is wide enough for, else the last: the widest comes first."""
    from rich.measure import Measurement

    terminal = console()
    options = terminal.options.update(max_width=WIDE)
    for made in tables[:-1]:
        found = made()
        for column in found.columns:
            # Rich takes a longest word for the least width of a column that is not to be broken.
            lines = [line for cell in (column.header, *column.cells) for line in str(cell).split("\n")]
            column.min_width = max(map(len, lines)) if column.no_wrap else None
        if Measurement.get(terminal, options, found).minimum <= terminal.width:
            return found
    return tables[-1]()


def styled(text: str, style: str) -> Text:
    """Return the text with a style; the text has to say it all without."""
    from rich.text import Text

    return Text(text, style)
