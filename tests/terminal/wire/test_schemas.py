"""Closed schemas, and schemas without the words that a provider does not know."""

from __future__ import annotations

from typing import Any

import pytest

from assay.terminal.wire.schemas import is_strict, without
from wire_fixtures import SCHEMA

LOOSE: list[Any] = [
    {"type": "object", "properties": {"a": {}}, "required": [], "additionalProperties": False},
    {"type": "object", "properties": {"a": {}}, "required": ["a"]},
    {"type": "object", "additionalProperties": {"type": "string"}},
    {"properties": {"a": {}}},
    {"type": "array", "items": {"type": "object"}},
    {"anyOf": [{"type": "string"}, {"type": "object", "properties": {}}]},
    {**SCHEMA, "properties": {"commands": {"type": "object", "properties": {}}}}]


@pytest.mark.parametrize("schema", LOOSE)
def test_loose_schemas(schema: Any) -> None:
    assert not is_strict(schema)


@pytest.mark.parametrize("schema", [SCHEMA, {"type": "array", "items": SCHEMA}, {"type": "string"},
                                    {"type": "string", "enum": [{"type": "object"}]}, True, {}])
def test_closed_schemas(schema: Any) -> None:
    assert is_strict(schema)


def test_keywords_are_left_out_at_any_depth_and_properties_of_that_name_stay() -> None:
    schema = {"$schema": "x", "type": "object", "additionalProperties": False, "properties": {
        "additionalProperties": {"type": "array", "items": {"type": "object", "additionalProperties": False}}}}
    assert without(schema, "additionalProperties", "$schema") == {
        "type": "object", "properties": {"additionalProperties": {"type": "array", "items": {"type": "object"}}}}
