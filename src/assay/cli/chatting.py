"""chat: a conversation with a model."""

from __future__ import annotations

from typing import Any

import click

LAST = "last"


class _Chat(click.Command):
    """A command whose ``-c`` may stand alone: what follows is an id only if it is a number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Say ``last`` where no number follows."""
        places = [place for place, word in enumerate(args) if word in ("-c", "--continue")]
        for place in reversed(places):
            if "--" not in args[:place] and not (args[place + 1:place + 2] or ["-"])[0].isdecimal():
                args.insert(place + 1, LAST)
        return super().parse_args(ctx, args)


@click.command("chat", cls=_Chat, short_help="Talk with a language model.")
@click.argument("text", nargs=-1)
@click.option("-c", "--continue", "go_on", metavar="[ID]", help="Go on with the last conversation, or with ID.")
@click.option("--model", "-m", metavar="M", help="A name of `assay list models`, or WIRE:ID.")
@click.option("--offline", is_flag=True, help="Open no socket: needs a model file, --model gguf:PATH.")
@click.option("--temperature", type=click.FloatRange(0, 2), metavar="T", default=0.2, help="Default 0.2.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="S", default=60.0,
              help="Seconds a call; default 60.")
def chat(text: tuple[str, ...], go_on: str | None, **options: Any) -> int:
    """Talk with a language model; TEXT is the first thing said.

    quit, exit or Ctrl-D ends it. Tab completes paths, → takes a suggestion, Alt-Enter begins a new line, Ctrl-C stops
    an answer. Where stdin or stdout is no terminal, TEXT is answered once, on stdout.

    \b
    assay chat
    assay chat -c
    journalctl -p err -b | assay chat what is wrong here
    """  # noqa: D301  (click takes the backspace for: leave these lines as they are)
    from assay.cli import talking

    return talking.run(" ".join(text), go_on, **options)
