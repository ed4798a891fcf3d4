"""The words of ``words.toml``, read once."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("words.toml")


@functools.cache
def _file() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


@functools.cache
def these(name: str) -> frozenset[str]:
    """Return a list of words."""
    return frozenset(_file()[name])


@functools.cache
def named(name: str) -> dict[str, str]:
    """Return a table: word -> word."""
    return dict(_file()[name])


@functools.cache
def turned(name: str) -> dict[str, str]:
    """Return a table of lists the other way round: each word of a list -> the name of the list."""
    return {word: main for main, words in _file()[name].items() for word in words}
