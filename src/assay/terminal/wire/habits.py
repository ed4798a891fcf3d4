"""What one model wants otherwise than its wire's usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Habits:
    """Data of a registry entry, applied to the request's JSON as the last thing.

    Parameters
    ----------
    json : str
        How the shape of an answer is asked for: ``schema``, ``object`` (any JSON object) or ``none``.
    room : int
        Tokens that the model thinks with before it answers, on top of those allowed for the answer.
    drop : sequence of str
        Fields that the model refuses, as ``temperature``; ``a.b`` is a field within a field.
    rename : mapping of str to str
        Fields that have another name, as ``max_tokens`` -> ``max_completion_tokens``.
    extra : mapping
        Fields sent besides, as ``reasoning_effort``; tables are merged.
    """

    json: str = "schema"
    room: int = 0
    drop: Sequence[str] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def applied(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the request's fields as the model wants them.

        >>> Habits(drop=["a"], rename={"b": "c"}, extra={"d": {"f": 1}}).applied({"a": 1, "b": 2, "d": {"e": 3}})
        {'c': 2, 'd': {'e': 3, 'f': 1}}
        """
        for name in self.drop:
            body = _without(body, name.split("."))
        return _both({self.rename.get(name, name): value for name, value in body.items()}, self.extra)


def _without(body: dict[str, Any], path: list[str]) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        return {name: value for name, value in body.items() if name != first}
    inner = body.get(first)
    return {**body, first: _without(inner, rest)} if isinstance(inner, dict) else body


def _both(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(body)
    for name, value in extra.items():
        inner = merged.get(name)
        merged[name] = _both(inner, value) if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return merged
