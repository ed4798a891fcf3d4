"""Bring tables of ML-PEG into the results: a file a table, and a record a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assay.core.errors import DATA, NOTHING, AssayError
from assay.core.files import replacing
from assay.core.record import Record
from assay.core.store import Store
from assay.mlpeg.registering import CASE, benchmark_name, entry
from assay.mlpeg.tables import SUFFIX, Table, TableError, read


@dataclass
class Imported:
    """What an import did; `refused` are the files that are no tables, with the reason."""

    tables: list[Table] = field(default_factory=list)
    refused: list[TableError] = field(default_factory=list)
    removed: int = 0


def find(folder: Path) -> Imported:
    """Read every table below `folder`; one that is bad does not keep the others out.

    Raises
    ------
    AssayError
        Exit code 3 if there is no such folder, 5 if it has no table.
    """
    if not folder.is_dir():
        raise AssayError(f"{folder}: expected a folder with *{SUFFIX} files, found none",
                         "name the folder of ML-PEG's results, as ml_peg/app/data", DATA)
    paths = sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.is_file())
    if not paths:
        raise AssayError(f"{folder}: no *{SUFFIX} in it or below", "name the folder of ML-PEG's results", NOTHING)
    found, files = Imported(), dict[str, str]()
    for path in paths:
        try:
            table = read(path, folder)
            if table.slug in files:
                raise TableError(table.file, "", f"{files[table.slug]} also gives {benchmark_name(table)}")
        except TableError as error:
            found.refused.append(error)
            continue
        files[table.slug] = table.file
        found.tables.append(table)
    return found


def keep(found: Imported, store: Store) -> None:
    """Write the tables and a record for each of their rows; rows that an earlier import had and this has not go.

    Raises
    ------
    AssayError
        If the store's folder cannot be written.
    """
    for table in found.tables:
        name, keys = benchmark_name(table), set[str]()
        circumstances = {"imported": "ML-PEG", "file": table.file, "sha256": table.sha256}
        for mlip, values in table.rows.items():
            model = entry(mlip)
            record = Record(dict(values)) if values else Record.failed("the table has no value of this model")
            keys.add(store.add(name, 1, model.name, model.digest, CASE, record, circumstances))
        old = [record.key for record in store.records(name) if record.key not in keys]
        found.removed += store.remove(old)
        path = store.root / "mlpeg" / f"{table.slug}.json"
        try:
            with replacing(path) as stream:
                stream.write(table.to_json())
        except OSError as error:
            raise AssayError(f"{path}: cannot be written: {error}", "check free space and permissions") from error
