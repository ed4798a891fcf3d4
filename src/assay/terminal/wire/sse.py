"""Server-sent events, read as the bytes come: split anywhere, also inside a character or a line end.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html (fields ``event`` and ``data``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LINE_END = re.compile(rb"\r\n|\n|\r")
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Event:
    """An event: its name (``message`` if the stream gives none) and its data."""

    name: str
    data: str


class Parser:
    r"""Turns chunks of bytes into events.

    >>> parser = Parser()
    >>> list(parser.feed(b"data: {"))
    []
    >>> list(parser.feed(b"}\n\n"))
    [Event(name='message', data='{}')]
    """

    def __init__(self) -> None:
        self._rest = b""
        self._after_cr = False
        self._started = False
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that the chunk completes; an event that is never completed is never given."""
        if self._after_cr and chunk:
            chunk, self._after_cr = chunk.removeprefix(b"\n"), False
        if not chunk:
            return
        # A carriage return at the end is a line end already; a line feed that may follow belongs to it.
        self._after_cr = chunk.endswith(b"\r")
        *lines, self._rest = LINE_END.split(self._rest + chunk)
        for line in lines:
            if not self._started:
                line, self._started = line.removeprefix(BOM), True
            event = self._take(line)
            if event is not None:
                yield event

    def _take(self, line: bytes) -> Event | None:
        if not line:
            name, data, self._name, self._data = self._name, self._data, "", []
            return Event(name or "message", "\n".join(data)) if data else None
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", "replace")
        if field == b"data":
            self._data.append(text)
        elif field == b"event":
            self._name = text
        return None
