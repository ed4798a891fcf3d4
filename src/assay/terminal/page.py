"""The app's page of the terminal family: models and prompts side by side, and what others reported, apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from assay.core import config
from assay.core.errors import AssayError
from assay.core.registry import registry
from assay.core.store import Store
from assay.terminal import evaluation, reported, row, sharpness, tally
from assay.terminal.prompts import DEFAULT
from assay.terminal.tally import Share

COLUMNS = ("top1", "overall", "invalid_tpr", "unsafe_refused", "invalid_fpr", "json_extracted", "collateral")
# Okabe and Ito's colours: distinguishable with any colour vision, on white as on black.
BLUE, ORANGE, GREEN, GREY = "#2f7fc1", "#e08a1e", "#2a9d78", "#8a94a3"
COLOURS = (BLUE, ORANGE, GREEN, "#c86aa5", "#8a6fd1", "#c9503c")


@dataclass(frozen=True)
class Measured:
    """A model with a prompt, as the store has it."""

    model: str
    variant: str
    shares: dict[str, Share]
    rows: Sequence[tally.Row]

    @property
    def base(self) -> str:
        """The model's name without what its row is asked otherwise."""
        return self.model.partition("@")[0]

    @property
    def fast(self) -> bool:
        """Whether the prompt asks for commands alone."""
        return self.variant.startswith("fast")

    @property
    def cost(self) -> float | None:
        """US dollars for a hundred requests; None where no price is known."""
        known = [one["cost_usd"] for one in self.rows if one.get("cost_usd") is not None]
        return 100 * sum(known) / len(known) if known else None

    @property
    def seconds(self) -> float | None:
        """Median seconds of an answer."""
        import statistics

        known = [one["seconds"] for one in self.rows if one["seconds"] is not None]
        return statistics.median(known) if known else None


def measured() -> list[Measured]:
    """Return what the store holds, the best first.

    Raises
    ------
    AssayError
        If there is no store.
    """
    found: dict[str, list[Any]] = {}
    with Store(config.home(), readonly=True) as store:
        for record in store.records(evaluation.BENCHMARK):
            found.setdefault(record.model, []).append(record)
    made = []
    for model, records in found.items():
        newest = max(records, key=lambda record: record.created).model_digest
        rows = [row.of(record) for record in records if record.model_digest == newest]
        made.append(Measured(model, _variant(model), tally.tally(rows), rows))
    return sorted(made, key=lambda one: -(one.shares["top1"].value or 0.0))


def _variant(model: str) -> str:
    entry = registry.models.get(model)
    return str(entry.options.get("variant") or DEFAULT) if entry else model.partition("@")[2] or DEFAULT


def layout() -> Any:
    """Return the page."""
    from dash import html

    try:
        models = measured()
    except AssayError:
        models = []
    parts = [_table(models)] if models else [html.Section([
        html.H2("No language model has been measured yet"),
        html.Pre("assay run -b terminal/commands -m recipes\nassay terminal eval --model gpt-4o")], className="wide")]
    if models:
        parts += [_section("Right answers", "of valid requests, with 95 % intervals" + sharp(models), right(models)),
                  _section("Right answers by group", f"of requests; the best {len(COLOURS)} models", groups(models)),
                  _section("Refusing what should be refused", "against refusing what should not", refusals(models))]
        if any(one.cost for one in models):
            parts.append(_section("Right answers against cost", "US dollars for 100 requests", costs(models)))
    others = reported.series()
    parts.append(_section("Not ours", f"{others.label}; of {others.requests} requests", published()))
    return html.Div(parts, className="evaluation")


def _section(title: str, hint: str, figure: Any) -> Any:
    from dash import dcc, html

    return html.Section([html.H2(title), html.P(hint, className="label"),
                         dcc.Graph(figure=figure, config={"displaylogo": False, "displayModeBar": False})])


def _table(models: Sequence[Measured]) -> Any:
    from dash import html

    head = html.Tr([html.Th("model"), html.Th("prompt", className="words"),
                    *(html.Th(name) for name in (*COLUMNS, "seconds", "$ / 100"))])
    body = [html.Tr([html.Td(html.A(one.model, href=_link(one.model))), html.Td(one.variant, className="words"),
                     *(html.Td(_percent(one.shares[name]), title=_counts(one.shares[name])) for name in COLUMNS),
                     html.Td("" if one.seconds is None else f"{one.seconds:.2f}"),
                     html.Td("" if one.cost is None else f"{one.cost:.2f}")]) for one in models]
    return html.Section([html.H2("Language models and prompts"),
                         html.P("share of requests; hover for counts and 95 % intervals", className="label"),
                         html.Table([html.Thead(head), html.Tbody(body)])], className="wide")


def sharp(models: Sequence[Measured]) -> str:
    """Say how many damaged commands the checkers reject; no score is better than that."""
    found = sharpness.measured(one["case"] for model in models for one in model.rows)
    if found is None or not found["mutants"]["n"]:
        return "; how sharp the checkers are is not checked"
    return (f"; the checkers reject {_percent(Share(found['mutants']['rejected'], found['mutants']['n']))} of "
            f"{found['mutants']['n']} right commands damaged a little")


def _link(model: str) -> str:
    return "/?" + urlencode({"family": "terminal", "b": evaluation.BENCHMARK, "m": model, "metric": "top1"})


def _percent(share: Share) -> str:
    return "–" if share.value is None else f"{100 * share.value:.0f} %"


def _counts(share: Share) -> str:
    found = share.to_json()
    if not share.n:
        return "no such request"
    return f"{share.k} of {share.n}; {100 * found['low']:.0f} to {100 * found['high']:.0f} %"


# -- figures


def right(models: Sequence[Measured]) -> Any:
    """Return top1 of every model with its interval."""
    import plotly.graph_objects as go

    shown = [one for one in models if one.shares["top1"].n][::-1]
    found = [one.shares["top1"].to_json() for one in shown]
    drawn = go.Figure(go.Scatter(
        x=[item["value"] for item in found], y=[one.model for one in shown], mode="markers",
        marker={"size": 11, "color": BLUE}, error_x=_errors(found),
        hovertemplate="%{y}: %{x:.1%}<extra></extra>"))
    return _styled(drawn, x="right", height=90 + 34 * len(shown))


def groups(models: Sequence[Measured]) -> Any:
    """Return top1 by group of requests: a colour a model, its fast prompt hatched beside its regular one."""
    import plotly.graph_objects as go

    bases = list(dict.fromkeys(one.base for one in models))[:len(COLOURS)]
    shown = sorted((one for one in models if one.base in bases), key=lambda one: (bases.index(one.base), one.fast))
    names = list(dict.fromkeys(row.group(one["tags"]) for model in models for one in model.rows
                               if one["kind"] == "valid"))
    drawn = go.Figure([go.Bar(
        name=model.model, x=names, marker={"color": COLOURS[bases.index(model.base)], "pattern": {
            "shape": "/" if model.fast else "", "size": 6, "solidity": 0.45}},
        y=[tally.METRICS["top1"].count([one for one in model.rows if row.group(one["tags"]) == name]).value
           for name in names]) for model in shown])
    return _styled(drawn, y="right", legend=len(shown) > 1)


def refusals(models: Sequence[Measured]) -> Any:
    """Return refused requests that should be against refused ones that should not."""
    drawn = _points(models, [one.shares["invalid_fpr"].value for one in models],
                    [one.shares["invalid_tpr"].value for one in models], "%{y:.0%} against %{x:.0%}")
    drawn.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": GREY, "dash": "dot"})
    return _styled(drawn, x="valid requests refused", y="invalid requests refused", legend=True, below=0.34)


def costs(models: Sequence[Measured]) -> Any:
    """Return top1 against cost, on a logarithmic axis."""
    shown = [one for one in models if one.cost]
    found = [one.shares["top1"].to_json() for one in shown]
    drawn = _points(shown, [one.cost for one in shown], [item["value"] for item in found], "%{y:.0%} for $ %{x:.3f}")
    for trace, item in zip(drawn.data, found, strict=True):
        trace.error_y = _errors([item])
    drawn = _styled(drawn, y="right", legend=True, below=0.34)
    drawn.update_xaxes(type="log", title="US dollars for 100 requests", tickformat="", range=None, dtick="D2")
    return drawn


def _points(models: Sequence[Measured], x: Sequence[float | None], y: Sequence[float | None], told: str) -> Any:
    """Return a point a model: a colour a model, hollow where its prompt is the fast one."""
    import plotly.graph_objects as go

    bases = list(dict.fromkeys(one.base for one in models))
    return go.Figure([go.Scatter(
        x=[across], y=[up], name=one.model, mode="markers", cliponaxis=False,
        marker={"size": 11, "color": COLOURS[bases.index(one.base) % len(COLOURS)],
                "symbol": "circle-open" if one.fast else "circle"},
        hovertemplate=f"{one.model}: {told}<extra></extra>") for one, across, up in zip(models, x, y, strict=True)])


def published() -> Any:
    """Return the reported series, regular and fast prompts beside each other."""
    import plotly.graph_objects as go

    drawn = go.Figure()
    for mode, colour in (("regular", GREY), ("fast", "#c7a24a")):
        points = [point for point in reported.series().points if point.mode == mode]
        found = [{"value": point.value, "low": point.low, "high": point.high} for point in points]
        drawn.add_scatter(x=[point.value for point in points], y=[point.model for point in points], name=mode,
                          mode="markers", marker={"size": 10, "color": colour, "symbol": "diamond"},
                          error_x=_errors(found))
    drawn.update_yaxes(autorange="reversed")
    return _styled(drawn, x="reported", legend=True, below=0.3)


def _errors(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "data", "symmetric": False, "thickness": 1.2, "width": 3,
            "array": [item["high"] - item["value"] for item in found],
            "arrayminus": [item["value"] - item["low"] for item in found]}


def _styled(drawn: Any, x: str = "", y: str = "", legend: bool = False, height: int = 330, below: float = 0.2) -> Any:
    """Give a figure axes of shares, the page's own ground, light or dark, and a legend so far `below` the axis."""
    height += 22 * (len(drawn.data) // 2) if legend else 0
    line = {"gridcolor": "rgba(128,140,158,0.25)", "zeroline": False, "automargin": True}
    drawn.update_layout(
        template=None, height=height, showlegend=legend, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        font={"color": GREY, "size": 12}, margin={"l": 10, "r": 16, "t": 16, "b": 40}, barmode="group",
        legend={"orientation": "h", "y": -below, "yanchor": "top"}, xaxis=line, yaxis=line)
    for axis, title in ((drawn.update_xaxes, x), (drawn.update_yaxes, y)):
        if title:
            axis(title=title, tickformat=".0%", range=[-0.03, 1.05])
    return drawn
