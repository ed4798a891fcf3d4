"""terminal eval: a language model and a prompt, measured on the benchmark."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADLINES = ("top1", "top1_strict", "overall", "invalid_tpr", "unsafe_refused", "underspecified_refused", "invalid_fpr",
             "json_raw", "json_extracted", "json_repaired", "collateral", "destroys_unasked", "pass_all")


@click.command("eval", short_help="Measure a model on the benchmark.")
@click.option("--model", required=True, metavar="M", help="A registered name, or WIRE:ID, as openai:gpt-4o.")
@click.option("--variant", metavar="V", help="Of the prompt; assay prompts list shows them.")
@click.option("--case", "cases", multiple=True, metavar="GLOB", help="Case ids, as 'git/*' (repeatable).")
@click.option("--requests", "lists", multiple=True, metavar="FILE|public",
              help="Further requests, one a line; 'public' are the published lists (repeatable).")
@click.option("--repeat", type=click.IntRange(1, 100), default=1, metavar="N", help="Ask each request N times.")
@selectors.jobs
@click.option("--rate", type=click.FloatRange(0, min_open=True), metavar="PER_MINUTE", help="Requests a minute.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The first N requests.")
@selectors.again
@selectors.as_json
def eval_(lists: tuple[str, ...], as_json: bool, **options: Any) -> int:
    """Ask a model the requests of terminal/commands, run its answers in the sandbox, and say how many are right.

    Replies are kept: a run that was stopped goes on where it was, and nothing is asked or paid for twice. The results
    stand in the store beside those of assay run, for assay app, compare and report.
    """
    from assay.core import config
    from assay.core.registry import registry
    from assay.core.store import Store
    from assay.terminal import evaluation, questions

    # In the environment, so that workers and the analysis know the same cases.
    os.environ[questions.LISTS] = os.pathsep.join(
        name if name == questions.PUBLISHED else os.path.abspath(name) for name in lists)
    options["again"] = options["again"] or "none"
    plan = evaluation.Plan(**options, full=bool(lists))
    with Store(config.home()) as store, _Progress() as progress:
        found = evaluation.evaluate(plan, store, registry.load(), progress)
    document = found.to_json()
    if as_json:
        output.document(document)
    else:
        output.show(*_shown(document))
    if document["counts"]["errors"]:
        from assay.cli.errors import note

        note(f"{document['counts']['errors']} requests failed: {_commonest(found.records)}")
    return found.outcome.exit_code


class _Progress:
    """Lines on stderr, one for every tenth part of the asking; then what the judging run says."""

    def __init__(self) -> None:
        from assay.cli.progress import Progress

        self.judging = Progress(sys.stderr.isatty())

    def __enter__(self) -> _Progress:
        self.judging.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.judging.__exit__(*exc)

    def __call__(self, event: dict[str, Any]) -> None:
        if event["event"] != "asked":
            self.judging(event)
            return
        done, total = event["done"], event["total"]
        if done == total or done * 10 // total > (done - 1) * 10 // total:
            from assay.cli.errors import note

            note(f"asked {done} of {total}")


def _commonest(records: Any) -> str:
    from collections import Counter

    reasons = Counter(record.reason for record in records if record.status != "ok")
    return reasons.most_common(1)[0][0] if reasons else ""


def _shown(document: Mapping[str, Any]) -> list[RenderableType]:
    table = output.table(f"{document['model']}, prompt {document['variant']}", "metric", ">share", ">of", ">95 %", "~")
    for name in HEADLINES:
        if name in document["metrics"]:
            table.add_row(name, *_share(document["metrics"][name]), _tip(name))
    groups = output.table("valid requests answered right, by group", "group", ">share", ">of", ">95 %")
    for name, found in document["groups"].items():
        groups.add_row(name, *_share(found["top1"]))
    return [table, groups, _footer(document)]


def _share(found: Mapping[str, Any]) -> tuple[str, str, str]:
    if found["value"] is None:
        return "-", "0", ""
    return f"{100 * found['value']:.1f} %", str(found["n"]), f"{100 * found['low']:.0f} to {100 * found['high']:.0f}"


def _tip(name: str) -> str:
    from assay.terminal.tally import METRICS

    return METRICS[name].tip if name in METRICS else "valid requests answered right every time"


def _footer(document: Mapping[str, Any]) -> str:
    counts, latency = document["counts"], document["latency"]
    parts = [f"{counts['requests']} requests: {counts['checked']} executed, {counts['not_checked']} not checked, "
             f"{counts['no_checker']} without a checker, {counts['errors']} errors; {counts['calls']} calls"]
    if latency["median"] is not None:
        parts.append(f"answers take {latency['median']:.2f} s (median), {latency['p95']:.2f} s (95 %)")
    cost = document["cost_usd"]
    parts.append("cost not known" if cost is None else f"cost {cost:.4f} US dollars")
    controls = document["controls"]
    if controls and controls["mutants"]["n"]:
        parts.append(f"checkers reject {100 * controls['mutants']['rate']:.0f} % of commands damaged a little "
                     f"({controls['mutants']['n']} tried)")
    return ". ".join(parts) + "."
