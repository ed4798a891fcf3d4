"""A model's card: what is known of it, where it stands, and its results benchmark by benchmark."""

from __future__ import annotations

from typing import Any

from dash import html

from assay.app import text
from assay.app.grid import about
from assay.app.layout import close, link
from assay.app.site import Request
from assay.results.score import Cell

Component = Any
HEADS = ("Benchmark", "Score", "Cases", "Note")


def card(request: Request) -> list[Component]:
    """Return the card of the open model."""
    name, board = request.state.m, request.board
    model = request.site.registry.models.get(name)
    row = next((row for row in board.rows.get(None, []) if row.model == name), None)
    place = "no results" if row is None else (
        f"rank {row.rank} of {sum(r.rank is not None for r in board.rows[None])}" if row.rank else "not ranked")
    score = f", score {text.score(row.score)} {text.interval(row.low, row.high)}" if row else ""
    known = about(model) if model else [("registered", "no: its records come from elsewhere")]
    cells = [(item, board.cells[item.name, name]) for item in board.benchmarks if (item.name, name) in board.cells]
    return [
        html.Header([html.Div([html.H2(name), html.P(place + score, className="summary")], className="about"),
                     close(request.state)], className="head"),
        html.Dl([part for key, value in known for part in (html.Dt(key), html.Dd(value))], className="facts"),
        html.Table([html.Thead(html.Tr([html.Th(word, scope="col") for word in HEADS])),
                    html.Tbody([_line(request, item.title, item.category, cell) for item, cell in cells])],
                   className="results"),
    ]


def _line(request: Request, title: str, category: str, cell: Cell) -> Component:
    state = request.state.but(b=cell.benchmark, category=category)
    return html.Tr([
        html.Th(link(title, state), scope="row"), html.Td(text.score(cell.score)),
        html.Td(f"{cell.ok}/{cell.total}"),
        html.Td([html.Span("⚠ ", className="bad") if cell.failed or cell.state == "error" else "", cell.reason])])
