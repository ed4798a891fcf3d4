"""One callback: the query string in, the parts of the page that it changes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import dash
import dash_ag_grid as dag
import flask
from dash import ClientsideFunction, Input, Output, State, dcc, html, no_update
from plotly.utils import PlotlyJSONEncoder

from assay.app import detail, grid, layout, scoring
from assay.app.site import Request, Site
from assay.core.errors import AssayError
from assay.core.record import digest

POLL = 4_000  # ms between two looks for new records and intervals
GRID = {
    "theme": {"function": "assayTheme(themeQuartz)"}, "rowHeight": 38, "headerHeight": 42, "groupHeaderHeight": 34,
    "suppressFieldDotNotation": True, "tooltipShowDelay": 250, "tooltipHideDelay": 60_000, "animateRows": False,
    "suppressColumnVirtualisation": False, "enableCellTextSelection": False, "suppressCellFocus": False,
    "rowBuffer": 4, "suppressDragLeaveHidesColumns": True,
}
EVENTS = {"cellClicked": ["assayOpen(params)"], "cellKeyDown": ["assayKey(params)"],
          "firstDataRendered": ["assayFit(params)"], "newColumnsLoaded": ["assayFit(params)"]}

Part = tuple[str, Callable[[Request], Any], Callable[[Request, bool], Any]]


def _scored(request: Request) -> Any:
    state = request.state
    return (request.family, state.category, state.models, state.without, state.preset, state.weights,
            state.thresholds, state.show)


def _drilled(request: Request) -> Any:
    state = request.state
    return (_scored(request), state.panel, state.b, state.m, state.compare, state.metric, state.view)


# Output, what it depends on beside the store, and how it is made. Nothing is made again that did not change.
PARTS: tuple[Part, ...] = (
    ("families.children", lambda r: r.family, lambda r, dark: layout.families(r)),
    ("stamp.children", lambda r: "", lambda r, dark: layout.stamp(r)),
    ("categories.children", lambda r: (_scored(r), r.state.panel), lambda r, dark: layout.categories(r)),
    ("controls.children", lambda r: (_scored(r), r.state.panel), lambda r, dark: layout.controls(r)),
    ("panel.children", lambda r: (_scored(r), r.state.panel), lambda r, dark: scoring.panel(r)),
    ("notice.children", lambda r: (_scored(r), tuple(r.notices)), lambda r, dark: layout.notices(r)),
    ("leaderboard.columnDefs", lambda r: (_scored(r), grid.is_open(r.state)),
     lambda r, dark: grid.columns(r.board, r.state)),
    ("leaderboard.rowData", _scored, lambda r, dark: grid.rows(r.board, r.state, r.site.registry.models)),
    ("legend.children", _scored, lambda r, dark: layout.legend(r)),
    ("plot-head.children", _drilled, lambda r, dark: detail.head(r)),
    ("figure.data", lambda r: (_drilled(r), r.state.case), lambda r, dark: detail.plotted(r, dark)),
    ("plot-foot.children", _drilled, lambda r, dark: detail.exports(r)),
    ("plot-after.children", _drilled, lambda r, dark: detail.after(r)),
    ("case.children", lambda r: (_drilled(r), r.state.case, r.state.artefact, r.state.frame, r.state.cmap),
     lambda r, dark: detail.artefact(r, dark)),
    ("page.data-open", lambda r: grid.is_open(r.state), lambda r, dark: "detail" if grid.is_open(r.state) else "board"),
)
FOLLOWS_THEME = ("figure.data", "case.children")


Shown = dict[str, list[str]]  # of each output: digest of what it depends on, digest of what it shows


def render(site: Site, query: str, dark: bool, shown: Shown) -> tuple[dict[str, Any], Shown]:
    """Return the parts of the page that differ from `shown`, and the digests of all parts.

    A part that comes out as before is left alone: an input keeps what is being typed, the grid its sorting.
    """
    request = site.request(query)
    version = site.snapshot.version
    parts, digests = {}, Shown()
    for output, depends, make in PARTS:
        theme = dark if output in FOLLOWS_THEME else ""
        cause, before = digest([version, theme, repr(depends(request))]), shown.get(output, ["", ""])
        if cause == before[0]:
            digests[output] = before
            continue
        made = make(request, dark)
        digests[output] = [cause, hashlib.sha256(json.dumps(made, cls=PlotlyJSONEncoder).encode()).hexdigest()]
        if digests[output][1] != before[1]:
            parts[output] = made
    return parts, digests


def page(site: Site) -> Any:
    """Return the layout, or what keeps the store from being read."""
    try:
        return _page(site)
    except AssayError as error:
        return html.Div([_header(None), html.Main(layout.trouble(error))], className="page bare")


def _page(site: Site) -> Any:
    """Return the layout: complete for the link that the browser asks with, so that nothing needs to follow."""
    # The layout is fetched by the page's script: the page's own address is the referrer.
    address = urlsplit(flask.request.referrer or "")
    if (own := site.pages.layout(address.path)) is not None:
        return _bare(site, html.Main(own, className="own"))
    if address.path not in ("", "/"):
        return _bare(site, html.Main(layout.nowhere(address.path)))
    if not site.snapshot.filled():
        return _bare(site, html.Main(layout.empty(site.request(""))))
    dark = flask.request.cookies.get("theme") == "dark"
    parts, digests = render(site, address.query, dark, {})
    return html.Div([
        dcc.Location(id="url", refresh=False), dcc.Store(id="shown", data=digests),
        dcc.Interval(id="tick", interval=POLL),
        dcc.Store(id="figure", data=parts["figure.data"]), html.Div(id="drawn", hidden=True),
        dcc.Store(id="theme", data="dark" if dark else "light"),
        _header(parts["families.children"], parts["stamp.children"]), *_main(parts),
    ], id="page", className="page", **{"data-open": parts["page.data-open"]})


def _bare(site: Site, content: Any) -> Any:
    """Return a page without a leaderboard: nothing on it follows the link or the store."""
    return html.Div([_header(layout.families(site.request(""))), content], className="page bare")


def _header(families: Any, stamp: Any = None) -> Any:
    return html.Header([
        html.A([html.Span("As", className="tile-logo", **{"aria-hidden": "true"}), "assay"], href="/",
               className="brand"),
        html.Nav(families, id="families", **{"aria-label": "families"}),
        html.Span(className="spacer"),
        html.Div(stamp, id="stamp"),
        html.Button(html.Span(className="moon"), id="theme-button", title="light or dark",
                    **{"aria-label": "switch between light and dark"}),
    ], className="top")


def _main(parts: dict[str, Any]) -> list[Any]:
    # A long leaderboard scrolls inside the grid, which then draws only the rows in view.
    tall = len(parts["leaderboard.rowData"]) > grid.TALL
    table = dag.AgGrid(id="leaderboard", columnDefs=parts["leaderboard.columnDefs"],
                       rowData=parts["leaderboard.rowData"], getRowId="params.data.id", defaultColDef=grid.EVERY,
                       dashGridOptions={**GRID, "domLayout": "normal" if tall else "autoHeight"},
                       eventListeners=EVENTS, className="leaderboard",
                       style={"height": "calc(100vh - 230px)" if tall else None, "width": "100%"})
    return [
        html.Nav(parts["categories.children"], id="categories", **{"aria-label": "categories"}),
        html.Div(parts["controls.children"], id="controls", className="controls"),
        html.Div(parts["notice.children"], id="notice", role="status", **{"aria-live": "polite"}),
        html.Div(parts["panel.children"], id="panel"),
        html.Main([
            html.Section([table, html.Div(parts["legend.children"], id="legend", className="legend")],
                         className="board", **{"aria-label": "leaderboard"}),
            html.Aside([
                html.Section([
                    html.Div(parts["plot-head.children"], id="plot-head"),
                    # assets/plot.js draws in here: the element stays, so that a click redraws and does not begin again.
                    html.Figure([html.Div(id="graph", role="img"),
                                 html.Figcaption(parts["plot-foot.children"], id="plot-foot")], className="figure"),
                    html.Div(parts["plot-after.children"], id="plot-after"),
                ], id="plot", **{"aria-label": "plot"}),
                html.Div(parts["case.children"], id="case", **{"aria-live": "polite"}),
            ], id="detail", className="detail"),
        ], className="work"),
    ]


def register(app: dash.Dash, site: Site) -> None:
    """Connect the query string, the theme and the clock to the page."""
    outputs = [Output(*name.split(".")) for name, _, _ in PARTS]

    app.clientside_callback(ClientsideFunction("assay", "draw"), Output("drawn", "title"), Input("figure", "data"))

    @app.callback(*outputs, Output("shown", "data"), Input("url", "search"), Input("theme", "data"),
                  Input("tick", "n_intervals"), State("shown", "data"))
    def update(search: str | None, theme: str, tick: int | None, shown: Shown | None) -> list[Any]:
        parts, digests = render(site, search or "", theme == "dark", shown or {})
        if digests == shown:
            return [no_update] * (len(PARTS) + 1)
        return [*(parts.get(name, no_update) for name, _, _ in PARTS), digests]
