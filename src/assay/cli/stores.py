"""store: export, merge, rm, gc, verify."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from assay.cli import output, selectors
from assay.cli.errors import note

if TYPE_CHECKING:
    from assay.core.record import StoredRecord
    from assay.core.registry import Registry
    from assay.core.store import Store
    from assay.flow.selection import Selection


@click.group("store", short_help="Export, merge, clean and verify results.")
def store() -> None:
    """Export, merge, clean and verify the results in ASSAY_HOME."""


@store.command(short_help="Write all results as plain files.")
@click.argument("target", metavar="DIR")
def export(target: str) -> None:
    """Write all results into DIR: one line of JSON a record, in a file a benchmark and model, and the artefacts."""
    from pathlib import Path

    from assay.app.text import count
    from assay.results import archive

    with _open() as home:
        records, artefacts = archive.export(home, Path(target))
    click.echo(f"{target}: {count(records, 'record')}, {count(artefacts, 'artefact')}")


@store.command(short_help="Bring in the results of another store or export.")
@click.argument("source", metavar="SRC")
@click.option("--theirs", is_flag=True, help="Where both have values and they differ, take those of SRC.")
def merge(source: str, theirs: bool) -> None:
    """Bring in the results of SRC, a store folder or an export.

    An ok record beats a failed one; where values differ, ours stay.
    """
    from pathlib import Path

    from assay.app.text import count
    from assay.results import archive

    with _open() as home:
        done = archive.merge(home, Path(source), theirs)
    click.echo(f"{count(done.added, 'record')} added, {done.replaced} replaced, {done.kept} of ours kept, "
               f"{done.same} equal")
    if done.conflicts:
        note(f"{count(done.conflicts, 'record')} with other values under the same key: "
             + ("theirs taken" if theirs else "ours stay; --theirs takes those of SRC"))


@store.command("rm", short_help="Delete records.")
@selectors.selection("benchmarks", "models", "categories", "cases")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(selection: Selection, yes: bool) -> None:
    """Delete the selected records; artefacts that nobody names any more go with `assay store gc`."""
    from assay.app.text import count
    from assay.core.errors import NOTHING, AssayError
    from assay.core.registry import registry

    if not (selection.benchmarks or selection.models or selection.categories or selection.cases):
        raise AssayError("store rm needs a selector", "name what to delete with -b, -m, --category or --case")
    with _open() as home:
        found = _selected(home, selection, registry.load())
        if not found:
            raise AssayError("no record matches", "assay analyse shows what there is", NOTHING)
        if not yes:
            _confirm(f"delete {count(len(found), 'record')} of {count(len({r.model for r in found}), 'model')} "
                     f"and {count(len({r.benchmark for r in found}), 'benchmark')}")
        home.remove([record.key for record in found])
    click.echo(f"{count(len(found), 'record')} deleted")


def _selected(home: Store, selection: Selection, registry: Registry) -> list[StoredRecord]:
    """Return the records that every given glob matches; names come from the store, whatever is registered now."""
    from assay.core.registry import matching

    def fits(record: StoredRecord) -> bool:
        registered = registry.benchmarks.get(record.benchmark)
        fields = ((selection.benchmarks, record.benchmark), (selection.models, record.model),
                  (selection.cases, record.case), (selection.categories, registered.category if registered else ""))
        return all(matching([value], globs) for globs, value in fields if globs)

    return [record for record in home.records() if fits(record)]


def _confirm(what: str) -> None:
    from assay.core.errors import AssayError

    if not sys.stdin.isatty():
        raise AssayError(f"would {what}", "add --yes")
    if not click.confirm(f"{what[0].upper()}{what[1:]}?", err=True):
        raise click.Abort


@store.command(short_help="Remove artefacts that no record names.")
@click.option("--now", is_flag=True, help="Also those younger than an hour.")
def gc(now: bool) -> None:
    """Remove artefact files that no record names; those younger than an hour may still get one, and stay."""
    from assay.app.text import count
    from assay.results import archive

    with _open() as home:
        removed, size = archive.collect(home, young=now)
    click.echo(f"{count(removed, 'artefact')} removed, {size / 1e6:.1f} MB")


@store.command(short_help="Read everything and check it.")
@selectors.as_json
def verify(as_json: bool) -> int:
    """Read every artefact and compare it with its sha256; exit 1 if one is missing or damaged."""
    from assay.app.text import count
    from assay.results import archive

    with _open() as home:
        found = archive.verify(home)
    if as_json:
        output.document(found)
    else:
        click.echo(f"{count(found['records'], 'record')}, {count(found['artefacts'], 'artefact')}: "
                   f"{len(found['missing'])} missing, {len(found['corrupt'])} corrupt")
        for state in ("missing", "corrupt"):
            for item in found[state]:
                note(f"{state}: {item['path']} of {item['benchmark']} {item['model']} {item['case']}")
    if found["missing"] or found["corrupt"]:
        note("to make them again: assay calc --again all, with -b, -m and --case as above")
        return 1
    return 0


def _open() -> Store:
    from assay.core import config
    from assay.core.store import Store

    return Store(config.home())
