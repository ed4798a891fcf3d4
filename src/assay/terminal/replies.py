"""Replies of language models, kept one by one: what was asked and answered is never asked, or paid for, again."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assay.core import config
from assay.core.errors import AssayError
from assay.core.record import digest
from assay.terminal.models import LanguageModel
from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.types import Message, Reply, Usage

NAME = "terminal.db"
VERSION = 1
WAIT = 60.0  # s for another process that writes


class Replies:
    """The file ``ASSAY_HOME/terminal.db``: replies by what was asked, verdicts by what was judged.

    Safe to be used from several threads and processes; every entry is committed as it comes.

    Parameters
    ----------
    path : Path, optional

    Raises
    ------
    AssayError
        If the file is none of ours, or cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config.home() / NAME
        self._lock = threading.Lock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = normal")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise AssayError(f"{self.path}: replies cannot be kept: {error}",
                             "free space, or move the file away if it is not assay's") from error

    def _prepare(self) -> None:
        found = self._connection.execute("pragma user_version").fetchone()[0]
        if found > VERSION:
            raise AssayError(f"{self.path}: written by a newer assay (version {found}, expected {VERSION})",
                             "use that one, or another ASSAY_HOME")
        self._connection.executescript(f"""
            create table if not exists entry (kind text, key text, body text, created real, primary key (kind, key));
            pragma user_version = {VERSION};""")

    def get(self, kind: str, key: str) -> Any:
        """Return what is kept under a key, or None."""
        with self._lock:
            row = self._connection.execute("select body from entry where kind = ? and key = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, key: str, body: Any) -> None:
        """Keep a JSON value; it is on disk when this returns."""
        text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
        with self._lock:
            self._connection.execute("insert or replace into entry values (?, ?, ?, ?)", (kind, key, text, time.time()))

    def forget(self, kind: str, keys: Sequence[str]) -> None:
        """Remove entries."""
        with self._lock, closing(self._connection.cursor()) as cursor:
            cursor.execute("begin immediate")
            cursor.executemany("delete from entry where kind = ? and key = ?", [(kind, key) for key in keys])
            cursor.execute("commit")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class Remembering:
    """A language model that answers from what it said before, and is asked otherwise.

    One is made for each request: it also tells what the request took.

    Parameters
    ----------
    model : LanguageModel
    replies : Replies
    repeat : int
        Which of several samples of the same question.
    before : callable
        Called before each request that is really sent; its time is not the answer's.

    Attributes
    ----------
    seconds : float
        What its answers took when they were given.
    said : list of Reply
    """

    def __init__(self, model: LanguageModel, replies: Replies, repeat: int = 0,
                 before: Callable[[], None] = lambda: None) -> None:
        self.model, self.replies, self.repeat, self.before = model, replies, repeat, before
        self.seconds, self.said = 0.0, list[Reply]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def complete(self, messages: Sequence[Message], **sampling: Any) -> Reply:
        """Return the reply.

        Raises
        ------
        ProviderError
        """
        key = self.key(messages, **sampling)
        kept = self.replies.get("reply", key)
        if kept is None:
            self.before()
            began = time.perf_counter()
            reply = self._asked(messages, sampling)
            kept = _told(reply, time.perf_counter() - began)
            self.replies.put("reply", key, kept)
        self.seconds += kept["seconds"]
        self.said.append(_reply(kept))
        return self.said[-1]

    def _asked(self, messages: Sequence[Message], sampling: Mapping[str, Any]) -> Reply:
        """Ask; a provider that blocks the request or the answer has refused, as a model does in words."""
        try:
            return self.model.complete(messages, **sampling)
        except ProviderError as error:
            if error.kind != "content":
                raise
            refusal = {"error": 1, "reason": f"blocked by the provider: {error.message}"}
            return Reply(json.dumps(refusal), stop="blocked")

    def key(self, messages: Sequence[Message], **sampling: Any) -> str:
        """Return the hash of all that decides an answer: wire, place, the request as it is sent, which repeat."""
        body = self.model.request_body(messages, **sampling)
        return digest([self.model.wire, self.model.base_url, self.model.id, body, self.repeat])


def _told(reply: Reply, seconds: float) -> dict[str, Any]:
    return {"text": reply.text, "usage": asdict(reply.usage), "stop": reply.stop, "seconds": seconds,
            "first_token_seconds": reply.first_token_seconds}


def _reply(kept: Mapping[str, Any]) -> Reply:
    return Reply(kept["text"], Usage(**kept["usage"]), kept["stop"], None, kept["first_token_seconds"])


def problem(error: ProviderError) -> dict[str, Any]:
    """Return an error as it is kept beside replies."""
    return {"kind": error.kind, "status": error.status, "message": error.message}
