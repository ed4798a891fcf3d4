"""The addresses beside the page: health, leaderboard, plots, artefacts."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from assay import Store
from assay.app.server import create_app

BIG = Path(__file__).parents[1] / "browser" / "big"


@pytest.fixture(scope="module")
def client(filled: Path) -> Any:
    return create_app(filled, readonly=True).server.test_client()


def test_health(client: Any) -> None:
    assert client.get("/health").json == {"ok": True}


@pytest.mark.parametrize(("query", "options"), [
    ("", []), ("family=odd", ["-b", "odd/*"]), ("category=Lattices", ["--category", "Lattices"]),
    ("models=potential-0[12]", ["-m", "potential-0[12]"])])
def test_the_leaderboard_is_what_analyse_prints(client: Any, filled: Path, assay: Any, query: str,
                                               options: list[str]) -> None:
    environment = {"ASSAY_HOME": str(filled), "PYTHONPATH": str(BIG)}
    printed = assay("analyse", "--json", "--no-intervals", *options, env=environment).json
    assert client.get(f"/api/leaderboard?intervals=none&{query}").json == printed


def test_intervals_are_computed_for_the_leaderboard(client: Any, filled: Path, assay: Any) -> None:
    printed = assay("analyse", "--json", "-b", "odd/curves",
                    env={"ASSAY_HOME": str(filled), "PYTHONPATH": str(BIG)}).json
    answer = client.get("/api/leaderboard?family=odd&category=Curves").json
    assert [cell for cell in answer["cells"] if cell["benchmark"] == "odd/curves"] == printed["cells"]
    assert printed["cells"][0]["metrics"]["depth"]["low"] is not None


def test_thresholds_and_weights_of_the_link_are_used(client: Any) -> None:
    def score(query: str) -> float:
        cells = client.get(f"/api/leaderboard?intervals=none&{query}").json["cells"]
        return next(c["score"] for c in cells if (c["benchmark"], c["model"]) == ("big/test-00", "potential-05"))

    assert score("t.big/test-00.mae=0,0.1") < score("") < score("t.big/test-00.mae=0,100")
    assert score("w.big/test-00.me=1") != score("")


def test_a_bad_link_is_no_error(client: Any) -> None:
    assert client.get("/api/leaderboard?intervals=none&b=%00&t.x=1&w.y=&view=a&category=%F0%9F").status_code == 200


def test_the_table_as_csv(client: Any) -> None:
    answer = client.get("/api/leaderboard.csv?family=big&category=Lattices")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["model"] for row in rows][:2] == ["potential-01", "potential-02"]
    assert 0.9 < float(rows[0]["big/test-00"]) < 1
    metric = list(csv.DictReader(io.StringIO(client.get("/api/leaderboard.csv?category=Lattices&show=metric").text)))
    assert {"big/test-00", "big/test-00.me"} <= set(metric[0])


def test_a_plot_knows_its_cases(client: Any, filled: Path) -> None:
    figure = client.get("/api/plot?b=big/test-00&m=potential-02&metric=mae").json
    points = [trace["customdata"] for trace in figure["data"] if "customdata" in trace]
    assert [point[0] for point in points[0]] == [f"case-{n:02d}" for n in range(10)]
    assert client.get("/api/plot?b=big/test-00").status_code == 404
    assert client.get("/api/plot?b=odd/unshown&m=odd-good").json["error"] == "odd/unshown declares no plot"


def test_artefacts_by_their_sha_alone(client: Any, filled: Path) -> None:
    with Store(filled, readonly=True) as store:
        record = store.records("big/test-00", "potential-01")[0]
        note = store.records("odd/unshown", "odd-good")[0].artefacts["note"]
    answer = client.get(f"/artefact/{record.artefacts['molecule'].sha256}")
    assert hashlib.sha256(answer.data).hexdigest() == record.artefacts["molecule"].sha256
    assert answer.mimetype == "text/plain"
    html = client.get(f"/artefact/{note.sha256}")
    assert "sandbox" in html.headers["Content-Security-Policy"]
    assert html.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["0" * 64, "..%2Fassay.db", "../assay.db", "x", "A" * 64, "0" * 64 + "%0a"])
def test_nothing_else_is_an_artefact(client: Any, name: str) -> None:
    assert client.get(f"/artefact/{name}").status_code == 404


def test_a_damaged_artefact_is_not_handed_out(big: Any, tmp_path: Path) -> None:
    big.fill(tmp_path, models=1, benchmarks=1)
    file = next(path for path in (tmp_path / "artefacts").rglob("*.extxyz"))
    file.write_bytes(b"something else")
    answer = create_app(tmp_path).server.test_client().get(f"/artefact/{file.stem}")
    assert answer.status_code == 404
    assert "damaged" in answer.text


def test_an_empty_store_answers(tmp_path: Path) -> None:
    client = create_app(tmp_path / "nothing").server.test_client()
    assert client.get("/api/leaderboard").json == {"schema": 1, "cells": [], "leaderboard": []}
    assert client.get("/api/leaderboard.csv").status_code == 200
    assert "assay demo" in json.dumps(client.get("/_dash-layout").json)
    assert not (tmp_path / "nothing").exists()


def test_a_store_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "assay.db").write_text("this is no database, whatever its name says")
    client = create_app(tmp_path).server.test_client()
    answer = client.get("/api/leaderboard")
    assert answer.status_code == 503
    assert "not a database" in answer.json["error"]
    assert "The store cannot be read" in json.dumps(client.get("/_dash-layout").json)


def test_unknown_addresses_are_404(client: Any) -> None:
    assert client.get("/api/nothing").status_code == 404


def test_text_is_compressed_and_no_other_host_is_allowed(client: Any) -> None:
    answer = client.get("/assets/style.css", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert "http" not in client.get("/").text.replace("http-equiv", "").replace("www.w3.org", "").split("<body>")[0]
