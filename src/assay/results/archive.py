"""A store as a whole: export to plain files, merge another one, collect artefacts nobody names, verify."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assay.core.errors import AssayError, describe
from assay.core.record import Artefact, ArtefactRef, Record, StoredRecord, canonical_json, digest
from assay.core.store import Store

PROVENANCE = "provenance.jsonl"
KEEP_SECONDS = 3600.0  # a writer puts an artefact in place before the record that names it
UNTOUCHED = "nothing was merged"
SHA = re.compile("[0-9a-f]{64}")
SETTLE_SECONDS = 1.0  # what `collect` gives such a writer when told to take young files too


# -- export


def export(store: Store, folder: Path) -> tuple[int, int]:
    """Write ``<benchmark>/<model>.jsonl``, ``provenance.jsonl`` and ``artefacts/``.

    Returns the numbers of records and artefacts. An earlier export in the folder is brought up to date; each file is
    written whole or not at all.

    Raises
    ------
    AssayError
        If the folder holds something else, an artefact is missing or damaged, or the disk refuses.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / PROVENANCE).is_file():
        raise AssayError(f"{folder}: expected no folder, an empty one or an earlier export; found other files",
                         "name another folder")
    records = store.records()
    by_file: dict[Path, list[StoredRecord]] = {}
    for record in records:
        by_file.setdefault(folder / _record_path(record), []).append(record)
    artefacts = {ref.sha256: ref for record in records for ref in record.artefacts.values()}
    try:
        for ref in artefacts.values():
            _write(_artefact_path(folder, ref), store.read_artefact(ref))
        for path, group in by_file.items():
            _write(path, "".join(canonical_json(asdict(record)) + "\n" for record in group).encode())
        bodies = {record.provenance: store.provenance(record.provenance) for record in records}
        _write(folder / PROVENANCE, "".join(canonical_json({"sha": sha, "body": body}) + "\n"
                                            for sha, body in sorted(bodies.items())).encode())
        for path in set(_record_files(folder)) - set(by_file):
            path.unlink()
    except OSError as error:
        raise AssayError(f"export to {folder}: {describe(error)}", "check free space and permissions") from error
    return len(records), len(artefacts)


def _record_path(record: StoredRecord) -> Path:
    *folders, name = [*record.benchmark.split("/"), record.model]
    return Path(*map(_file_name, folders), _file_name(name) + ".jsonl")


def _file_name(text: str) -> str:
    name = quote(text, safe=" +@,=()~!")
    return "%2E" + name[1:] if name.startswith(".") else name


def _record_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*/*/*.jsonl") if path.parent.parent.name != "artefacts")


def _artefact_path(folder: Path, ref: ArtefactRef) -> Path:
    return folder / "artefacts" / ref.sha256[:2] / f"{ref.sha256}{ref.suffix}"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


# -- merge


@dataclass
class Merged:
    """What a merge did with the other side's records; `conflicts` of them differ from ours."""

    added: int = 0
    replaced: int = 0
    same: int = 0
    kept: int = 0
    conflicts: int = 0


def merge(store: Store, source: Path, theirs: bool = False) -> Merged:
    """Bring the records of another store, or of an export, into this one: all of them or none.

    An ok record beats a failed one. Where both sides are of one rank and differ, ours stays, or theirs if told so.

    Raises
    ------
    AssayError
        If the source is neither, or a line or an artefact of it is damaged; it names the file and the line.
    """
    records, provenance = _read_store(source) if (source / "assay.db").is_file() else _read_export(source)
    ours = {record.key: record for record in store.records()}
    done = Merged()
    wanted = [record for record in records if _wins(record, ours.get(record.key), theirs, done)]
    # Artefacts first: one that is damaged ends the merge before any record is written.
    for ref in {ref.sha256: ref for record in wanted for ref in record.artefacts.values()}.values():
        store.write_artefact(_read_artefact(source, ref))
    store.put(wanted, {record.provenance: provenance.get(record.provenance, "{}") for record in wanted})
    return done


def _wins(other: StoredRecord, own: StoredRecord | None, theirs: bool, done: Merged) -> bool:
    if own is None:
        done.added += 1
        return True
    if _content(other) == _content(own):
        done.same += 1
        return False
    if (other.status == "failed") != (own.status == "failed"):
        better = own.status == "failed"
    else:
        done.conflicts += 1
        better = theirs
    done.replaced += better
    done.kept += not better
    return better


def _content(record: StoredRecord) -> tuple[Any, ...]:
    return record.status, record.values, {name: ref.sha256 for name, ref in record.artefacts.items()}


def _read_artefact(source: Path, ref: ArtefactRef) -> Artefact:
    path = _artefact_path(source, ref)
    try:
        artefact = Artefact(ref.kind, path.read_bytes(), ref.suffix, ref.label)
    except OSError as error:
        raise AssayError(f"{path}: a record names it: {describe(error)}", UNTOUCHED) from error
    if artefact.sha256 != ref.sha256:
        raise AssayError(f"{path}: expected sha256 {ref.sha256}, found {artefact.sha256}", UNTOUCHED)
    return artefact


def _read_store(source: Path) -> tuple[list[StoredRecord], dict[str, str]]:
    with Store(source, readonly=True) as other:
        records = other.records()
        shas = {record.provenance for record in records}
        return records, {sha: canonical_json(other.provenance(sha)) for sha in shas}


def _read_export(source: Path) -> tuple[list[StoredRecord], dict[str, str]]:
    if not (source / PROVENANCE).is_file():
        found = "no such folder" if not source.is_dir() else f"a folder with neither assay.db nor {PROVENANCE}"
        raise AssayError(f"{source}: expected a store folder or an export, found {found}")
    records = [_checked_record(where, item) for path in _record_files(source) for where, item in _lines(path)]
    provenance = {}
    for where, item in _lines(source / PROVENANCE):
        if digest(item.get("body")) != item.get("sha"):
            raise AssayError(f"{where}: the body does not have the sha256 that the line gives", UNTOUCHED)
        provenance[str(item["sha"])] = canonical_json(item["body"])
    return records, provenance


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    number = 0
    try:
        # Not splitlines(): a string may hold other characters that end a line.
        for number, line in enumerate(path.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
            if line:
                yield f"{path}, line {number}", dict(json.loads(line))
    except (OSError, ValueError, TypeError) as error:
        raise AssayError(f"{path}, line {number}: not a line of JSON: {describe(error)}", UNTOUCHED) from error


def _checked_record(where: str, item: dict[str, Any]) -> StoredRecord:
    try:
        refs = {name: ArtefactRef(**ref) for name, ref in item["artefacts"].items()}
        record = StoredRecord(**{**item, "artefacts": refs, "tags": tuple(item["tags"])})
        Record(record.values, status=record.status)
        canonical_json(record.values)
        for sha in (record.key, *(ref.sha256 for ref in refs.values())):
            if not SHA.fullmatch(sha):
                raise ValueError(f"{sha!r} is no sha256")
        if any("/" in ref.suffix for ref in refs.values()):
            raise ValueError("an artefact's suffix holds a slash")
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise AssayError(f"{where}: not a record: {describe(error)}", UNTOUCHED) from error
    return record


# -- collect, verify


def collect(store: Store, young: bool = False) -> tuple[int, int]:
    """Remove artefact files that no record names and that are an hour old; returns their number and bytes.

    Parameters
    ----------
    store : Store
    young : bool
        Also younger ones. A writer that runs beside keeps what it names within a second.
    """
    limit = time.time() - (SETTLE_SECONDS if young else KEEP_SECONDS)
    named = _named(store)
    files = [path for path in (store.root / "artefacts").glob("*/*") if path.name not in named]
    if young and files:
        time.sleep(SETTLE_SECONDS)
        named = _named(store)
    removed, size = 0, 0
    for path in files:
        # Half-written files have names with a dot; only age tells whether somebody still writes.
        before = time.time() - KEEP_SECONDS if path.name.startswith(".") else limit
        if path.name not in named:
            # Gone already: its writer has finished it, or another collection was here.
            with suppress(FileNotFoundError):
                found = _remove(path, before)
                removed, size = removed + (found is not None), size + (found or 0)
    return removed, size


def _named(store: Store) -> set[str]:
    return {f"{ref.sha256}{ref.suffix}" for record in store.records() for ref in record.artefacts.values()}


def _remove(path: Path, before: float) -> int | None:
    """Remove the file if nobody touched it since `before`; returns its size.

    A writer that needs bytes which are there already touches the file. So: out of its reach first, then look.
    Either the touch came before and shows, or the writer finds no file and writes it anew.
    """
    if path.stat().st_mtime >= before:
        return None
    aside = path.with_name(f".gone-{path.name}")
    os.replace(path, aside)
    status = aside.stat()
    if status.st_mtime >= before:
        os.replace(aside, path)
        return None
    aside.unlink()
    return status.st_size


def verify(store: Store) -> dict[str, Any]:
    """Read every artefact that a record names; returns the document of ``assay store verify --json``."""
    records = store.records()
    owners = {(ref.sha256, ref.suffix): record for record in records for ref in record.artefacts.values()}
    found: dict[str, list[dict[str, str]]] = {"missing": [], "corrupt": []}
    for (sha, suffix), record in sorted(owners.items(), key=lambda item: item[0]):
        path = store.artefact_path(sha, suffix)
        try:
            good = Artefact("", path.read_bytes()).sha256 == sha
        except OSError:
            good = False
        if not good:
            found["corrupt" if path.exists() else "missing"].append(
                {"sha256": sha, "path": str(path), "benchmark": record.benchmark, "model": record.model,
                 "case": record.case})
    return {"records": len(records), "artefacts": len(owners), **found}
