"""Store: records in SQLite, artefacts as files under their sha256. It holds what was computed, never a score."""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assay.core.errors import AssayError
from assay.core.files import replacing
from assay.core.record import Artefact, ArtefactRef, Case, Record, StoredRecord, canonical_json, digest

BUSY_SECONDS = 60.0  # how long a writer waits for another one
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "beegfs", "gpfs", "fuse.sshfs", "9p"}

# A record is larger than a quarter of a page: a table without rowid would be three times the size, and slower to read.
# Ordered; the n-th brings a store from version n - 1 to n. Never edit one that has been released.
MIGRATIONS = (
    """
    create table provenance (sha text primary key, body text not null) without rowid;
    create table record (
        key text primary key, benchmark text not null, version integer not null, model text not null,
        model_digest text not null, case_id text not null, tags text not null, status text not null,
        reason text not null, body text not null, artefacts text not null, seconds real not null,
        provenance text not null, created real not null
    );
    """,
    "create index record_pair on record (benchmark, model, version);",
)
COLUMNS = ("key, benchmark, version, model, model_digest, case_id, tags, status, reason, body, artefacts, "
           "seconds, provenance, created")


def record_key(benchmark: str, version: int, model: str, model_digest: str, case: Case) -> str:
    """Return the key of a result: sha256 of benchmark and version, model and digest, case id and inputs."""
    return digest([benchmark, version, model, model_digest, case.id, case.inputs])


class NoStoreError(AssayError):
    """There is no store to read, or another process is about to make it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"no store at {path}, or nothing in it yet",
                         "run a benchmark first (assay run), or name the folder of a store in ASSAY_HOME")


class Store:
    """A folder with ``assay.db`` and ``artefacts/``.

    Parameters
    ----------
    root : path
        Made if it is not there.
    readonly : bool
        Open for reading only; nothing is made.

    Raises
    ------
    AssayError
        If the folder cannot be written, the file is not a store, or a newer assay wrote it; NoStoreError if there is
        nothing to read.
    """

    def __init__(self, root: str | os.PathLike[str], readonly: bool = False) -> None:
        self.root = Path(root)
        self.path = self.root / "assay.db"
        with self._clear_errors():
            if not readonly:
                self.root.mkdir(parents=True, exist_ok=True)
            self._db = self._open(readonly)
            self._migrate(readonly)

    # -- writing

    def add(
        self,
        benchmark: str,
        version: int,
        model: str,
        model_digest: str,
        case: Case,
        record: Record,
        provenance: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
    ) -> str:
        """Write the artefacts, then the record, and commit; returns the record's key.

        A record of the same key is replaced.
        """
        for artefact in record.artefacts.values():
            self.write_artefact(artefact)
        refs = {name: asdict(item.reference) for name, item in record.artefacts.items()}
        key = record_key(benchmark, version, model, model_digest, case)
        body = canonical_json(dict(provenance or {}))
        row = (key, benchmark, version, model, model_digest, case.id, canonical_json(list(case.tags)), record.status,
               record.reason, canonical_json(record.values), canonical_json(refs), seconds, digest(provenance or {}),
               time.time())
        self._insert([row], {row[12]: body})
        return key

    def write_artefact(self, artefact: Artefact) -> Path:
        """Write the bytes under their sha256, through a temporary file; returns the path."""
        path = self.artefact_path(artefact.sha256, artefact.suffix)
        # A collection that runs beside us takes only old files: make it young. It may have just taken it.
        with self._clear_errors():
            with suppress(FileNotFoundError):
                if path.read_bytes() == artefact.data:  # a damaged one is written anew
                    os.utime(path)
                    return path
            with replacing(path) as stream:
                stream.write(artefact.data)
        return path

    def put(self, records: Iterable[StoredRecord], provenance: Mapping[str, str]) -> None:
        """Write stored records as they are (a merge), with the bodies of their provenance by sha."""
        self._insert([_row(record) for record in records], dict(provenance))

    def remove(self, keys: Iterable[str]) -> int:
        """Delete records by key; returns how many there were. Artefacts stay until a collection."""
        with self._clear_errors(), self._transaction():
            return sum(self._db.execute("delete from record where key = ?", [key]).rowcount for key in keys)

    # -- reading

    def records(self, benchmark: str | None = None, model: str | None = None,
                version: int | None = None) -> list[StoredRecord]:
        """Return records, sorted by benchmark, model and case id; None means every one."""
        wanted = {"benchmark": benchmark, "model": model, "version": version}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " and ".join(f"{column} = ?" for column in given) or "1"
        query = f"select {COLUMNS} from record where {where} order by benchmark, model, case_id, created"
        with self._clear_errors():
            return [_stored(row) for row in self._db.execute(query, list(given.values()))]

    def statuses(self, benchmark: str, model: str, version: int) -> dict[str, str]:
        """Return the status of every record of a pair, by key; cheaper than the records themselves."""
        query = "select key, status from record where benchmark = ? and model = ? and version = ?"
        with self._clear_errors():
            return dict(self._db.execute(query, [benchmark, model, version]).fetchall())

    def count(self) -> int:
        """Return the number of records."""
        with self._clear_errors():
            return int(self._db.execute("select count(*) from record").fetchone()[0])

    def pairs(self) -> list[tuple[str, str]]:
        """Return the (benchmark, model) pairs that have a record."""
        with self._clear_errors():
            return [tuple(row) for row in self._db.execute(
                "select distinct benchmark, model from record order by benchmark, model")]

    def change(self) -> int:
        """Return a number that changes whenever any process commits: what a page polls."""
        with self._clear_errors():
            version = int(self._db.execute("pragma data_version").fetchone()[0])
            return version * 1_000_003 + self._db.total_changes

    def stamps(self) -> dict[str, tuple[int, float, float]]:
        """Return, for every benchmark, numbers that change with its records: how many there are, and how old."""
        query = "select benchmark, count(*), max(created), total(created) from record group by benchmark"
        with self._clear_errors():
            return {name: (count, newest, total) for name, count, newest, total in self._db.execute(query)}

    def provenance(self, sha: str) -> dict[str, Any]:
        """Return the circumstances that a record's `provenance` names; empty if unknown."""
        with self._clear_errors():
            row = self._db.execute("select body from provenance where sha = ?", [sha]).fetchone()
        return json.loads(row[0]) if row else {}

    def artefact_path(self, sha256: str, suffix: str) -> Path:
        """Return where an artefact's bytes are, or would be."""
        return self.root / "artefacts" / sha256[:2] / f"{sha256}{suffix}"

    def read_artefact(self, ref: ArtefactRef) -> bytes:
        """Return the bytes of an artefact.

        Raises
        ------
        AssayError
            If the file is missing or does not have the hash any more.
        """
        path = self.artefact_path(ref.sha256, ref.suffix)
        data = path.read_bytes() if path.is_file() else None
        if data is None or Artefact(ref.kind, data).sha256 != ref.sha256:
            raise AssayError(f"artefact {path}: {'missing' if data is None else 'damaged, its sha256 is another'}",
                             "run the case again (assay calc --again all), or restore the file")
        return data

    def close(self) -> None:
        """Close the database; a closed store cannot be used."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -- inside

    def _insert(self, rows: list[tuple[Any, ...]], provenance: dict[str, str]) -> None:
        with self._clear_errors(), self._transaction():
            self._db.executemany("insert or ignore into provenance values (?, ?)", provenance.items())
            self._db.executemany(f"insert or replace into record ({COLUMNS}) values ({', '.join('?' * 14)})", rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # Immediate: a second writer waits its turn (busy_timeout) instead of failing when it upgrades its lock.
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            # SQLite has rolled back by itself after some errors, as a full disk.
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise AssayError(f"store {self.path}: {error}",
                             "check free space and permissions, or name another folder in ASSAY_HOME") from error

    def _open(self, readonly: bool) -> sqlite3.Connection:
        if not readonly:
            return self._connect("mode=rwc")
        if not self.path.exists():
            raise NoStoreError(self.path)
        db = self._connect("mode=ro")
        try:
            db.execute("pragma user_version")
        except sqlite3.OperationalError:
            # A folder that cannot be written has no place for the file that readers of a WAL share.
            # Without a log (-wal) there is no writer either, and the database can be read as it lies there.
            if Path(f"{self.path}-wal").exists():
                raise
            return self._connect("immutable=1")
        return db

    def _connect(self, parameters: str) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.absolute().as_uri()}?{parameters}", uri=True, timeout=BUSY_SECONDS,
                               isolation_level=None, check_same_thread=False)

    def _migrate(self, readonly: bool) -> None:
        # Both in one transaction, or another process could make the tables in between.
        self._db.execute("begin")
        version = self._db.execute("pragma user_version").fetchone()[0]
        tables = {row[0] for row in self._db.execute("select name from sqlite_master where type = 'table'")}
        self._db.execute("commit")
        if tables and not (version and {"record", "provenance"} <= tables):
            raise AssayError(f"{self.path}: expected a store of assay, found a database with the tables "
                             f"{', '.join(sorted(tables))}", "name another folder in ASSAY_HOME")
        if version > len(MIGRATIONS):
            raise AssayError(f"{self.path}: written by a newer assay (store version {version}, this one knows "
                             f"{len(MIGRATIONS)})", "install that assay, or name another folder in ASSAY_HOME")
        if readonly and not tables:
            raise NoStoreError(self.path)
        if readonly:
            return
        if version == 0:
            self._choose_journal()
        self._db.execute("pragma synchronous = normal")
        for number in range(version + 1, len(MIGRATIONS) + 1):
            with self._transaction():
                # Another process may have migrated while we waited for the lock.
                if self._db.execute("pragma user_version").fetchone()[0] < number:
                    for statement in MIGRATIONS[number - 1].split(";"):
                        self._db.execute(statement)
                    self._db.execute(f"pragma user_version = {number}")

    def _choose_journal(self) -> None:
        mode = "delete" if file_system(self.root) in NETWORK_FILE_SYSTEMS else "wal"
        # SQLite does not wait for others here: two processes may make a store at once.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._db.execute(f"pragma journal_mode = {mode}")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _stored(row: tuple[Any, ...]) -> StoredRecord:
    (key, benchmark, version, model, model_digest, case, tags, status, reason, body, artefacts, seconds, provenance,
     created) = row
    refs = {name: ArtefactRef(**item) for name, item in json.loads(artefacts).items()} if artefacts != "{}" else {}
    return StoredRecord(key, benchmark, version, model, model_digest, case, _tags(tags), status, reason,
                        json.loads(body), refs, seconds, provenance, created)


@functools.lru_cache(maxsize=4096)
def _tags(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _row(record: StoredRecord) -> tuple[Any, ...]:
    refs = {name: asdict(item) for name, item in record.artefacts.items()}
    return (record.key, record.benchmark, record.version, record.model, record.model_digest, record.case,
            canonical_json(list(record.tags)), record.status, record.reason, canonical_json(record.values),
            canonical_json(refs), record.seconds, record.provenance, record.created)


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds `folder`, where the system tells (Linux)."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    target = str(folder.resolve())
    holding = [(len(point), kind) for point, kind in mounts if f"{target}/".startswith(point.rstrip("/") + "/")]
    return max(holding)[1] if holding else ""
