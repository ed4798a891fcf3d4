"""Where a wire's provider is: the base URL that counts, and whether it is this machine."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from assay.core.errors import AssayError


def base_of(default: str, variables: Sequence[str], given: str | None = None) -> str:
    """Return the base URL without a slash at its end.

    Parameters
    ----------
    default : str
        The wire's own.
    variables : sequence of str
        Environment variables that stand in for the default, first one first.
    given : str, optional
        A model's own; it is kept, unless it is the default.

    Raises
    ------
    AssayError
        If it is no http or https address.
    """
    address = (given or default).rstrip("/")
    where = ""
    if address == default:
        where = next((name for name in variables if os.environ.get(name)), "")
        address = os.environ.get(where, address).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AssayError(f"{where or 'base URL'}: expected http://HOST or https://HOST, found {address!r}")
    return address


def host_of(address: str) -> str:
    """Return host and port of a URL, without a user or a password."""
    return urlsplit(address).netloc.rpartition("@")[2]


def is_loopback(host: str | None) -> bool:
    """Whether a host name is this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("127.0.0.1.example.com")
    (True, True, False)
    """
    name = (host or "").strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
