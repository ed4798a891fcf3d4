"""The command ``assay``: a table of verbs, and nothing that the verb at hand does not need."""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

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
    "Ask for a command": {
        "cmd": ("asking:cmd", "Turn a request into shell commands, to look at and run."),
        "try": ("trying:try_", "Show what a command would change, before it does."),
        "chat": ("chatting:chat", "Talk with a language model."),
        "log": ("logbook:log", "Look up what was asked and answered."),
        "prompts": ("prompts:prompts", "Show the prompts that models are sent."),
        "keys": ("keys:keys", "Keep the keys of providers."),
        "shell-init": ("shellinit:shell_init", "Put the key binding into bash, zsh or fish."),
        "terminal": ("terminal:terminal", "Judge commands: cases, controls, sandbox, evaluation."),
    },
    "Keep house": {
        "models": ("models:models", "Add models of your own, check that models work."),
        "store": ("stores:store", "Export, merge, clean and verify results."),
        "import-mlpeg": ("mlpeg:import_mlpeg", "Read ML-PEG's tables, score them here."),
        "demo": ("demo:demo", "Run five benchmarks on five models, open the app."),
    },
}
WIDEST = 100  # columns of help
HIDDEN = {"analyze": "scoring:analyse"}
ASKING = ("cmd", "chat")  # verbs whose --model, --temperature and --offline may also stand before them
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


def _width() -> int:
    """Return the columns of help; click would import shutil to learn it, and that half of the archive formats."""
    columns = os.environ.get("COLUMNS", "")
    try:
        width = int(columns) if columns.isdecimal() else os.get_terminal_size(1).columns
    except (OSError, ValueError):
        width = 0
    return max(min(width or 80, WIDEST) - 2, 50)


@click.group(cls=Verbs, invoke_without_command=True,
             context_settings={"help_option_names": ["-h", "--help"], "terminal_width": _width()},
             epilog="Results are kept in ASSAY_HOME, data and environments in ASSAY_CACHE; both have defaults.")
@click.version_option(assay.__version__, prog_name="assay")
@click.option("--model", metavar="M", help="For cmd and chat: the model.")
@click.option("--temperature", type=float, metavar="T", help="For cmd and chat: how freely it answers.")
@click.option("--offline", is_flag=True, help="For cmd and chat: open no socket.")
@click.pass_context
def verbs(ctx: click.Context, /, **asking: object) -> None:
    """Put a machine-learning component through the evidence it needs before it goes into a product.

    Start with `assay demo`, or with `assay list` and `assay run -b 'atoms/s22' -m 'gfn2-xtb'`.
    """
    given = {name: value for name, value in asking.items() if value not in (None, False)}
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
    elif given and ctx.invoked_subcommand not in ASKING:
        raise click.UsageError(f"--{next(iter(given))} before the verb is for {' and '.join(ASKING)}")
    ctx.default_map = dict.fromkeys(ASKING, given)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code (see DESIGN section 6)."""
    code = guarded(lambda: verbs.main(args, prog_name="assay", standalone_mode=False))
    if args is None:
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> None:
    """End the process at once where there is nothing to end but Python itself, which would cost a fifth of a help page.

    Whoever has something to do at the end registers it, or has a thread: then the interpreter ends as usual.
    """
    if atexit._ncallbacks() or threading.active_count() > 1:
        return
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
