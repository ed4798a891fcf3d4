"""The client of every wire that speaks HTTP: one pool a provider, tries, time-outs, streams."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar
from urllib.parse import urlsplit

from assay.core import config
from assay.terminal.wire import failure, retry
from assay.terminal.wire.addresses import base_of, host_of, is_loopback
from assay.terminal.wire.errors import ProviderError
from assay.terminal.wire.habits import Habits
from assay.terminal.wire.sse import Event, Parser
from assay.terminal.wire.types import Delta, Reply, Request

if TYPE_CHECKING:
    import httpx

MOST = 64 * 2**20  # bytes of an answer: no model writes more, a broken server might
Piece = tuple[str, Reply | None]
Made = TypeVar("Made")


class Reader(Protocol):
    """Gathers the events of one stream."""

    @property
    def done(self) -> bool:
        """Whether the answer has come to its end."""

    def take(self, document: dict[str, Any]) -> str:
        """Return the text that an event adds, maybe none."""

    def reply(self) -> Reply:
        """Return the whole answer; raises ProviderError of kind content where it was blocked."""


class Wire(Protocol):
    """How one provider is spoken to; what is the same for all is in `HttpClient`."""

    name: ClassVar[str]
    default: ClassVar[str]
    variables: ClassVar[tuple[str, ...]]
    keys: ClassVar[tuple[str, ...]]

    def path(self, request: Request, stream: bool) -> str:
        """Return what follows the base URL."""

    def headers(self, key: str) -> dict[str, str]:
        """Return the headers; `key` may be empty."""

    def body(self, request: Request, stream: bool, json: str) -> dict[str, Any]:
        """Return the request's JSON; `json` is how the shape of an answer is asked for."""

    def reply(self, document: dict[str, Any]) -> Reply:
        """Read an answer; raises ProviderError of kind content where it was blocked."""

    def reader(self) -> Reader:
        """Return what reads a stream."""


class HttpClient:
    """A client of one provider; may be used from several threads.

    Parameters
    ----------
    wire : Wire
    base_url : str, optional
        Default: the wire's own, or the variable that stands in for it.
    key : str, optional
    timeout : float
        Seconds for one call: from opening the connection to the answer's last byte. Waits between tries come on top.
    habits : Habits, optional
    missing : str
        What to do where a key is needed and there is none.
    sleep : callable
        Waits between tries.
    """

    def __init__(self, wire: Wire, base_url: str | None = None, key: str | None = None, timeout: float = 60.0,
                 habits: Habits | None = None, missing: str = "",
                 sleep: Callable[[float], object] = time.sleep) -> None:
        self.wire, self.timeout, self.habits = wire, timeout, habits or Habits()
        self.base_url = base_of(wire.default, wire.variables, base_url)
        self.host = host_of(self.base_url)
        self.calls = 0
        self._secret, self._missing, self._sleep = (key or "").strip(), missing, sleep
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None
        self._refused: set[str] = set()  # shapes that a model was asked for in vain

    def __repr__(self) -> str:
        return f"<{self.wire.name} at {self.host}>"

    def body(self, request: Request, stream: bool = False) -> dict[str, Any]:
        """Return what would be sent, without sending it."""
        roomy = replace(request, max_tokens=request.max_tokens + self.habits.room) if self.habits.room else request
        return self.habits.applied(self.wire.body(roomy, stream, self.habits.json))

    def complete(self, request: Request) -> Reply:
        """Ask, wait for the whole answer; see `Client`."""
        with self._placing():
            return self._tried(request, self._complete)

    def stream(self, request: Request) -> Iterator[Delta]:
        """Ask, yield the answer as it comes; see `Client`. Nothing is tried again once a piece was given."""
        started, first = time.monotonic(), None
        with self._placing():
            pieces = self._tried(request, self._opened)
        with closing(pieces):
            while True:
                with self._placing():
                    text, reply = next(pieces)
                if text and first is None:
                    first = time.monotonic() - started
                yield Delta(text, reply and replace(reply, first_token_seconds=first))
                if reply is not None:
                    return

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        with self._lock:
            http, self._http = self._http, None
        if http is not None:
            http.close()

    # -- tries

    def _tried(self, request: Request, call: Callable[[Request], Made]) -> Made:
        self._check_allowed()
        tried, mark = 0, _mark(request)
        if mark in self._refused:
            request = replace(request, schema=None)
        while True:
            try:
                return call(request)
            except ProviderError as error:
                if failure.schema_refused(error, request):
                    self._refused.add(mark)
                    request = replace(request, schema=None)
                    continue
                tried += 1
                wait = retry.wait(tried, error.retry_after) if retry.worthwhile(error) else None
                if wait is None:
                    raise
            self._sleep(wait)

    def _check_allowed(self) -> None:
        if is_loopback(urlsplit(self.base_url).hostname):
            return
        if config.offline():
            raise ProviderError("network", None, "not asked, ASSAY_OFFLINE is set",
                                advice="unset it, or choose a model on this machine")
        if not self._secret:
            raise ProviderError("auth", None, "no key", advice=self._missing)

    @contextmanager
    def _placing(self) -> Iterator[None]:
        """Name wire and host in an error, and take the key out of it."""
        try:
            yield
        except ProviderError as error:
            raise error.placed(self.wire.name, self.host, self._secret) from None

    # -- one call

    def _complete(self, request: Request) -> Reply:
        from assay.terminal.wire.transport import until

        deadline = time.monotonic() + self.timeout
        with closing(self._sent(request, False, deadline)) as response, until(deadline):
            document = _document(_whole(response))
        error = failure.of_document(document)
        if error is not None:
            raise error
        with _understood():
            return self.wire.reply(document)

    def _opened(self, request: Request) -> Generator[Piece, None, None]:
        """Return the stream once its first piece is there: until then everything may be tried again."""
        pieces = self._pieces(request)
        first = next(pieces)

        def all_of() -> Generator[Piece, None, None]:
            with closing(pieces):
                yield first
                yield from pieces

        return all_of()

    def _pieces(self, request: Request) -> Generator[Piece, None, None]:
        reader, done, event = self.wire.reader(), False, None
        with closing(self._events(request)) as events:
            for event in events:
                if event.data == "[DONE]":
                    done = True
                    break
                with _understood():
                    text = reader.take(_event(event.data))
                if text:
                    yield text, None
        if event is None:
            raise ProviderError("server", 200, "expected a stream of events, found none")
        if not done and not reader.done:
            raise ProviderError("network", None, "the answer broke off before its end")
        yield "", reader.reply()

    def _events(self, request: Request) -> Generator[Event, None, None]:
        from assay.terminal.wire.transport import until

        deadline, parser = time.monotonic() + self.timeout, Parser()
        with closing(self._sent(request, True, deadline)) as response:
            chunks = _limited(response)
            while True:
                with until(deadline):
                    chunk = next(chunks, None)
                if chunk is None:
                    return
                yield from parser.feed(chunk)

    def _sent(self, request: Request, stream: bool, deadline: float) -> httpx.Response:
        """Send the request; return the answer, its body still to be read, if its status is good."""
        from assay.terminal.wire.transport import until

        content = json.dumps(self.body(request, stream), ensure_ascii=False, separators=(",", ":"))
        with until(deadline):
            http = self._pool()
            question = http.build_request("POST", self.base_url + self.wire.path(request, stream),
                                          content=content.encode("utf-8", "replace"))
            response = http.send(question, stream=True)
            if response.is_success:
                return response
            with closing(response):
                raise failure.of_response(response.status_code, response.headers, _whole(response))

    def _pool(self) -> httpx.Client:
        with self._lock:
            self.calls += 1
            if self._http is None:
                self._http = self._opened_pool()
            return self._http

    def _opened_pool(self) -> httpx.Client:
        import httpx

        from assay.terminal.wire.transport import Transport

        if not (self._secret.isascii() and self._secret.isprintable()):
            raise ProviderError("auth", None, "the key holds characters that no key has", advice=self._missing)
        headers = {"content-type": "application/json", "user-agent": "assay", **self.wire.headers(self._secret)}
        return httpx.Client(transport=Transport(self.base_url), timeout=None, follow_redirects=False, trust_env=False,
                            headers=headers)


def _mark(request: Request) -> str:
    return json.dumps([request.model, request.schema], sort_keys=True) if request.schema is not None else ""


def _limited(response: httpx.Response) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > MOST:
            raise ProviderError("server", None, f"an answer of more than {MOST >> 20} MiB")
        yield chunk


def _whole(response: httpx.Response) -> bytes:
    return b"".join(_limited(response))


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ProviderError("server", 200, f"expected a JSON object, found {data[:80].decode('utf-8', 'replace')!r}")
    return document


@contextmanager
def _understood() -> Iterator[None]:
    """Tell a document of an unknown shape as the provider's fault, which it is."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ProviderError("server", 200, f"an answer of an unknown shape: {error}") from None


def _event(data: str) -> dict[str, Any]:
    """Return the document of an event of a stream; raises what it carries if that is an error."""
    document = _document(data.encode())
    error = failure.of_document(document)
    if error is not None:
        raise error
    return document
