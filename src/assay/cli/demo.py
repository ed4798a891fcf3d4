"""demo: real models on reference data that comes with the packages, then the app."""

from __future__ import annotations

import os
import sys

import click

BENCHMARKS = ("atoms/s22", "atoms/invariance", "atoms/force-consistency", "atoms/diatomics", "terminal/commands")
MODELS = ("gfn2-xtb", "gfn1-xtb", "chgnet-0.3.0", "chgnet-0.3.0+d3", "recipes")


@click.command(short_help="Run five benchmarks on five models, open the app.")
@click.option("--no-app", is_flag=True, help="Leave out the app.")
@click.option("--port", type=click.IntRange(0, 65535), default=8050, show_default=True, help="Port of the app.")
def demo(no_app: bool, port: int) -> int:
    """Run four interatomic potentials and a list of shell recipes through benchmarks, show the leaderboard and the app.

    Needs neither network nor mirror: models and reference data come with the installed packages. About a minute.
    """
    from assay.cli import running, scoring
    from assay.cli.errors import note
    from assay.core import config
    from assay.core.registry import registry
    from assay.core.store import Store
    from assay.flow.selection import Selection

    # Everything is at hand; a server somewhere must not be able to slow this down.
    os.environ["ASSAY_OFFLINE"] = "1"
    selection = Selection(benchmarks=BENCHMARKS, models=MODELS)
    note(f"{len(BENCHMARKS)} benchmarks, {len(MODELS)} models; results are kept in {config.home()}")
    with Store(config.home()) as store:
        outcome = running.computed(store, selection, as_json=False)
        scoring.print_board(scoring.Board.read(store, selection, registry))
    _say_what_is_next()
    if no_app:
        return outcome.exit_code
    from assay.app.server import serve

    serve(config.home(), "127.0.0.1", port, sys.stdout.isatty(), False)
    return outcome.exit_code


def _say_what_is_next() -> None:
    from assay.cli.errors import note

    note("next:\n"
         "  assay compare gfn1-xtb gfn2-xtb       which of two models is better, and is it certain\n"
         "  assay report -o report.html           all of it in one file\n"
         "  assay list                            more benchmarks and models\n"
         "  assay models add --help               a model of your own")
