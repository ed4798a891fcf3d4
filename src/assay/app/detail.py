"""The drill-down: a cell's metrics and plot, then the artefact behind a point with the reference beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import html

from assay.app import levels, modelcard, text, viewer
from assay.app.figures import figure
from assay.app.grid import summary
from assay.app.layout import close, link, select
from assay.app.site import Request
from assay.app.state import State
from assay.core.benchmark import Benchmark
from assay.core.errors import AssayError
from assay.core.plot import Density, Parity
from assay.core.record import ArtefactRef, Metric, StoredRecord
from assay.results.score import Cell

Component = Any
def head(request: Request) -> list[Component]:
    """Return what stands above the plot: the benchmark, the choice of models, the metrics of the open cell."""
    if request.benchmark is None:
        return modelcard.card(request) if request.state.m else []
    parts = (_head(request, request.benchmark), _metrics(request, request.benchmark), _reasons(request, early=True),
             _no_plot(request))
    return [item for item in parts if item is not None]


def after(request: Request) -> list[Component]:
    """Return what stands below the plot: why some cases are not in it."""
    found = _reasons(request, early=False) if request.benchmark is not None else None
    return [found] if found is not None else []


def _head(request: Request, item: Benchmark) -> Component:
    source = [html.Code(item.name), f" · {item.citation}" if item.citation else None]
    return html.Header([
        html.Div([html.H2(item.title), html.P(summary(item), className="summary"),
                  html.P(source, className="source", title=item.citation)], className="about"),
        html.Div(_choosers(request), className="choosers"),
        close(request.state),
    ], className="head")


def _choosers(request: Request) -> list[Component]:
    state = request.state
    models = [name for name in request.board.models() if request.cell(name) is not None]
    known = [(name, name) for name in models]
    if request.model and request.model not in models:
        known = [(request.model, request.model), *known]
    items = [select("m", request.model, known, "Model"),
             select("compare", state.compare, [("", "nothing"), *((n, n) for n, _ in known if n != request.model)],
                    "compared with")]
    if len(request.views) > 1:
        items.append(html.Div([link(type(view.plot).__name__, state.but(view=index, case="", artefact="", frame=0),
                                    view is request.view)
                               for index, view in enumerate(request.views)], className="segments"))
    return items


def _metrics(request: Request, item: Benchmark) -> Component | None:
    cell = request.cell()
    if cell is None:
        return None
    model = request.site.registry.models.get(cell.model)
    meta = model.meta if model else {}
    beside = [request.state.compare] if request.cell(request.state.compare) and request.state.compare else []
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in (
        "Metric", "Value", "95 % interval", *beside, "Good → bad", "Score", "Reference")]))
    rows = [_metric_row(request, item, metric, cell, meta) for metric in item.metrics]
    return html.Div(html.Table([head, html.Tbody(rows)], className="metrics"), className="scroll")


def _metric_row(request: Request, item: Benchmark, metric: Metric, cell: Cell, meta: dict[str, Any]) -> Component:
    state, found = request.state, cell.metrics[metric.name]
    views = {view.metric for view in item.views}
    name: Component = metric.name.replace("_", " ")
    opened = request.view is not None and request.view.metric == metric.name
    if metric.name in views:
        name = link(name, state.but(metric=metric.name, view=0), opened)
    mark = levels.mark(meta, metric.level)
    presets = request.site.catalogue().presets.get(request.family, {})
    good, bad, weight = state.scheme(presets).metric(item, metric)
    between = text.interval(found.low, found.high, found.value)
    glyph = [html.Span(levels.MARKS[mark][0], className="glyph"), f" {mark}"] if mark else ""
    return html.Tr([
        html.Th(name, scope="row", title=metric.tip),
        html.Td([html.B(text.number(found.value)), f" {metric.unit}"]), html.Td(between), *_beside(request, metric),
        html.Td(f"{good:g} → {bad:g}"),
        html.Td([html.Span(html.Span(style={"width": f"{100 * found.score:.1f}%"}), className="bar",
                           **{"aria-hidden": "true"}), f"{found.score:.2f}"] if weight else "not counted"),
        html.Td([html.Span(metric.level or "", className="level"), html.Span(
            glyph, className="mark", title=levels.MARKS[mark][1] if mark else "")]),
    ], className="" if weight else "uncounted")


def _beside(request: Request, metric: Metric) -> list[Component]:
    """Return the cell of the compared model's value, if there is one."""
    cell = request.cell(request.state.compare) if request.state.compare else None
    found = cell.metrics[metric.name] if cell else None
    return [html.Td(html.B(text.number(found.value)), title=text.interval(found.low, found.high, found.value))
            ] if found else []


def plotted(request: Request, dark: bool) -> dict[str, Any] | None:
    """Return the figure of the open view as JSON, or None if there is nothing to draw."""
    view, drawn = request.view, request.drawn()
    if view is None or request.benchmark is None or not any(drawn.values()):
        return None
    made = figure(request.benchmark, view, drawn, selected=request.state.case or None, dark=dark).to_plotly_json()
    words = f"{type(view.plot).__name__} plot of {request.benchmark.title}, {view.metric}, for {' and '.join(drawn)}"
    return {"data": made["data"], "layout": made["layout"], "words": words}


def exports(request: Request) -> list[Component]:
    """Return the line below the plot: a hint, and the plot to take away."""
    view = request.view
    if view is None or request.benchmark is None or not any(request.drawn().values()):
        return []
    query = f"b={request.benchmark.name}&m={request.model}&metric={view.metric}&view={request.state.view}"
    api = f"/api/plot?{quote(query, safe='=&/')}"
    return [html.Span("Click into the plot to see what is behind a point.", className="hint"),
            html.Span([html.Button("PNG", **{"data-image": "png"}), html.Button("SVG", **{"data-image": "svg"}),
                       html.A("JSON", href=api, download="plot.json", className="button")],
                      className="exports", **{"data-plot": api})]


def _no_plot(request: Request) -> Component | None:
    if request.view is not None and any(request.drawn().values()):
        return None
    why = "the benchmark declares none." if request.view is None else (
        f"{request.model or 'no model'} has no ok record here.")
    return html.P(f"No plot: {why}", className="none")


def _reasons(request: Request, early: bool) -> Component | None:
    """Return why cases are not ok; before the plot if that is the news, after it if only a few are lost."""
    cell, sample = request.cell(), request.sample
    if cell is None or sample is None:
        return _no_records(request) if early else None
    if early != (cell.state in ("error", "none")):
        return None
    lost = [record for case in sample.cases if (record := sample.records.get(case.id)) and record.status != "ok"]
    parts: list[Component] = []
    if cell.state == "error":
        parts.append(html.P(cell.reason, className="error"))
    if lost:
        parts.append(html.Table([html.Tbody([html.Tr([
            html.Td(html.Span(record.status, className=f"status {record.status}")),
            html.Td(link(record.case, request.state.but(case=record.case, m=request.model))),
            html.Td(record.reason)]) for record in lost[:200]])], className="lost"))
    if cell.missing:
        parts.append(html.P(f"{cell.missing} of {cell.total} cases have no record yet."))
    if not parts:
        return None
    title = "The analysis failed" if cell.state == "error" else (
        f"{cell.failed} failed, {cell.skipped} skipped of {cell.total} cases")
    return html.Section([html.H3(["⚠ " if cell.failed or cell.state == "error" else "", title]), *parts],
                        className="reasons", id="reasons")


def _no_records(request: Request) -> Component:
    model = f" -m '{request.model}'" if request.model else ""
    return html.Section([html.H3("No records"), html.P("Nothing was calculated for this pair yet. Do it with"),
                         html.Pre(f"assay calc -b '{request.state.b}'{model}")], className="reasons", id="reasons")


# -- the artefact


def artefact(request: Request, dark: bool) -> list[Component]:
    """Return the open case: its artefact, the reference beside it, the values, the downloads."""
    state, record = request.state, request.record
    if request.benchmark is None or not state.case:
        return []
    attributes = {"data-model": request.model, "data-benchmark": state.b, "data-case": state.case}
    if record is None:
        known = request.sample is not None and any(case.id == state.case for case in request.sample.cases)
        why = "has no record of" if known else "knows no case"
        return [html.Section(html.P(f"{request.model or 'this page'} {why} {state.case!r}.", className="none"),
                             id="artefact", **attributes)]
    return [html.Section([_case_head(record), _shown(request, record, dark)], id="artefact", **attributes)]


def _case_head(record: StoredRecord) -> Component:
    tags = [tag.removeprefix("el:") for tag in record.tags]
    return html.Header([html.H3(record.case), html.Span(record.model, className="model"),
                        html.Span([html.Span(tag, className="tag") for tag in tags], className="tags")],
                       className="case")


def _shown(request: Request, record: StoredRecord, dark: bool) -> Component:
    if record.status != "ok":
        return html.P([html.Span(record.status, className=f"status {record.status}"), " ", record.reason],
                      className="error")
    main = _main(request, record)
    beside = next((name for name in record.artefacts if "reference" in name and name != main), None)
    names = [name for name in (main, beside) if name is not None]
    viewers = [_view(request, record, name, dark, named=len(names) > 1) for name in names]
    return html.Div([*viewers, _values(request, record, main)], className=f"shown n{len(viewers)}")


def _main(request: Request, record: StoredRecord) -> str | None:
    wanted = [request.state.artefact, request.view.artefact if request.view else None, *record.artefacts]
    return next((name for name in wanted if name and name in record.artefacts), None)


def _view(request: Request, record: StoredRecord, name: str, dark: bool, named: bool) -> Component:
    ref = record.artefacts[name]
    try:
        data = request.site.snapshot.read(ref)
    except AssayError as error:
        return html.Div([html.P(error.message, className="error"), html.P(error.hint)], className="viewer broken")
    page = {"benchmark": record.benchmark, "model": record.model, "case": record.case, "name": name,
            "kind": ref.kind, "suffix": ref.suffix, "label": ref.label, "values": record.values,
            "frame": request.state.frame, "dark": dark, "opacity": request.state.opacity, "cmap": request.state.cmap,
            "others": _others(request, record, name)}
    caption = html.Figcaption(ref.label or name) if named else None
    return html.Figure([viewer.show(request.site.registry, data, page), caption], className="viewer")


def _others(request: Request, record: StoredRecord, name: str) -> list[dict[str, str]]:
    """Return the artefacts of this name that other models have of the case, in the order of the leaderboard."""
    found = []
    for model in request.board.models():
        sample = request.sample_of(model) if model != record.model else None
        other = sample.records.get(record.case) if sample else None
        if other is not None and other.status == "ok" and name in other.artefacts:
            found.append({"model": model, "sha256": other.artefacts[name].sha256,
                          "href": request.state.but(m=model, compare="").query})
    return found


def _values(request: Request, record: StoredRecord, main: str | None) -> Component:
    pairs = _pairs(request, record)
    named = {name for pair in pairs for name in pair}
    others = [(name, value) for name, value in record.values.items()
              if name not in named and isinstance(value, (int, float, str, bool))]
    return html.Div([
        *(_pair(request, record, *pair) for pair in pairs),
        html.Dl([part for name, value in others for part in (
            html.Dt(name.replace("_", " ")), html.Dd(text.number(value) if type(value) is float else str(value)))]),
        html.Div([_download(request.state, name, ref, name == main) for name, ref in record.artefacts.items()],
                 className="downloads"),
        html.P(f"calculated in {text.seconds(record.seconds)}", className="source"),
    ], className="values")


def _pairs(request: Request, record: StoredRecord) -> list[tuple[str, str]]:
    """Return the names of (reference, predicted) values: those of the open parity plot, else the usual ones."""
    shown = request.view.plot if request.view else None
    pairs = [("reference", "predicted")]
    if isinstance(shown, (Parity, Density)):
        x, y = ((value,) if isinstance(value, str) else value for value in (shown.x, shown.y))
        pairs = list(zip(x, y, strict=False))
    return [pair for pair in pairs if all(isinstance(record.values.get(name), (int, float)) for name in pair)]


def _pair(request: Request, record: StoredRecord, reference: str, predicted: str) -> Component:
    unit = str(getattr(request.view.plot, "unit", "")) if request.view else ""
    pair = record[reference], record[predicted]
    shown = ((reference, pair[0]), (predicted, pair[1]), ("difference", pair[1] - pair[0]))
    return html.Div([html.Div([html.Span(name.replace("_", " "), className="label"), html.B(text.number(value)),
                               html.Span(unit, className="unit")], className="one") for name, value in shown],
                    className="big")


def _download(state: State, name: str, ref: ArtefactRef, shown: bool) -> Component:
    view = link(name.replace("_", " "), state.but(artefact=name, frame=0), shown)
    file = html.A("↓ " + ref.suffix.lstrip("."), href=f"/artefact/{ref.sha256}",
                  download=f"{name}{ref.suffix}", title=f"download {ref.label or name}", className="download")
    return html.Span([view, file], className="file")
