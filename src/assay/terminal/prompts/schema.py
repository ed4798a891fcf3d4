"""The JSON schemas of the answers, as strict as providers ask: every property required, none besides.

A schema cannot name the keys of ``arg_explanations``, so there they are pairs; the parser reads both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT = {"type": "string"}
ERROR = {"type": "integer", "enum": [0, 1]}


def _strict(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


SCHEMAS: dict[str, dict[str, Any]] = {
    "regular": _strict(input=TEXT, error=ERROR, reason=TEXT, commands=_list(_strict(
        seq={"type": "integer"}, cmd_to_execute=TEXT, cmd_explanations=_list(TEXT),
        arg_explanations=_list(_strict(argument=TEXT, explanation=TEXT))))),
    "fast": _strict(error=ERROR, commands=_list(TEXT)),
}
