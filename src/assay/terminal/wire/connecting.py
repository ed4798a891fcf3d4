"""Which wires there are, and the client of one; a wire's module is imported when it is used."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from assay.core.errors import AssayError, did_you_mean
from assay.core.model import resolve
from assay.terminal import keys
from assay.terminal.wire.addresses import base_of
from assay.terminal.wire.habits import Habits
from assay.terminal.wire.types import Client

# Wire -> what makes its client; the first four speak HTTP, and what differs between them is a class of data and shapes.
WIRES: Mapping[str, str] = {
    "openai": "assay.terminal.wire.openai:OpenAI",
    "completions": "assay.terminal.wire.completions:Completions",
    "anthropic": "assay.terminal.wire.anthropic:Anthropic",
    "gemini": "assay.terminal.wire.gemini:Gemini",
    "gguf": "assay.terminal.wire.gguf:Gguf",
    "llm": "assay.terminal.wire.llm:Llm",
    "recipes": "assay.terminal.wire.recipes:Recipes",
}
HTTP = ("openai", "completions", "anthropic", "gemini")


def connect(wire: str, base_url: str | None = None, key: str | None = None, timeout: float = 60.0,
            key_env: Sequence[str] | None = None, habits: Habits | None = None, kind: str = "instruct",
            context: int = 8192, sleep: Callable[[float], object] = time.sleep) -> Client:
    """Return a client; no socket is opened before the first call.

    Parameters
    ----------
    wire : str
        One of `WIRES`.
    base_url : str, optional
        Of the provider; default: the wire's own, or the variable that stands in for it.
    key : str, optional
        Default: looked for under the names in `key_env` (`assay.terminal.keys.find`).
    timeout : float
        Seconds for a call.
    key_env : sequence of str, optional
        Default: the wire's own names.
    habits : Habits, optional
        What the model wants otherwise than usual.
    kind, context
        Of the model, where it is loaded here (``gguf``): ``instruct`` or ``base``; tokens.
    sleep : callable
        Waits between tries, s.

    Raises
    ------
    AssayError
        If there is no such wire, or the address is none.
    """
    if wire not in WIRES:
        raise AssayError(f"no wire named {wire!r}: expected one of {', '.join(WIRES)}", did_you_mean(wire, WIRES))
    made: Any = resolve(WIRES[wire])
    if wire not in HTTP:
        client: Client = made(timeout=timeout, habits=habits, kind=kind, context=context)
        return client
    from assay.terminal.wire.http import HttpClient

    _, names = place(wire, base_url, key_env)
    found = None if key is not None else keys.find(names)
    return HttpClient(made(), base_url, found.value if found else key, timeout, habits, keys.advice(names), sleep)


def place(wire: str, base_url: str | None = None, key_env: Sequence[str] | None = None) -> tuple[str, Sequence[str]]:
    """Return the host that a wire's provider is at, and the names that its key may have; empty for wires without.

    Raises
    ------
    AssayError
        If the address is none.
    """
    if wire not in HTTP:
        return "", ()
    made: Any = resolve(WIRES[wire])
    address = base_of(made.default, made.variables, base_url)
    return urlsplit(address).hostname or "", made.keys if key_env is None else tuple(key_env)
