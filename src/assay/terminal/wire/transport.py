"""HTTP below the wires: httpx over a pool whose every read, write and connect ends at the deadline of the call.

httpx bounds each single read; a server that sends a byte now and then would hold a call for ever. Here one moment is
set per call and thread, and whatever waits on the network waits no longer than that.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from assay.terminal.wire.addresses import is_loopback
from assay.terminal.wire.apart import Apart
from assay.terminal.wire.errors import ProviderError

IDLE = 30.0  # s that an unused connection is kept
LOOKUP = 30.0  # s for a name, where no deadline is set
_now = threading.local()


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Bound all network waits of this thread by a moment of ``time.monotonic()``; tell failures as ProviderError."""
    before = getattr(_now, "deadline", None)
    _now.deadline = deadline
    try:
        yield
    except (httpcore.TimeoutException, httpx.TimeoutException):
        raise ProviderError("timeout", None, "no answer in time") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, httpx.TransportError, OSError) as error:
        # Without a cause: a request that hangs on it carries the key.
        raise ProviderError("network", None, _words(error)) from None
    finally:
        _now.deadline = before


def _left() -> float | None:
    deadline = getattr(_now, "deadline", None)
    if deadline is None:
        return None
    left: float = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("deadline")
    return left


def _words(error: Exception) -> str:
    cause = error.__cause__ or error.__context__
    return str(error) or str(cause or "") or type(error).__name__


class _Stream(httpcore.NetworkStream):
    """A connection whose waits end at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
                  timeout: float | None = None) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left()))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens such connections."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                    socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:
        addresses = _addresses(host, port)
        while True:
            address, left = addresses.pop(0), _left()
            try:
                # An address that does not answer leaves time for the others.
                share = left and left / (len(addresses) + 1)
                return _Stream(self._inner.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not addresses:
                    raise


def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host; looking them up ends at the deadline too, which the system's call does not."""
    found: list[Any] = []
    deadline = getattr(_now, "deadline", None)
    lookup = Apart(lambda take: take(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    try:
        for answer in lookup.items(deadline or time.monotonic() + LOOKUP):
            found = answer
    except OSError as error:
        raise httpcore.ConnectError(f"{host}: {error.strerror or error}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


class Transport(httpx.BaseTransport):
    """A pool of connections, through the proxy of the environment if there is one for `url`."""

    def __init__(self, url: str) -> None:
        options: dict[str, Any] = {"ssl_context": httpx.create_ssl_context() if url.startswith("https:") else None,
                                   "max_connections": None, "max_keepalive_connections": None,
                                   "keepalive_expiry": IDLE, "network_backend": _Backend()}
        proxy = proxy_of(url)
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**options)
        else:
            self._pool = httpcore.HTTPProxy(str(proxy.url), proxy_auth=proxy.raw_auth, **options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and return the response, its body still to be read."""
        url = request.url
        answer = self._pool.handle_request(httpcore.Request(
            request.method, httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw, content=request.stream, extensions=request.extensions))
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream),
                              extensions=answer.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def proxy_of(url: str) -> httpx.Proxy | None:
    """Return the proxy that the environment's variables (HTTPS_PROXY, NO_PROXY, ...) name for a URL."""
    parts, named = httpx.URL(url), urllib.request.getproxies()
    address = named.get(parts.scheme) or named.get("all")
    if not address or is_loopback(parts.host) or urllib.request.proxy_bypass(parts.host):
        return None
    if address.startswith("socks"):
        raise ProviderError("network", None, f"the proxy {address.partition('://')[0]} is of a kind that is not "
                            "understood", advice="name an http proxy in HTTPS_PROXY, or none")
    return httpx.Proxy(address if "://" in address else f"http://{address}")
