"""What the app answers beside its page: health, the leaderboard, plots and artefacts."""

from __future__ import annotations

import csv
import io
import json
import mimetypes
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import flask

from assay.app import grid
from assay.app.figures import figure
from assay.app.site import Request, Site
from assay.core.errors import DATA, AssayError
from assay.core.model import resolve
from assay.core.registry import matching
from assay.results.score import Intervals, judge, leaderboard

SHA256 = re.compile(r"[0-9a-f]{64}")
SCHEMA = 1
TEXTS = {".extxyz", ".xyz", ".cif", ".jsonl", ".log", ".md", ".toml"}  # types that browsers know only to save


def register(server: flask.Flask, site: Site) -> None:
    """Add the routes to a Flask server."""
    def health() -> Any:
        return flask.jsonify(ok=True)

    def board() -> Any:
        query, intervals = _split(flask.request.query_string.decode("utf-8", "replace"))
        return _json(document(site, query, intervals))

    def table() -> Any:
        request = site.request(_split(flask.request.query_string.decode("utf-8", "replace"))[0])
        return flask.Response(table_csv(request), mimetype="text/csv")

    def plot() -> Any:
        return _json(*plot_document(site.request(flask.request.query_string.decode("utf-8", "replace"))))

    def artefact(sha256: str) -> Any:
        return _artefact(site, sha256)

    def image(sha256: str) -> Any:
        return _image(site, sha256)

    server.register_error_handler(AssayError, lambda error: _json({"error": error.message, "hint": error.hint}, 503))
    server.add_url_rule("/health", "health", health)
    server.add_url_rule("/api/leaderboard", "leaderboard", board)
    server.add_url_rule("/api/leaderboard.csv", "table", table)
    server.add_url_rule("/api/plot", "plot", plot)
    server.add_url_rule("/artefact/<path:sha256>", "artefact", artefact)
    server.add_url_rule("/artefact/<sha256>/image.png", "image", image)
    server.add_url_rule("/api/<path:anything>", "unknown", lambda anything: _json({"error": "no such address"}, 404))


def document(site: Site, query: str, intervals: Intervals = "compute") -> dict[str, Any]:
    """Return what ``assay analyse --json`` prints, under the state of a query string."""
    request = site.request(query)
    state, store = request.state, site.snapshot.store()
    if store is None:
        return {"schema": SCHEMA, "cells": [], "leaderboard": []}
    names = [name for name in site.snapshot.filled()
             if name.startswith(f"{state.family}/" if state.family else "")
             and state.category in ("", site.registry.benchmarks[name].category)]
    presets = {key: value for family in site.catalogue().presets.values()
               for key, value in family.get(state.preset, {}).items()}
    chosen = {model for _, model in store.pairs()}
    shown = set(matching(sorted(chosen), state.models)) if state.models else chosen
    scheme = state.scheme({state.preset: presets})
    benchmarks = [site.snapshot.benchmark(name) for name in names]
    cells = [judge(sample, scheme, intervals, site.snapshot.intervals) for name in names
             for sample in site.snapshot.samples(name, state.without) if sample.model in shown]
    rows = leaderboard(cells, benchmarks, scheme)
    return {"schema": SCHEMA, "cells": [cell.to_json() for cell in cells], "leaderboard": [r.to_json() for r in rows]}


def table_csv(request: Request) -> str:
    """Return the leaderboard as the page shows it: a row a model, plain numbers."""
    state, board = request.state, request.board
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    leaves = [leaf for column in grid.columns(board, state)[3:] for leaf in column.get("children", [column])]
    writer.writerow(["rank", "model", "score", "low", "high", "coverage", *(leaf["colId"] for leaf in leaves)])
    shown = {row["id"]: row for row in grid.rows(board, state, request.site.registry.models)}
    for row in board.rows.get(state.category or None, []):
        cells = [shown[row.model].get(leaf["colId"]) or {} for leaf in leaves]
        writer.writerow([row.rank, row.model, row.score, row.low, row.high, row.coverage,
                         *(cell.get("v") for cell in cells)])
    return text.getvalue()


def plot_document(request: Request) -> tuple[dict[str, Any], int]:
    """Return the figure of ``b``, ``m`` and ``metric``, or what is missing, with the status of the answer."""
    if request.benchmark is None or not request.state.m:
        return {"error": "expected b=BENCHMARK and m=MODEL", "notices": request.notices}, 404
    if request.view is None:
        return {"error": f"{request.state.b} declares no plot", "notices": request.notices}, 404
    made = figure(request.benchmark, request.view, request.drawn(), selected=request.state.case or None)
    return made.to_plotly_json() | {"notices": request.notices}, 200


def _split(query: str) -> tuple[str, Intervals]:
    """Take ``intervals=compute|cached|none`` out of a query string."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    wanted = dict(pairs).get("intervals", "compute")
    rest = urlencode([(key, value) for key, value in pairs if key != "intervals"])
    return rest, wanted if wanted in ("cached", "none") else "compute"  # type: ignore[return-value]


def _json(value: Any, status: int = 200) -> flask.Response:
    from plotly.utils import PlotlyJSONEncoder

    return flask.Response(json.dumps(value, cls=PlotlyJSONEncoder), status, mimetype="application/json")


def _image(site: Site, sha256: str) -> flask.Response:
    """Answer with a picture of an artefact, for kinds whose family draws some."""
    ref = site.snapshot.artefact(sha256) if SHA256.fullmatch(sha256) else None
    draw = site.registry.images.get(ref.kind) if ref is not None else None
    if ref is None or draw is None:
        return flask.Response("no such picture\n", 404, mimetype="text/plain")
    try:
        data, kind = resolve(draw)(site.snapshot.read(ref), flask.request.args)
    except AssayError as error:
        return flask.Response(f"{error}\n", 404 if error.code == DATA else 400, mimetype="text/plain")
    answer = flask.Response(data, mimetype=kind)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def _artefact(site: Site, sha256: str) -> flask.Response:
    ref = site.snapshot.artefact(sha256) if SHA256.fullmatch(sha256) else None
    if ref is None:
        return flask.Response("no such artefact\n", 404, mimetype="text/plain")
    try:
        data = site.snapshot.read(ref)
    except AssayError as error:
        return flask.Response(f"{error}\n", 404, mimetype="text/plain")
    kind = "text/plain" if ref.suffix in TEXTS else mimetypes.guess_type(f"x{ref.suffix}")[0]
    answer = flask.Response(data, mimetype=kind or "application/octet-stream")
    # An artefact is somebody's file, not a part of this site: no script of it may run here.
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer
