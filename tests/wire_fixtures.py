"""A provider on loopback, clients of it, and none of the developer's own keys and proxies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from assay.terminal.keys import KNOWN
from assay.terminal.wire import Client, Request, connect
from fake_provider import FakeProvider

HTTP = ("openai", "completions", "anthropic", "gemini")
KEY = "sk-a-key-that-nobody-may-see"
SCHEMA = {"type": "object", "properties": {"commands": {"type": "array", "items": {"type": "string"}}},
          "required": ["commands"], "additionalProperties": False}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name in KNOWN or name.endswith("_BASE_URL") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("ASSAY_KEYS", raising=False)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider(key=KEY) as running:
        yield running


def at(provider: FakeProvider, wire: str) -> str:
    return provider.openai if wire in ("openai", "completions") else provider.url


@pytest.fixture
def client(provider: FakeProvider) -> Iterator[Callable[..., Client]]:
    """Makes clients of the provider; waits between tries are noted in `waits` and not made."""
    made: list[Client] = []

    def make(wire: str, **options: Any) -> Client:
        fields = {"base_url": at(provider, wire), "key": KEY, "timeout": 20.0, "sleep": make.waits.append, **options}
        made.append(connect(wire, **fields))
        return made[-1]

    make.waits = []
    yield make
    for one in made:
        one.close()


def ask(script: str, text: str = "list files", **fields: Any) -> Request:
    """A request that the provider answers by a script."""
    return Request(model=f"fake-{script}", messages=[{"role": "user", "content": text}], **fields)


def both(client: Client, request: Request) -> list[Any]:
    """Ask whole and streamed: the texts, or the errors."""
    results: list[Any] = []
    for call in (lambda: client.complete(request).text, lambda: "".join(d.text for d in client.stream(request))):
        try:
            results.append(call())
        except Exception as error:
            results.append(error)
    return results
