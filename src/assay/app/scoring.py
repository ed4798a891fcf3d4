"""The panels above the leaderboard: thresholds and weights, and the elements whose cases are left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import dcc, html

from assay.app import elements
from assay.app.elements import present_elements
from assay.app.layout import link
from assay.app.site import Request
from assay.core.benchmark import Benchmark
from assay.core.record import Metric
from assay.results.score import Scheme

Component = Any


def panel(request: Request) -> list[Component]:
    """Return the open panel."""
    make = {"scoring": _scoring, "elements": _elements}.get(request.state.panel)
    return [make(request)] if make else []


# -- thresholds and weights


def _scoring(request: Request) -> Component:
    state = request.state
    scheme = state.scheme(request.site.catalogue().presets.get(request.family, {}))
    reset = link("Reset all", state.but(weights=(), thresholds=(), preset="default"), className="button")
    note = "Edits live in the link: copy it to share them. Nothing is stored."
    if not state.category:
        rows = [_category_row(request, name, scheme.weights.get(name, 1.0)) for name in request.board.categories]
        body = html.Table([_head("Category", "", "Weight"), html.Tbody(rows)], className="scoring")
    else:
        rows = [row for item in request.board.inside(state.category) for row in _benchmark_rows(request, item, scheme)]
        head = _head("Benchmark", "Weight in category", "Metric", "Good", "Bad", "Weight")
        body = html.Table([head, html.Tbody(rows)], className="scoring")
    return html.Section([html.Header([html.H2("Thresholds & weights"), html.P(note), reset]), body],
                        className="card", **{"aria-label": "thresholds and weights"})


def edited(request: Request, name: str) -> bool:
    """Whether the link itself changes this weight or threshold."""
    return name in dict(request.state.weights) or name in dict(request.state.thresholds)


def _head(*names: str) -> Component:
    return html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))


def _category_row(request: Request, name: str, weight: float) -> Component:
    titles = ", ".join(item.title for item in request.board.inside(name))
    return html.Tr([html.Th(name, scope="row"), html.Td(titles),
                    _entry(f"w.{name}", weight, f"weight of {name}", edited(request, name))])


def _benchmark_rows(request: Request, item: Benchmark, scheme: Scheme) -> list[Component]:
    """Return a row a metric; the first one carries the benchmark's own weight."""
    weight = scheme.weights.get(item.name, item.weight)
    own = [html.Th(item.title, scope="row"),
           _entry(f"w.{item.name}", weight, f"weight of {item.title}", edited(request, item.name))]
    return [html.Tr([*(own if index == 0 else [html.Td(), html.Td()]), *_metric(request, item, metric, scheme)],
                    className="first" if index == 0 else "")
            for index, metric in enumerate(item.metrics)]


def _metric(request: Request, item: Benchmark, metric: Metric, scheme: Scheme) -> list[Component]:
    name, unit = f"{item.name}.{metric.name}", f" ({metric.unit})" if metric.unit else ""
    good, bad, share = scheme.metric(item, metric)
    changed = name in dict(request.state.thresholds)
    return [html.Td(f"{metric.name.replace('_', ' ')}{unit}", title=metric.tip),
            _entry(f"good.{name}", good, f"good {name}", changed), _entry(f"bad.{name}", bad, f"bad {name}", changed),
            _entry(f"w.{name}", share, f"weight of {name}", name in dict(request.state.weights))]


def _entry(name: str, value: float, label: str, changed: bool) -> Component:
    return html.Td(dcc.Input(name=name, value=f"{value:g}", type="text", debounce=True, autoComplete="off",
                             inputMode="decimal", className="input number" + (" changed" if changed else "")),
                   title=label)


# -- elements


def _elements(request: Request) -> Component:
    state = request.state
    present = present_elements(request)
    cells = []
    for symbol in elements.SYMBOLS:
        row, column = elements.place(symbol)
        if symbol not in present:
            cells.append(html.Span(symbol, className="element absent", style={"gridRow": row, "gridColumn": column}))
            continue
        off = symbol in state.without
        changed = tuple(sorted({*state.without} ^ {symbol}))
        cells.append(link(symbol, state.but(without=changed), className="element off" if off else "element",
                          role="button", style={"gridRow": row, "gridColumn": column},
                          **{"aria-pressed": str(off).lower(), "data-element": symbol}))
    presets = [link(text, state.but(without=tuple(sorted(symbols))), className="button")
               for text, symbols in filters(request, present)]
    clear = link("All elements", state.but(without=()), className="button")
    note = "Cases with a crossed-out element are left out, and every metric is computed again from the others."
    return html.Section([html.Header([html.H2("Elements"), html.P(note), *presets, clear]),
                         html.Div(cells, className="elements") if present else html.P("No case here names elements.")],
                        className="card", **{"aria-label": "elements"})


def filters(request: Request, present: Iterable[str]) -> list[tuple[str, set[str]]]:
    """Return the ready-made filters: elements some shown model does not know, or some training set does not hold."""
    present = set(present)
    models = [request.site.registry.models[name] for name in request.board.models()
              if name in request.site.registry.models]
    known = {model.name: set(model.meta["elements"]) for model in models if model.meta.get("elements")}
    unsupported = {symbol for symbols in known.values() for symbol in present - symbols}
    found = [("Unsupported by the models shown", unsupported)] if unsupported else []
    sets: dict[str, set[str]] = {}
    for model in models:
        if model.name in known:
            for name in model.meta.get("datasets", ()):
                sets[name] = sets.get(name, known[model.name]) & known[model.name]
    found += [(f"Not in {name}", present - symbols) for name, symbols in sorted(sets.items()) if present - symbols]
    return found
