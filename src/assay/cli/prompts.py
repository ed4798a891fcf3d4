"""prompts: what models are sent, rendered as for this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assay.cli import output, selectors

if TYPE_CHECKING:
    from assay.terminal.prompts import Prompt

REQUEST = "(your request)"
SHOWN = 12  # digits of a digest that a person is shown
STYLES = {"system": "cyan", "user": "green", "assistant": "magenta"}

request_option = click.option("--request", "-r", default=REQUEST, metavar="TEXT", help="A request to put in.")


@click.group(short_help="Show the prompts that models are sent.")
def prompts() -> None:
    """Show the prompts that models are sent: twelve variants, MODE-EXAMPLES-STYLE.

    regular answers are explained, fast ones are bare commands; few has examples, zero has none, retrieved has the
    recipes nearest to the request; chat has turns, completion one transcript for a model that only continues text.
    """


@prompts.command("list", short_help="List the variants.")
@selectors.as_json
def list_variants(as_json: bool) -> None:
    """List the variants: how long each is, in tokens as estimated without a request, and its digest."""
    from assay.terminal.prompts import DEFAULT, VARIANTS

    rendered = [(name, _rendered(name, "")) for name in VARIANTS]
    if as_json:
        output.document({"default": DEFAULT, "variants": [
            {"name": name, "mode": prompt.mode, "examples": prompt.variant.shots, "style": prompt.variant.style,
             "tokens": prompt.tokens, "digest": prompt.digest} for name, prompt in rendered]})
        return
    table = output.table("", "variant", ">tokens", "digest", "")
    for name, prompt in rendered:
        table.add_row(name, str(prompt.tokens), output.styled(prompt.digest[:SHOWN], "dim"),
                      output.styled("default", "green") if name == DEFAULT else "")
    output.show(table)


@prompts.command(short_help="Show a prompt as it is sent.")
@click.argument("variant", required=False)
@request_option
@selectors.as_json
def show(variant: str | None, request: str, as_json: bool) -> None:
    """Show what is sent in the VARIANT (default: regular-few-chat), turn by turn, rendered for here and now."""
    from assay.terminal.prompts import DEFAULT

    name = variant or DEFAULT
    prompt = _rendered(name, request)
    if as_json:
        output.document({"variant": name, "digest": prompt.digest, "tokens": prompt.tokens, "stop": list(prompt.stop),
                         "messages": prompt.messages, "answer_schema": prompt.schema})
        return
    output.show(*(part for message in prompt.messages for part in _turn(message)),
                output.styled(_summary(name, prompt), "dim"))


@prompts.command(short_help="Compare two prompts.")
@click.argument("a")
@click.argument("b")
@request_option
@selectors.as_json
def diff(a: str, b: str, request: str, as_json: bool) -> None:
    """Show in which lines the variants A and B differ, rendered for here and now with the same request."""
    import difflib

    first, second = _rendered(a, request), _rendered(b, request)
    lines = list(difflib.unified_diff(_lines(first), _lines(second), a, b, lineterm=""))
    if as_json:
        output.document({"a": a, "b": b, "tokens": {"a": first.tokens, "b": second.tokens}, "diff": lines})
        return
    output.show(*(output.styled(line, _diff_style(line)) for line in lines),
                output.styled(f"{a}: about {first.tokens} tokens; {b}: about {second.tokens}", "dim"))


def _rendered(variant: str, request: str) -> Prompt:
    from assay.terminal.asking import shown_recipes
    from assay.terminal.context import here
    from assay.terminal.prompts import render

    examples = shown_recipes(request) if "-retrieved-" in variant else None
    return render(variant, request, here(), examples=examples)


def _turn(message: dict[str, str]) -> list[Any]:
    """Return a turn for a reader: who speaks, what is said, an empty line."""
    from rich.text import Text

    return [output.styled(message["role"], f"bold {STYLES[message['role']]}"), Text(message["content"]), ""]


def _summary(name: str, prompt: Prompt) -> str:
    parts = [name, f"about {prompt.tokens} tokens", f"digest {prompt.digest[:SHOWN]}"]
    parts += [f"stops at {stop!r}" for stop in prompt.stop]
    return " · ".join([*parts, "the answer's JSON schema goes along" if prompt.schema else "no JSON schema"])


def _lines(prompt: Prompt) -> list[str]:
    return [line for message in prompt.messages
            for line in (f"[{message['role']}]", *message["content"].splitlines())]


def _diff_style(line: str) -> str:
    if line.startswith(("---", "+++")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
