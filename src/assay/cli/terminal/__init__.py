"""terminal: cases, judge, controls, box, eval; each imported when it is used."""

from __future__ import annotations

import importlib

import click

# command -> (module:attribute, one line of help), as in the table of verbs.
COMMANDS = {
    "cases": ("judging:cases", "List the requests, and what is known of them."),
    "judge": ("judging:judge", "Say whether commands are right for a request."),
    "controls": ("judging:controls", "Judge commands that are known to be right or wrong."),
    "box": ("box:box", "Run a command in the sandbox."),
    "eval": ("evaluating:eval_", "Measure a model on the benchmark."),
}


class Commands(click.Group):
    """A group that imports a command's module when the command is used, not for its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names that help shows."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f"assay.cli.terminal.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
            self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first argument, or say which ones are near."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from assay.cli.errors import UnknownVerb

            raise UnknownVerb(args[0], list(COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table; no module is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group("terminal", cls=Commands, short_help="Judge commands: cases, controls, sandbox, evaluation.")
def terminal() -> None:
    """Judge shell commands by what they do: requests with checkers, a sandbox, the evaluation of models."""
