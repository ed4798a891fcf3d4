"""What ``assay cmd --explain`` and the menu's ``x`` write."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from assay.cli.errors import note
from assay.core.errors import printable

if TYPE_CHECKING:
    from assay.terminal.explaining import Explanation
    from assay.terminal.models import LanguageModel
    from assay.terminal.proposal import Item
    from assay.terminal.redact import Redactor
    from assay.terminal.session import Session


def run(command: str, as_json: bool, model: str | None, offline: bool, timeout: float, **_: Any) -> int:
    """Explain a command; with a model's words where there is a model."""
    from assay.terminal.choosing import choose_if_any
    from assay.terminal.explaining import Explanation
    from assay.terminal.look import Look
    from assay.terminal.redact import Redactor

    command = printable(command)
    asked, explanation, redactor = choose_if_any(model, offline, timeout), Explanation(command), Redactor()
    if as_json:
        document = {"schema": 1, **explanation.to_json(), **_in_words(explanation, asked, redactor)}
        click.echo(json.dumps(document, indent=2 if sys.stdout.isatty() else None))
        return 0
    _known(explanation, Look.of(sys.stdout))
    if asked is not None:
        click.echo()
        _words(explanation, asked, redactor)
    elif not offline:
        note("no key of a provider is set: explained without a model")
    return 0


def show(item: Item, session: Session) -> None:
    """Explain a command of the menu: its parts and all its risks; a model is asked only where it said nothing yet."""
    from assay.terminal.explaining import Explanation
    from assay.terminal.look import Look

    explanation, look = Explanation(item.command), Look.of(sys.stdout)
    _known(explanation, look, item.arguments)
    if not item.explanations and not session.looks_up:
        click.echo()
        _words(explanation, session.chosen, session.redactor)


def _known(explanation: Explanation, look: Any, arguments: Any = None) -> None:
    from assay.terminal import explaining, showing
    from assay.terminal.proposal import assessed
    from assay.terminal.visible import visible

    risk = assessed(explanation.command)
    for line in (*look.code(visible(explanation.command, spaces=True)),
                 *showing.risk(risk, look, most=len(risk.findings)), "",
                 *explaining.parts(explanation.parts, look)):
        click.echo(line)
    if arguments:
        click.echo("\n" + look("  in the model's words", "dim"))
        for line in explaining.parts(list(arguments.items()), look):
            click.echo(line)
    elif explanation.recipes:
        click.echo("\n" + look("  recipes alike", "dim"))
        for line in explaining.alike(explanation.recipes, look):
            click.echo(line)


def _words(explanation: Explanation, model: LanguageModel, redactor: Redactor) -> None:
    """Show a model's explanation as it comes."""
    from assay.terminal import streamed
    from assay.terminal.visible import visible
    from assay.terminal.wire.errors import ProviderError, told

    try:
        with closing(explanation.words(model, redactor)) as pieces:
            streamed.shown(pieces, lambda text: visible(redactor.restore(text), strip=True), f"asking {model.name}")
    except ProviderError as error:
        raise told(error, model) from error
    finally:
        model.close()


def _in_words(explanation: Explanation, model: LanguageModel | None, redactor: Redactor) -> dict[str, Any]:
    """Return a model's explanation and what it took, as JSON."""
    from assay.terminal.visible import visible
    from assay.terminal.wire.errors import ProviderError, told

    document: dict[str, Any] = {"model": None, "explanation": None, "usage": None, "cost_usd": None, "redacted": []}
    if model is None:
        return document
    try:
        text = "".join(explanation.words(model, redactor))
    except ProviderError as error:
        raise told(error, model) from error
    finally:
        model.close()
    usage = explanation.reply.usage if explanation.reply else None
    return {"model": model.name, "explanation": visible(redactor.restore(text), strip=True),
            "usage": usage and {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens},
            "cost_usd": model.cost(usage) if usage else None, "redacted": redactor.found}
