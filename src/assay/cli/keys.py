"""keys: which keys of providers are set, and from where; never a value."""

from __future__ import annotations

import sys
from typing import Any

import click

from assay.cli import output, selectors
from assay.cli.errors import note

FAILED = 4


@click.group(short_help="Keep the keys of providers.")
def keys() -> None:
    """Keep the keys of providers, in a file that only you can read.

    A variable of the same name comes first. No command shows a key, or takes one as an argument.
    """


@keys.command("list", short_help="List keys: set or not, and from where.")
@selectors.as_json
def list_keys(as_json: bool) -> None:
    """List the names of keys that providers want: whether each is set, and from where."""
    from assay.terminal import keys as store

    entries = [{"name": name, "set": key is not None, "source": key.source if key else None,
                "provider": store.KNOWN.get(name, "a model of your own")}
               for name in store.names() for key in [store.find([name])]]
    if as_json:
        output.document({"keys": entries, "file": str(store.path())})
        return
    table = output.table("", "key", "set", "from", "~provider")
    for entry in entries:
        state = output.styled("✓ yes", "green") if entry["set"] else output.styled("no", "dim")
        table.add_row(str(entry["name"]), state, str(entry["source"] or ""), str(entry["provider"]))
    output.show(table, f"File: {store.path()}")


@keys.command("set", short_help="Keep a key; it is read from standard input.")
@click.argument("name")
@click.argument("rest", nargs=-1, metavar="")
def set_key(name: str, rest: tuple[str, ...]) -> None:
    """Keep the key NAME, as OPENAI_API_KEY, in a file that only you can read.

    It is typed when asked and not shown, or read from standard input: assay keys set OPENAI_API_KEY < key.txt
    """
    from assay.core.errors import AssayError, did_you_mean
    from assay.terminal import keys as store

    # What was given instead is not repeated: it may be the key.
    if rest or "=" in name:
        raise AssayError("a key is not given as an argument: the list of processes and the shell's history would show "
                         "it", "give the name only: the key is asked for, or read from standard input")
    store.check_name(name)
    known = store.names()
    file = store.set_key(name, _typed(name))
    click.echo(f"{name} is kept in {file}")
    if name not in known:
        note(f"no model that is registered here asks for {name}; {did_you_mean(name, known)}".rstrip("; "))


@keys.command("remove", short_help="Forget a key.")
@click.argument("name")
def remove_key(name: str) -> None:
    """Take the key NAME out of the file; a variable of that name stays as it is."""
    import os

    from assay.core.errors import NOTHING, AssayError
    from assay.terminal import keys as store

    store.check_name(name)
    if not store.remove_key(name):
        hint = f"it is set as a variable: unset {name}" if os.environ.get(name) else "see assay keys list"
        raise AssayError(f"no key {name} in {store.path()}", hint, NOTHING)
    click.echo(f"{name} is forgotten")


@keys.command("check", short_help="Ask each provider whose key is set one small question.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@selectors.as_json
def check_keys(names: tuple[str, ...], as_json: bool) -> int:
    """Ask each provider whose key is set one small question; exit 4 if a key does not work, or none is set."""
    from assay.terminal import keycheck

    results = keycheck.check(names)
    if as_json:
        output.document({"keys": results})
    elif results:
        table = output.table("", "key", "works", "from", "asked", "~result")
        for result in results:
            table.add_row(result["name"], _state(result["ok"]), result["source"], result["model"] or "",
                          result["reason"] or "")
        output.show(table)
    else:
        note("no key is set: see assay keys list")
    return 0 if results and all(result["ok"] is not False for result in results) else FAILED


def _state(works: bool | None) -> Any:
    if works is None:
        return "not checked"
    return output.styled("✓ yes", "green") if works else output.styled("✗ no", "bold red")


def _typed(name: str) -> str:
    """Return what is typed without being shown, or the first line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt(f"{name} (not shown)", hide_input=True, err=True))
    return sys.stdin.readline()
