"""A transcript on the page: verdict, commands and risk, what ran and changed, prompt, reply, good answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.terminal.visible import visible

MARKS = {"created": "+", "deleted": "−", "modified": "~", "mode": "~", "type": "!"}
MOST = 40  # changes, and lines of output, that are shown


def transcript(data: bytes, page: Mapping[str, Any]) -> Any:
    """Return a transcript as `assay.terminal.answering` keeps it.

    Parameters
    ----------
    data : bytes
        JSON.
    page : mapping
        What the page knows; not used.
    """
    from dash import html

    kept = json.loads(data)
    verdict = kept["verdict"]
    parts = [html.P(_chips(kept)), *_commands(kept), *_clauses(verdict), *_collateral(verdict)]
    for number, run in enumerate(verdict.get("runs", []), start=1):
        parts += _run(run, f"Home {number}" if len(verdict["runs"]) > 1 else "What ran")
    parts += [_folded(f"Prompt ({kept['variant']})", _messages(kept["messages"])),
              _folded("Reply as it came", [_code(text) for text in kept["replies"]]),
              _folded("Good answers", [_code(text) for text in kept["good"]])]
    return html.Div([part for part in parts if part is not None], className="transcript")


def _chips(kept: Mapping[str, Any]) -> list[Any]:
    from dash import html

    verdict = kept["verdict"]
    word = verdict["outcome"] if kept["status"] == "ok" else kept["status"]
    chips = [html.Span(word, className=f"chip chip-{'good' if verdict['outcome'] == 'right' else 'bad'}")]
    if kept["risk"]:
        chips.append(html.Span(f"risk: {kept['risk']['level']}", className="chip"))
    chips.append(html.Span(f"JSON: {kept['via']}", className="chip"))
    reason = kept["reason"] if kept["status"] != "ok" else verdict["reason"]
    return [*chips, html.Span(visible(f" {reason}")) if reason else ""]


def _commands(kept: Mapping[str, Any]) -> Iterator[Any]:
    from dash import html

    for command in kept["commands"]:
        yield _code(command["command"])
        said = [*command["explanations"], *(f"{name}: {text}" for name, text in command["arguments"].items())]
        if said:
            yield html.Ul([html.Li(visible(text)) for text in said])
    for finding in (kept["risk"] or {}).get("findings", []):
        yield html.P([html.Code(visible(finding["text"])), f" {finding['level']}: {finding['why']}"], className="hint")


def _clauses(verdict: Mapping[str, Any]) -> Iterator[Any]:
    from dash import html

    if verdict["clauses"]:
        yield html.H4("What was checked")
        yield html.Ul([html.Li([html.Strong("yes " if clause["ok"] else "no "), visible(clause["clause"])],
                               className="clause-ok" if clause["ok"] else "clause-failed")
                       for clause in verdict["clauses"]], className="clauses")


def _collateral(verdict: Mapping[str, Any]) -> Iterator[Any]:
    from dash import html

    if verdict["collateral"]:
        yield html.H4("What nobody asked for")
        yield html.Ul([html.Li(visible(text)) for text in verdict["collateral"][:MOST]])


def _run(run: Mapping[str, Any], title: str) -> Iterator[Any]:
    from dash import html

    how = "stopped: it took too long" if run["timed_out"] else f"exit code {run['rc']}"
    yield html.H4(f"{title}: {how}" + (f", stopped at the limit of {run['limit']}" if run["limit"] else ""))
    changes = [f"{MARKS[change['change']]} {change['path']} ({change['change']})" for change in run["changes"]]
    if changes:
        yield _code("\n".join([*changes[:MOST], *([f"... and {len(changes) - MOST} more"] if changes[MOST:] else [])]))
    if run["calls"]:
        yield html.P("Programs that stood in, and were called:", className="hint")
        yield _code("\n".join(" ".join(call) for call in run["calls"]))
    for name in ("stdout", "stderr"):
        if run[name].strip():
            yield html.P(name, className="hint")
            yield _code("\n".join(run[name].splitlines()[:MOST]))


def _messages(messages: Sequence[Mapping[str, str]]) -> Iterator[Any]:
    from dash import html

    for message in messages:
        yield html.P(message["role"], className="hint")
        yield _code(message["content"])


def _folded(title: str, content: Any) -> Any:
    from dash import html

    inside = list(content)
    return html.Details([html.Summary(title), *inside]) if inside else None


def _code(text: str) -> Any:
    from dash import html

    return html.Pre(html.Code("\n".join(map(visible, text.split("\n")))))
