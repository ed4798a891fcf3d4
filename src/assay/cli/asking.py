"""cmd: turn words into commands. This file is read for the help too, so it holds the options and nothing else."""

from __future__ import annotations

from typing import Any

import click


@click.command("cmd", short_help="Turn a request into shell commands, to look at and run.")
@click.argument("text", nargs=-1)
@click.option("--model", "-m", metavar="M", help="A name of `assay list models`, or WIRE:ID.")
@click.option("--offline", is_flag=True, help="Open no socket: recipes, or the model file in --model gguf:PATH.")
@click.option("--fast", is_flag=True, help="Ask for the commands only, without explanations.")
@click.option("--shots", metavar="few|zero|K", help="Examples in the prompt: the usual ones, none, or K recipes.")
@click.option("--temperature", type=click.FloatRange(0, 2), metavar="T", help="Default 0.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="S", default=60.0,
              help="Seconds a call; default 60.")
@click.option("--recipes", type=click.Path(), metavar="DIR", help="A checkout of tldr-pages, instead of own recipes.")
@click.option("--print", "only_print", is_flag=True, help="Write nothing but the commands, one a line.")
@click.option("--try", "try_first", is_flag=True, help="Show what the commands would change in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.option("--show-request", is_flag=True, help="Write what would be sent, secrets taken out; send nothing.")
@click.option("--explain", is_flag=False, flag_value="", metavar="COMMAND", help="Explain a command.")
@click.option("--risk", is_flag=False, flag_value="", metavar="COMMAND",
              help="Say what a command can do at worst; - reads them, one a line or NUL-separated.")
@click.option("--line", is_flag=True, hidden=True, help="As --print, but in one text for an edit line.")
def cmd(text: tuple[str, ...], **options: Any) -> int:
    """Turn TEXT into shell commands, show their risk, and do with them what you say.

    Nothing runs without a key pressed at the terminal. What is piped in is handed over as data.

    \b
    assay cmd find the ten largest files below here
    git log -5 | assay cmd 'revert the commit that touched the parser'
    assay --offline cmd unpack backup.tar.gz
    assay cmd --explain 'tar -xzf a.tgz -C /'
    """  # noqa: D301  (click takes the backspace for: leave these lines as they are)
    from assay.cli import asked

    return asked.run(" ".join(text), **options)
