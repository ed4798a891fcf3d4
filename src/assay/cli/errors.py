"""Errors as a reader meets them: what, expected, found, what to do; never a traceback unless asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import click

from assay.core.errors import USAGE, AssayError, describe, did_you_mean

INTERRUPTED, READER_GONE, INTERNAL = 130, 141, 70


class ReaderGone(Exception):
    """Nobody reads our standard output any more."""


class UnknownVerb(AssayError):
    """A command that does not exist."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no command {name!r}", did_you_mean(name, known) or "see assay --help", USAGE)


def guarded(run: Callable[[], object]) -> int:
    """Run a command and return the exit code; every error is told on stderr."""
    try:
        result = run()
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except AssayError as error:
        tell(error.message, error.hint)
        return error.code
    except click.ClickException as error:
        tell(error.format_message(), _usage_hint(error))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        note("interrupted; what was finished is kept")
        return INTERRUPTED
    except (ReaderGone, BrokenPipeError):
        # The interpreter flushes standard output once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except Exception as error:
        tell(f"unexpected {describe(error)}", "this is a fault of assay or of a plugin: ASSAY_DEBUG=1 shows where")
        return INTERNAL


def tell(message: str, hint: str = "") -> None:
    """Write an error to stderr: ``error: what``, then what to do."""
    click.echo(paint("error: ", "red") + message, err=True)
    for line in hint.splitlines():
        click.echo("  " + line, err=True)
    if os.environ.get("ASSAY_DEBUG", "") not in ("", "0") and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()


def note(message: str) -> None:
    """Write a line to stderr that is neither a result nor an error."""
    click.echo(message, err=True)


def paint(text: str, colour: str) -> str:
    """Return the text in colour, if stderr is a terminal and NO_COLOR is not set."""
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return click.style(text, fg=colour, bold=True) if coloured else text


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path} --help" if context else ""
