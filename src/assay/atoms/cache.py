"""Evaluations kept between runs and shared between processes: one SQLite file, values by key."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from assay.core import config
from assay.core.store import NETWORK_FILE_SYSTEMS, file_system

T = TypeVar("T")
SCHEMA = "create table if not exists evaluation (key blob primary key, value blob not null, checksum integer not null)"


def shared() -> EvaluationCache | None:
    """Return the cache at ``ASSAY_CACHE/evaluations.db``, or None if ``ASSAY_EVAL_CACHE=0`` turns it off."""
    if os.environ.get("ASSAY_EVAL_CACHE") == "0":
        return None
    return EvaluationCache(config.cache() / "evaluations.db")


class _Damaged(Exception):
    pass


class EvaluationCache:
    """Bytes by key, safe for several processes at once.

    It never stands in the way of a computation: a damaged file is set aside with a warning, and where nothing can be
    written it says so once and remembers nothing.

    Parameters
    ----------
    path : Path
        Opened, and made with its folder, when first used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._off = False

    def get(self, key: bytes) -> bytes | None:
        """Return the value kept under `key`, or None."""
        return self._guarded(lambda db: _read(db, key))

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Keep the values in one commit; a key that is there already keeps its first value."""
        rows = [(key, value, zlib.crc32(value)) for key, value in values.items()]
        self._guarded(lambda db: _write(db, rows))

    def close(self) -> None:
        """Close the file; it is opened again when used again."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _guarded(self, action: Callable[[sqlite3.Connection], T]) -> T | None:
        for _ in range(2):
            if self._off:
                break
            try:
                return action(self._open())
            except (sqlite3.DatabaseError, OSError, _Damaged) as error:
                if _is_damage(error):
                    self._set_aside(error)
                else:
                    self._turn_off(error)
        return None

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path, timeout=60.0, isolation_level=None, check_same_thread=False)
            try:
                # One at a time: two processes that make the file at once would refuse each other the change to WAL.
                with self._locked():
                    self._identity = _identity(self.path)
                    _prepare(db, self.path.parent)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    def _set_aside(self, error: Exception) -> None:
        self.close()
        with self._locked():
            # Another process may have done it while we waited: then the file is a new one, and good.
            if _identity(self.path) != self._identity:
                return
            aside = f"{self.path}.damaged-{time.time_ns()}"
            for suffix in ("", "-wal", "-shm"):
                if os.path.exists(f"{self.path}{suffix}"):
                    os.replace(f"{self.path}{suffix}", f"{aside}{suffix}")
        _warn(f"{self.path} is damaged ({error}): set aside as {aside}, starting an empty one")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(f"{self.path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _turn_off(self, error: Exception) -> None:
        self.close()
        self._off = True
        _warn(f"{self.path} cannot be used ({error}): evaluations of this process are not kept")


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


def _read(db: sqlite3.Connection, key: bytes) -> bytes | None:
    row = db.execute("select value, checksum from evaluation where key = ?", [key]).fetchone()
    if row is None:
        return None
    if not isinstance(row[0], bytes) or zlib.crc32(row[0]) != row[1]:
        raise _Damaged("a value does not have its checksum")
    return row[0]


def _write(db: sqlite3.Connection, rows: list[tuple[bytes, bytes, int]]) -> None:
    db.execute("begin immediate")
    try:
        db.executemany("insert or ignore into evaluation values (?, ?, ?)", rows)
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")


def _prepare(db: sqlite3.Connection, folder: Path) -> None:
    exists = db.execute("select 1 from sqlite_master where name = 'evaluation'").fetchone()
    if not exists:
        # A write-ahead log needs memory that all processes share, which a network file system does not give.
        db.execute(f"pragma journal_mode = {'delete' if file_system(folder) in NETWORK_FILE_SYSTEMS else 'wal'}")
        db.execute(SCHEMA)
    # A commit that a power cut loses is only an evaluation to be done again.
    db.execute("pragma synchronous = normal")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_damage(error: Exception) -> bool:
    # SQLite says "malformed" and "file is not a database" with the plain DatabaseError. Operational errors are
    # circumstances (locked, full, read-only), unless the tables are not ours.
    if isinstance(error, sqlite3.OperationalError):
        return any(part in str(error) for part in ("no such", "has no column", "columns but"))
    return type(error) in (sqlite3.DatabaseError, _Damaged)
