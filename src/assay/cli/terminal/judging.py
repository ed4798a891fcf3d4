"""terminal cases, judge, controls: what is asked, and whether commands are right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from assay.terminal.caselist import CommandCase
    from assay.terminal.controls import Trial
    from assay.terminal.judge import Verdict

GLOBS = click.option("--case", "globs", multiple=True, metavar="GLOB", help="Case ids, as 'git/*' (repeatable).")
LISTS = click.option("--requests", "lists", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
                     help="A list of requests, one a line: those with a checker are joined by hash (repeatable).")
STYLES = {"right": "green", "wrong": "bold red", "collateral": "bold red", "timeout": "bold red"}


@click.command(short_help="List the requests, and what is known of them.")
@GLOBS
@LISTS
@selectors.as_json
def cases(globs: tuple[str, ...], lists: tuple[Path, ...], as_json: bool) -> None:
    """List the cases of terminal/commands: the requests, how they are checked, commands that are right and wrong.

    Requests that are published elsewhere are known here by their hash alone: --requests brings their text, and
    --case 'public/*' lists them without.
    """
    from assay.terminal import caselist

    found = _own(globs) if not lists else caselist.matching(globs, [*caselist.own(), *_joined(lists)])
    if as_json:
        output.document({"cases": [case.to_json() for case in found]})
    else:
        _print_cases(found)


def _own(globs: Sequence[str]) -> list[CommandCase]:
    from assay.terminal import caselist

    return caselist.matching(globs) if globs else caselist.own()


def _joined(lists: Sequence[Path]) -> Iterator[CommandCase]:
    """Yield the cases of listed requests that are not the project's own, each once; say how many have no checker."""
    from assay.cli.errors import note
    from assay.terminal import caselist, requests

    texts = {requests.request_hash(text): text for path in lists for text in requests.read(path)}
    known = {key: caselist.by_hash(text) for key, text in texts.items()}
    yield from (case for case in known.values() if case and case.public)
    if unknown := sum(case is None for case in known.values()):
        note(f"{unknown} of {len(texts)} requests have no checker")


def _print_cases(found: Sequence[CommandCase]) -> None:
    table = output.table("", "case", "kind", "check", "~request", ">good", ">bad", "~needs")
    for case in found:
        table.add_row(case.id, case.kind, case.check, case.request or f"(hash {case.hash})", str(len(case.good)),
                      str(len(case.bad)), ", ".join(case.needs))
    output.show(table)


@click.command(short_help="Say whether commands are right for a request.")
@click.option("--request", metavar="TEXT", help="A request, found by its hash.")
@click.option("--case", "name", metavar="ID", help="A case, by its id.")
@click.option("--command", "commands", multiple=True, metavar="C",
              help="A command (repeatable: they run in one shell until one fails). None is a refusal.")
@click.option("--batch", type=click.File("r", "utf-8", "surrogateescape"), metavar="FILE",
              help="Lines of JSON with request or case, and commands; - is stdin.")
@selectors.jobs
@selectors.as_json
def judge(request: str | None, name: str | None, commands: tuple[str, ...], batch: Any, jobs: int | None,
          as_json: bool) -> int:
    """Run commands in the sandbox and say whether they do what a request asks for, and nothing else.

    Exit code 0 if they do, 1 if not or if it cannot be said. With --batch: 0, and a verdict on each line.
    """
    if sum(value is not None for value in (request, name, batch)) != 1:
        raise click.UsageError("give one of --request, --case, --batch")
    if batch is not None:
        return _judge_all(batch, jobs)
    from assay.terminal import caselist
    from assay.terminal.judge import judge as verdict_on
    from assay.terminal.judge import judge_request

    verdict = judge_request(request, commands) if request is not None else verdict_on(
        caselist.find(str(name)), commands)
    if as_json:
        output.document(verdict.to_json())
    else:
        _print_verdict(verdict)
    return 0 if verdict.right else 1


def _judge_all(batch: Any, jobs: int | None) -> int:
    """Judge line by line; verdicts come in the order of the lines, each as soon as those before it are there."""
    from concurrent.futures import ThreadPoolExecutor

    from assay.core import config

    lines = [(number, line) for number, line in enumerate(batch, start=1) if line.strip()]
    asked = [_asked(number, line) for number, line in lines]
    with ThreadPoolExecutor(jobs or config.jobs()) as pool:
        for verdict in pool.map(_judged, asked):
            click.echo(json.dumps({"schema": output.SCHEMA, **verdict.to_json()}, ensure_ascii=False))
    return 0


def _asked(number: int, line: str) -> dict[str, Any]:
    """Return what a line asks, or say which line is none."""
    from assay.core.errors import AssayError

    try:
        entry = json.loads(line)
        commands = entry["commands"]
        texts = [entry.get("request", entry.get("case")), *commands]
        if not isinstance(commands, list) or not all(isinstance(text, str) for text in texts):
            raise TypeError("request or case, and commands, must be texts")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise AssayError(f"--batch, line {number}: {error!r}",
                         'each line is as {"request": "...", "commands": ["..."]}, or with "case"') from None
    return dict(entry)


def _judged(entry: dict[str, Any]) -> Verdict:
    from assay.terminal import caselist
    from assay.terminal.judge import judge as verdict_on
    from assay.terminal.judge import judge_request

    if "request" in entry:
        return judge_request(entry["request"], entry["commands"])
    return verdict_on(caselist.find(entry["case"]), entry["commands"])


def _print_verdict(verdict: Verdict) -> None:
    table = output.table("", "", "~clause")
    for clause in verdict.clauses:
        table.add_row(output.styled("✓", "green") if clause.ok else output.styled("✗", "bold red"), clause.text)
    lines = [text for text in (verdict.reason, *(f"besides: {what}" for what in verdict.collateral[1:])) if text]
    outcome = output.styled(verdict.outcome, STYLES.get(verdict.outcome, "yellow"))
    output.show(*([table] if verdict.clauses else []), outcome, *lines)


@click.command(short_help="Judge commands that are known to be right or wrong.")
@GLOBS
@click.option("--mutants", type=click.IntRange(0), default=0, metavar="N",
              help="Also N good commands a case with a small damage each.")
@selectors.jobs
@selectors.as_json
def controls(globs: tuple[str, ...], mutants: int, jobs: int | None, as_json: bool) -> int:
    """Judge every case's own good and bad commands: the good must be right, the bad must not.

    Mutants are good commands with a flag, a number, a path or quotes changed; the share that is rejected says how
    sharp the checkers are (some mutants are as good as what they come from). Exit code 1 if a control comes out
    otherwise than it must.
    """
    from assay.terminal import caselist
    from assay.terminal import controls as control

    def tell(trial: Trial, verdict: Verdict) -> None:
        if trial.kind != "mutant" and verdict.right != (trial.kind == "good"):
            from assay.cli.errors import note

            note(f"{trial.case.id}: {trial.kind} but {verdict.outcome}: {trial.command}\n  {verdict.reason}")

    found = control.run(caselist.matching(globs), mutants, jobs, tell)
    if as_json:
        output.document(found.to_json())
    else:
        _print_controls(found.to_json())
    return 1 if found.mismatches else 0


def _print_controls(found: dict[str, Any]) -> None:
    for kind, word in (("good", "judged right"), ("bad", "not judged right")):
        click.echo(f"{kind}: {found[kind]['as_expected']} of {found[kind]['n']} {word}")
    if found["mutants"]["n"]:
        click.echo(f"mutants: {found['mutants']['rejected']} of {found['mutants']['n']} rejected, "
                   f"{100 * found['mutants']['rate']:.0f} %")
    click.echo(f"{found['cases']} cases, {len(found['skipped'])} skipped, {len(found['mismatches'])} mismatches")
    for entry in found["skipped"]:
        click.echo(f"skipped {entry['id']}: {entry['reason']}")
