"""The command ``assay``: a table of verbs, and nothing that the verb at hand does not need."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

import assay
from assay.cli.errors import ReaderGone, UnknownVerb, guarded

# verb -> (module:command, one line of help); a test holds the lines equal to what the commands say of themselves.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Look around": {
        "list": ("listing:list_verb", "List benchmarks, models and families."),
        "show": ("listing:show", "Show all there is to know of a benchmark or a model."),
        "doctor": ("doctor:doctor", "Check this installation and say what to do."),
    },
    "Compute": {
        "download": ("running:download", "Fetch the reference data of benchmarks."),
        "calc": ("running:calc", "Run what is missing: every case, every model."),
        "analyse": ("scoring:analyse", "Score what the store holds: metrics, leaderboard."),
        "run": ("running:run", "Do calc, then analyse."),
    },
    "Judge": {
        "compare": ("scoring:compare", "Compare two models on the cases both have."),
        "app": ("serving:app", "Open the leaderboard in a browser."),
        "report": ("reporting:report", "Write everything into one HTML or Markdown file."),
    },
    "Understand": {
        "explain": ("explaining:explain", "Show what a network looks at in a picture, a sound, an array."),
    },
    "Keep house": {
        "models": ("models:models", "Add models of your own, check that models work."),
        "store": ("stores:store", "Export, merge, clean and verify results."),
        "import-mlpeg": ("mlpeg:import_mlpeg", "Read ML-PEG's tables, score them here."),
        "demo": ("demo:demo", "Run four benchmarks on four models, open the app."),
    },
}
HIDDEN = {"analyze": "scoring:analyse"}
VERBS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class Verbs(click.Group):
    """A group that imports a command's module when the command is used, not when the group's help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names that help shows."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        reference = HIDDEN.get(cmd_name) or (VERBS[cmd_name][0] if cmd_name in VERBS else None)
        if reference is None:
            return None
        module, _, attribute = reference.partition(":")
        command = getattr(importlib.import_module(f"assay.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
            self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the first argument, or say which ones are near."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise UnknownVerb(args[0], list(VERBS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of the table; no module is imported."""
        for title, verbs in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, line) for name, (_, line) in verbs.items()], col_max=12)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a reader that went away (``| head``) is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None


@click.group(cls=Verbs, invoke_without_command=True,
             context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
             epilog="Results are kept in ASSAY_HOME, data and environments in ASSAY_CACHE; both have defaults.")
@click.version_option(assay.__version__, prog_name="assay")
@click.pass_context
def verbs(ctx: click.Context) -> None:
    """Put a machine-learning component through the evidence it needs before it goes into a product.

    Start with `assay demo`, or with `assay list` and `assay run -b 'atoms/s22' -m 'gfn2-xtb'`.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code (see DESIGN section 6)."""
    sys.exit(guarded(lambda: verbs.main(args, prog_name="assay", standalone_mode=False)))
