"""What providers say when they do not answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.terminal.wire import Request
from assay.terminal.wire.failure import message_of, of_document, of_response, schema_refused
from wire_fixtures import SCHEMA


@pytest.mark.parametrize(("document", "words"), [
    ({"error": {"message": "m", "code": 1}}, "m"), ({"error": "m"}, "m"), ({"message": "m"}, "m"),
    ({"detail": "m"}, "m"), ({"detail": [{"msg": "m"}]}, '[{"msg": "m"}]'), ([{"error": {"message": "m"}}], "m"),
    ("m", "m"), ([], ""), (None, ""), (7, ""), ({"error": {"status": "BAD"}}, '{"status": "BAD"}')])
def test_words_of_errors_in_all_their_shapes(document: Any, words: str) -> None:
    assert message_of(document) == words


@pytest.mark.parametrize(("error", "status"), [
    ({"type": "overloaded_error"}, 529), ({"code": 503, "status": "UNAVAILABLE"}, 503), ({"code": "429"}, 429),
    ({"type": "invalid_request_error"}, 400), ({"message": "odd"}, 500), ({"code": 7}, 500), ("words", 500)])
def test_errors_without_a_status_of_http(error: Any, status: int) -> None:
    found = of_document({"error": error})
    assert found is not None
    assert found.status == status


@pytest.mark.parametrize("document", [{}, {"error": None}, {"error": {}}, [], "x", {"choices": []}])
def test_documents_that_are_no_errors(document: Any) -> None:
    assert of_document(document) is None


def test_a_page_instead_of_a_document_is_quoted_in_short() -> None:
    error = of_response(502, {}, b"<html>" + b"x" * 10_000)
    assert error.message.startswith("<html>")
    assert len(error.message) <= 400


def test_only_a_400_about_the_shape_means_the_schema() -> None:
    asked = Request("m", [], schema=SCHEMA)
    words = {"error": {"message": "Invalid parameter: 'response_format' of type 'json_schema' is not supported"}}
    error = of_response(400, {}, json.dumps(words).encode())
    assert schema_refused(error, asked)
    assert not schema_refused(error, Request("m", []))
    assert not schema_refused(of_response(422, {}, json.dumps(words).encode()), asked)
    assert not schema_refused(of_response(400, {}, b'{"error": "max_tokens"}'), asked)
