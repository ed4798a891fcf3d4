"""When a call is worth another try, and how long to wait before it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from typing import Any

from assay.terminal.wire.errors import Kind, ProviderError

TRIES = 4
FIRST = 0.5  # s; doubled at every further try
JITTER = 0.25  # share of the wait
LONGEST = 60.0  # s; whoever asks for more is not waited for


def worthwhile(error: ProviderError) -> bool:
    """Whether the same request may be answered a little later; a call that timed out may not be made again."""
    return error.kind == "network" or (error.status is not None and (
        error.status in (408, 429) or error.status >= 500))


def wait(tried: int, retry_after: float | None) -> float | None:
    """Return the seconds before the next try, None if there is none.

    Parameters
    ----------
    tried : int
        Tries so far.
    retry_after : float, optional
        What the provider asks for, s.
    """
    if tried >= TRIES or (retry_after is not None and retry_after > LONGEST):
        return None
    if retry_after is not None:
        return retry_after
    seconds = FIRST * 2.0 ** (tried - 1)
    return seconds * (1.0 + JITTER * random.random())


def asked(headers: Mapping[str, str], document: Any = None) -> float | None:
    """Return the wait that an answer asks for: ``retry-after-ms``, ``Retry-After`` or Google's RetryInfo; s.

    >>> asked({"retry-after": "2"})
    2.0
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds / scale
    moment = _moment(headers.get("retry-after", ""))
    return _retry_info(document) if moment is None else max(0.0, moment - time.time())


def kind_of(status: int) -> Kind:
    """Return the kind of error that an HTTP status is."""
    if status in (401, 402, 403):
        return "auth"
    if status == 429:
        return "rate"
    return "server" if status == 408 or status >= 500 else "bad_request"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _moment(text: str) -> float | None:
    """Return the moment that an HTTP date tells, s since 1970."""
    import email.utils

    try:
        return email.utils.parsedate_to_datetime(text).timestamp() if text else None
    except (TypeError, ValueError, OverflowError):
        return None


def _retry_info(document: Any) -> float | None:
    """Return the delay of a ``google.rpc.RetryInfo``, as ``"7.5s"`` among the error's details."""
    error = document.get("error") if isinstance(document, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    for item in details if isinstance(details, list) else ():
        delay = item.get("retryDelay") if isinstance(item, dict) else None
        if isinstance(delay, str) and delay.endswith("s"):
            return _number(delay[:-1])
    return None
