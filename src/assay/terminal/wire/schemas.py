"""JSON schemas as providers take them: closed, or without the words that some do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_strict(schema: Any) -> bool:
    """Whether every object requires all its properties and allows no others, as strict modes want it.

    >>> is_strict({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
    ...            "additionalProperties": False})
    True
    """
    if isinstance(schema, list | tuple):
        return all(is_strict(item) for item in schema)
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        names = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(names):
            return False
        return all(is_strict(item) for item in names.values())
    return all(is_strict(value) for name, value in schema.items() if name not in ("enum", "const", "default"))


def without(schema: Any, *words: str) -> Any:
    """Return the schema without some of its keywords, at any depth; a property of such a name stays."""
    if isinstance(schema, list | tuple):
        return [without(item, *words) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {name: {key: without(item, *words) for key, item in value.items()}
            if name == "properties" and isinstance(value, Mapping) else without(value, *words)
            for name, value in schema.items() if name not in words}
