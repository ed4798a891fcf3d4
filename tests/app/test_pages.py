"""Pages that families bring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.app.server import create_app


@pytest.fixture(scope="module")
def client(filled: Path) -> Any:
    return create_app(filled, readonly=True).server.test_client()


def layout(client: Any, path: str) -> str:
    return json.dumps(client.get("/_dash-layout", headers={"Referer": f"http://127.0.0.1:1{path}"}).json)


def test_a_layout_is_shown_inside_the_site(client: Any) -> None:
    assert "react-entry-point" in client.get("/odd").text
    assert "About odd things" in layout(client, "/odd")


def test_a_blueprint_answers_by_itself(client: Any) -> None:
    assert client.get("/desk").text == "the desk"
    assert client.post("/desk/echo", json={"a": 1}).json == {"a": 1}
    assert client.get("/desk/nothing").status_code == 404


def test_a_page_that_cannot_be_made_says_why(client: Any) -> None:
    assert "Gone cannot be shown: ModuleNotFoundError" in layout(client, "/gone")
    assert client.get("/gone").status_code == 200


def test_an_address_that_there_is_not(client: Any) -> None:
    assert "No such page" in layout(client, "/nowhere")
