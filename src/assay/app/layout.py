"""The page around the leaderboard: header, tabs, controls, notices, legend, and the page of an empty store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from assay.app import levels
from assay.app.elements import present_elements
from assay.app.site import Request
from assay.app.state import DEFAULT, State
from assay.app.text import count
from assay.core.errors import AssayError

Component = Any
CLOSED: dict[str, Any] = {"b": "", "m": "", "compare": "", "metric": "", "view": 0, "case": "", "artefact": "",
                          "frame": 0}


def link(words: Any, state: State, current: bool = False, /, **more: Any) -> Component:
    """Return a link to a state of the page: it works by click, in a new tab, and copied."""
    return html.A(words, href=state.query, **{"data-go": "1", "aria-current": "page" if current else "false", **more})


def select(name: str, value: str, options: Sequence[tuple[str, str]], label: str) -> Component:
    """Return a drop-down that sets an entry of the query string; options are (value, text)."""
    return html.Label([html.Span(label, className="label"), html.Select(
        [html.Option(text, value=item) for item, text in options],
        **{"data-set": name, "data-value": value, "aria-label": label})], className="field")


def close(state: State) -> Component:
    """Return the link that closes what is drilled into."""
    return link("×", state.but(**CLOSED), className="close", title="close (Esc)", **{"aria-label": "close"})


def families(request: Request) -> list[Component]:
    """Return the links to the families with results and to pages of their own."""
    site, here = request.site, request.family
    names = site.snapshot.families()
    pages = list(site.registry.pages.values())
    tabs = [link(name, State(family=name), name == here) for name in names] if len(names) > 1 or pages else []
    pages = [html.A(page.title, href=page.path) for page in pages]
    return tabs + pages


def categories(request: Request) -> list[Component]:
    """Return the tabs of the open family: the summary, then its categories."""
    state = request.state.but(**CLOSED, family=request.family)
    board = request.board
    tabs = [("", "Summary", ""), *((name, name, str(len(board.inside(name)))) for name in board.categories)]
    return [link([words, html.Span(inside, className="count") if inside else None], state.but(category=name),
                 name == state.category) for name, words, inside in tabs]


def controls(request: Request) -> list[Component]:
    """Return the controls above the leaderboard."""
    state = request.state
    presets = request.site.catalogue().presets.get(request.family, {})
    edited, query = len(state.weights) + len(state.thresholds), state.but(family=request.family).query
    items = []
    if state.category:
        items.append(html.Div([link(text, state.but(show=show), state.show == show) for show, text in
                               (("score", "Scores"), ("metric", "Metrics"))],
                              className="segments", role="group", **{"aria-label": "what cells show"}))
    items += [
        html.Label([html.Span("Models", className="label"), dcc.Input(
            name="models", value=",".join(state.models), type="text", debounce=True, className="input wide",
            placeholder="all; or chgnet*, *+d3", autoComplete="off")], className="field"),
        select("preset", state.preset, [(name, name) for name in (DEFAULT, *presets)], "Weights") if presets else None,
        _toggle(state, "elements", "Elements", len(state.without)) if present_elements(request) else None,
        _toggle(state, "scoring", "Thresholds & weights", edited),
        html.Span(className="spacer"),
        html.A("CSV", href=f"/api/leaderboard.csv{query}", download="leaderboard.csv", className="button",
               title="this table as CSV"),
        html.A("JSON", href=f"/api/leaderboard{query}&intervals=cached", download="leaderboard.json",
               className="button", title="the leaderboard with every metric, as JSON"),
    ]
    return [item for item in items if item is not None]


def _toggle(state: State, panel: str, words: str, number: int) -> Component:
    opened = state.panel == panel
    badge = html.Span(str(number), className="badge") if number else None
    return html.A([words, badge], href=state.but(panel="" if opened else panel).query, className="button",
                  role="button", **{"data-go": "1", "aria-expanded": str(opened).lower()})


def stamp(request: Request) -> list[Component]:
    """Return how much the store holds."""
    records = count(request.site.snapshot.records, "record")
    return [html.Span(records, title=f"in {request.site.home}")]


def notices(request: Request) -> list[Component]:
    """Return what of the link was ignored, and which filters are on."""
    items = [html.Li(text) for text in request.notices]
    parts = [html.Ul(items, className="warnings")] if items else []
    chips = [chip for chip in _chips(request.state) if chip]
    if chips:
        parts.append(html.Div([html.Span("shown with", className="label"), *chips], className="chips"))
    return parts


def _chips(state: State) -> list[Component]:
    chips = []
    if state.without:
        chips.append(_chip(f"without {', '.join(state.without)}", state.but(without=())))
    if state.models:
        chips.append(_chip(f"models {', '.join(state.models)}", state.but(models=())))
    if state.preset != DEFAULT:
        chips.append(_chip(f"weights: {state.preset}", state.but(preset=DEFAULT)))
    if state.weights or state.thresholds:
        edited = [name for name, _ in (*state.weights, *state.thresholds)]
        text = edited[0] if len(edited) == 1 else f"{len(edited)} entries"
        chips.append(_chip(f"edited scoring: {text}", state.but(weights=(), thresholds=())))
    return chips


def _chip(text: str, without: State) -> Component:
    return link([text, html.Span("×", className="x")], without, className="chip", title="remove", **{
        "aria-label": f"remove: {text}"})


def legend(request: Request) -> list[Component]:
    """Return how to read the table."""
    state = request.state
    steps = html.Span(className="ramp", role="img", **{"aria-label": "colours from score 0 to 1"})
    items = [html.Span(["0", steps, "1"], className="scale"), _key("≈", "tied: the difference may be chance"),
             _key("9/12", "answered of all cases"), _key("⚠", "failed cases: click says why"), _key("–", "no result")]
    if state.category and state.show == "metric":
        items += [_key(glyph, name) for name, (glyph, _) in levels.MARKS.items()]
    if request.board.pending:
        items.append(html.Span("computing intervals …", className="pending", role="status"))
    return items


def _key(glyph: str, text: str) -> Component:
    return html.Span([html.B(glyph), f" {text}"], className="key")


def empty(request: Request) -> list[Component]:
    """Return the page of a store without results: which command fills it."""
    return [html.Div([
        html.Div("∅", className="mark", **{"aria-hidden": "true"}), html.H1("No results yet"),
        html.P(["The store ", html.Code(str(request.site.home)), " holds no records. Fill it with"]),
        html.Pre("assay demo          # four small benchmarks, under a minute\n"
                 "assay list          # what there is\n"
                 "assay run -b 'atoms/*' -m 'gfn2-xtb'"),
        html.P("then reload this page; no restart is needed."),
    ], className="empty")]


def nowhere(path: str) -> list[Component]:
    """Return the page of an address that there is not."""
    return [html.Div([html.H1("No such page"), html.P(["Nothing is at ", html.Code(path[:200]), "."]),
                      html.P(html.A("To the leaderboard", href="/"))], className="empty")]


def trouble(error: AssayError) -> list[Component]:
    """Return the page that says why the store cannot be read."""
    return [html.Div([html.H1("The store cannot be read"), html.P(error.message, className="error"),
                      html.P(error.hint)], className="empty")]
