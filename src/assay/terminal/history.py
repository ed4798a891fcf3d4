"""What was asked and answered, on this machine only: SQLite with full-text search. Secrets are placeholders in it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from assay.core.errors import DATA, NOTHING, AssayError, printable

VERSION = 1
PATIENCE = 5.0  # s that another process may hold the file
TITLE = 200  # characters
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
MATCH = ("\x02", "\x03")  # around what was searched for, in a snippet
TABLES = """
create table entry(id integer primary key autoincrement, kind text not null, started text not null,
    model text not null, title text not null);
create table part(id integer primary key, entry integer not null references entry(id) on delete cascade,
    role text not null, time text not null, text text not null, about text not null);
create index part_of on part(entry);
create table setting(name text primary key, value text not null);
create virtual table part_text using fts5(text, content = 'part', content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2");
create trigger part_in after insert on part begin
    insert into part_text(rowid, text) values (new.id, new.text);
end;
create trigger part_out after delete on part begin
    insert into part_text(part_text, rowid, text) values ('delete', old.id, old.text);
end;
"""


@dataclass(frozen=True)
class Part:
    """One turn of an entry: what was asked, answered, or run.

    Parameters
    ----------
    role : str
        ``user``, ``assistant``, or ``run`` (commands that were executed).
    text : str
    time : str
        ISO 8601, with the zone.
    about : dict
        What else is known: status, usage, cost, exit status ...
    """

    role: str
    text: str
    time: str
    about: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON."""
        return {"role": self.role, "time": self.time, "text": self.text, "about": self.about}


@dataclass(frozen=True)
class Entry:
    """A request or a conversation.

    Parameters
    ----------
    id : int
    kind : str
        ``cmd``, ``explain`` or ``chat``.
    started : str
        ISO 8601, with the zone.
    model, title : str
    parts : tuple of Part
        Empty in lists.
    snippet : str
        Where it was found by a search: the place, between the characters of `MATCH`.
    """

    id: int
    kind: str
    started: str
    model: str
    title: str
    parts: tuple[Part, ...] = ()
    snippet: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what lists show as JSON."""
        return {"id": self.id, "kind": self.kind, "started": self.started, "model": self.model, "title": self.title}


def path() -> Path:
    """Return the file: in ``ASSAY_HOME`` where that is set, else in the user's data folder.

    Never in ``./assay-results``: results are there to be handed on, what one asked is not.
    """
    if value := os.environ.get("ASSAY_HOME"):
        return Path(value).expanduser().absolute() / "history.db"
    import platformdirs

    return Path(platformdirs.user_data_path("assay")) / "history.db"


class History:
    """The log. The file is made when something is first written; reading where there is none finds nothing.

    Parameters
    ----------
    file : path, optional
        Default: `path`.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or path()

    @property
    def on(self) -> bool:
        """Whether anything is kept."""
        with self._reading() as database:
            row = database and database.execute("select value from setting where name = 'on'").fetchone()
        return row is None or row[0] == "1"

    def turn(self, on: bool) -> None:
        """Keep what comes from now on, or do not."""
        with self._writing() as database:
            database.execute("insert or replace into setting values ('on', ?)", (str(int(on)),))

    def begin(self, kind: str, model: str, title: str) -> int:
        """Begin an entry; returns its id."""
        line = " ".join(title.split())
        line = line if len(line) <= TITLE else line[:TITLE - 1] + "…"
        with self._writing() as database:
            row = database.execute("insert into entry(kind, started, model, title) values (?, ?, ?, ?)",
                                   (kind, _now(), model, line)).lastrowid
        return int(row or 0)

    def add(self, entry: int, role: str, text: str, **about: Any) -> None:
        """Add a part to an entry."""
        with self._writing() as database:
            database.execute("insert into part(entry, role, time, text, about) values (?, ?, ?, ?, ?)",
                             (entry, role, _now(), text, json.dumps(about, ensure_ascii=False)))

    def entries(self, limit: int = 20, kind: str = "") -> list[Entry]:
        """Return the newest entries, the newest first, without their parts."""
        query = "select * from entry where kind = ? or ? = '' order by id desc limit ?"
        with self._reading() as database:
            rows = database.execute(query, (kind, kind, limit)).fetchall() if database else []
        return [Entry(*row) for row in rows]

    def entry(self, id_: int) -> Entry:
        """Return an entry with its parts.

        Raises
        ------
        AssayError
            Exit code 5 if there is none.
        """
        with self._reading() as database:
            row = database and database.execute("select * from entry where id = ?", (id_,)).fetchone()
            if not database or not row:
                raise AssayError(f"no entry {id_} in the log", "assay log list shows the entries there are", NOTHING)
            parts = database.execute("select role, text, time, about from part where entry = ? order by id", (id_,))
            return Entry(*row, parts=tuple(Part(*fields, about=json.loads(about)) for *fields, about in parts))

    def search(self, text: str, limit: int = 20) -> list[Entry]:
        """Return entries with all the words of a text in one of their parts, the newest first.

        The last word may go on: ``dock`` finds "docker".
        """
        words = [word.replace('"', '""') for word in printable(text).replace("\0", " ").split()]
        if not words:
            return []
        wanted = " ".join(f'"{word}"' for word in words) + " *"
        # A snippet can only be had of a row that was matched, not of a group of them.
        query = ("select entry.*, (select snippet(part_text, 0, ?, ?, '…', 12) from part_text "
                 "where part_text match ? and rowid = hit.part) from "
                 "(select part.entry as entry, max(part.id) as part from part_text "
                 "join part on part.id = part_text.rowid where part_text match ? "
                 "group by part.entry order by part.entry desc limit ?) as hit "
                 "join entry on entry.id = hit.entry order by entry.id desc")
        with self._reading() as database:
            rows = database.execute(query, (*MATCH, wanted, wanted, limit)).fetchall() if database else []
        return [Entry(*row[:5], snippet=row[5]) for row in rows]

    def asked(self, kind: str, limit: int = 500) -> list[str]:
        """Return what the user wrote in entries of a kind, each text once, the oldest first."""
        query = ("select part.text from part join entry on entry.id = part.entry "
                 "where part.role = 'user' and entry.kind = ? order by part.id desc limit ?")
        with self._reading() as database:
            rows = database.execute(query, (kind, limit)).fetchall() if database else []
        return list(dict.fromkeys(text for (text,) in rows))[::-1]

    def clear(self) -> int:
        """Forget everything but whether the log is on; returns how many entries there were."""
        with self._reading() as database:
            count = database.execute("select count(*) from entry").fetchone()[0] if database else 0
        if count:
            with self._writing() as database:
                database.execute("delete from part")
                database.execute("delete from entry")
                database.execute("insert into part_text(part_text) values ('rebuild')")
            with self._told(), closing(self._open()) as database:
                database.execute("vacuum")
        return int(count)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.file.exists():
            yield None
            return
        with self._told(), closing(self._open()) as database:
            yield database

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            if not self.file.exists():
                self.file.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
                os.close(os.open(self.file, os.O_CREAT | os.O_WRONLY, PRIVATE_FILE))
            with closing(self._open()) as database, database:
                yield database

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.file, timeout=PATIENCE)
        try:
            database.execute("pragma foreign_keys = on")
            # What is deleted is overwritten, not only unlinked.
            database.execute("pragma secure_delete = on")
            self._migrate(database)
        except BaseException:
            database.close()
            raise
        return database

    def _migrate(self, database: sqlite3.Connection) -> None:
        def version() -> int:
            return int(database.execute("pragma user_version").fetchone()[0])

        if version() == 0:
            database.execute("begin immediate")
            with database:
                if version() == 0:  # nobody else did meanwhile
                    for statement in _statements(TABLES):
                        database.execute(statement)
                    database.execute(f"pragma user_version = {VERSION}")
        if version() > VERSION:
            raise AssayError(f"{self.file}: written by a newer version of assay", "update assay", DATA)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite and the disk say into an error that can be acted on."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise AssayError(f"{self.file}: the log cannot be used: {error}",
                             "check permissions and the disk, or move the file away", DATA) from error


def _statements(text: str) -> Iterator[str]:
    """Yield the statements of a script; one of a trigger holds others."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
