"""The options that mean the same on every verb."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

GLOBS = {
    "benchmarks": ("-b", "--benchmark", "Benchmarks, as 'atoms/*' (repeatable)."),
    "models": ("-m", "--model", "Models, as 'chgnet*' (repeatable)."),
    "categories": ("--category", "--category", "Categories of benchmarks (repeatable)."),
    "cases": ("--case", "--case", "Case ids (repeatable)."),
}

as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
jobs = click.option("--jobs", type=click.IntRange(1), metavar="N",
                    help="Workers at once; default ASSAY_JOBS, else the number of cores.")
again = click.option("--again", type=click.Choice(["failed", "all"]), default=None,
                     help="Do only what failed, or everything, once more.")


def selection(*names: str) -> Callable[[Command], Command]:
    """Give a command the selectors of these names, as one `assay.flow.selection.Selection` called `selection`.

    Parameters
    ----------
    names : str
        Of the fields of `Selection`.
    """
    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def wrapped(**options: Any) -> Any:
            from assay.flow.selection import Selection

            return command(selection=Selection(**{name: options.pop(name) for name in names}), **options)

        decorated: Any = wrapped
        for name in reversed(names):
            decorated = _option(name)(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def _option(name: str) -> Callable[[Command], Command]:
    if name == "limit":
        return click.option("--limit", type=click.IntRange(1), metavar="N", help="The first N cases of each benchmark.")
    if name == "full":
        return click.option("--full", is_flag=True, help="Also the cases tagged full.")
    short, long, text = GLOBS[name]
    return click.option(*dict.fromkeys((short, long)), name, multiple=True, metavar="GLOB", help=text,
                        shell_complete=_completed(name))


def _completed(name: str) -> Callable[..., list[str]]:
    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        from assay.core.registry import registry

        registry.load()
        known = {"benchmarks": sorted(registry.benchmarks), "models": sorted(registry.models),
                 "categories": sorted({item.category for item in registry.benchmarks.values()})}
        return [word for word in known.get(name, []) if word.startswith(incomplete)]

    return complete
