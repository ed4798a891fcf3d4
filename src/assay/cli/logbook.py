"""log: what was asked and answered before."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors
from assay.cli.errors import note

if TYPE_CHECKING:
    from assay.terminal.history import Entry, Part

limit = click.option("--limit", "-n", type=click.IntRange(1), default=20, metavar="N", help="At most N; default 20.")
ROLES = {"user": "asked", "assistant": "answered", "run": "run"}


@click.group(short_help="Look up what was asked and answered.")
def log() -> None:
    """Look up what was asked and answered with cmd and chat.

    It is kept on this machine, readable for you only, with placeholders instead of secrets.
    """


@log.command("list", short_help="List what was asked last, the newest first.")
@limit
@selectors.as_json
def list_entries(limit: int, as_json: bool) -> None:
    """List what was asked last, the newest first."""
    from assay.terminal.history import History

    history = History()
    found = history.entries(limit)
    if as_json:
        output.document({"on": history.on, "entries": [entry.to_json() for entry in found]})
        return
    _table(found, [entry.title for entry in found])
    if not history.on:
        note("the log is off: assay log on")


@log.command(short_help="Show one entry in full.")
@click.argument("id", type=int)
@selectors.as_json
def show(id: int, as_json: bool) -> None:
    """Show the entry ID in full."""
    from assay.terminal.history import History

    entry = History().entry(id)
    if as_json:
        output.document({**entry.to_json(), "parts": [part.to_json() for part in entry.parts]})
        return
    for line in _lines(entry):
        click.echo(line)


@log.command(short_help="Find entries with all words of a text.")
@click.argument("text", nargs=-1, required=True)
@limit
@selectors.as_json
def search(text: tuple[str, ...], limit: int, as_json: bool) -> int:
    """Find entries with all the words of TEXT; the last one may be the beginning of a word."""
    from assay.core.errors import NOTHING
    from assay.terminal.history import MATCH, History

    found = History().search(" ".join(text), limit)
    if as_json:
        output.document({"entries": [{**entry.to_json(), "snippet": _plain(entry.snippet)} for entry in found]})
    elif found:
        from rich.text import Text

        shown = []
        for entry in found:
            snippet = Text()
            for number, part in enumerate(" ".join(entry.snippet.split()).replace(MATCH[1], MATCH[0]).split(MATCH[0])):
                snippet.append(part, "bold" if number % 2 else "")
            shown.append(snippet)
        _table(found, shown)
    else:
        note("nothing found")
    return 0 if found else NOTHING


@log.command(short_help="Forget everything.")
def clear() -> None:
    """Forget everything in the log; it cannot be had back."""
    from assay.terminal.history import History
    from assay.terminal.look import counted

    note(f"{counted(History().clear(), 'entry', 'entries')} forgotten")


@log.command(short_help="Keep what is asked from now on.")
def on() -> None:
    """Keep what is asked and answered from now on."""
    _turn(True)


@log.command(short_help="Keep nothing from now on.")
def off() -> None:
    """Keep nothing from now on; what is there stays (clear forgets it)."""
    _turn(False)


def _turn(state: bool) -> None:
    from assay.terminal.history import History

    history = History()
    history.turn(state)
    note(f"the log is {'on' if state else 'off'}: {history.file}")


def _table(entries: list[Entry], texts: list[Any]) -> None:
    table = output.table("", ">id", "when", "what", "~text", "model")
    for entry, text in zip(entries, texts, strict=True):
        table.add_row(str(entry.id), _when(entry.started), entry.kind, text, entry.model)
    if entries:
        output.show(table)
    else:
        note("the log is empty")


def _when(moment: str) -> str:
    """Return a moment in this machine's time, without seconds."""
    from datetime import datetime

    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"


def _plain(snippet: str) -> str:
    from assay.terminal.history import MATCH

    return snippet.replace(MATCH[0], "").replace(MATCH[1], "")


def _lines(entry: Entry) -> list[str]:
    from assay.terminal.look import Look

    look = Look.of(sys.stdout)
    lines = [look(f"{entry.id}  {_when(entry.started)}  {entry.kind}  {entry.model}", "dim")]
    for part in entry.parts:
        lines += ["", look(ROLES.get(part.role, part.role), "bold", "cyan") + _about(part)]
        lines += [f"  {line}" for line in part.text.splitlines()]
    return lines


def _about(part: Part) -> str:
    """Return the few facts of a part that a reader looks for."""
    from assay.terminal.look import money

    about = part.about
    facts = [about.get("status") if about.get("status") != "ok" else "", ", ".join(about.get("risk") or []),
             money(about.get("cost_usd")),
             f"exit status {about['rc']}" if "rc" in about else ""]
    text = ", ".join(fact for fact in facts if fact)
    return f"  ({text})" if text else ""
