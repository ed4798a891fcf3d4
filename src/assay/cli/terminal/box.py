"""terminal box: a command in the sandbox."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli import output, selectors


@click.command(short_help="Run a command in the sandbox.")
@click.argument("command", metavar="COMMAND")
@click.option("--fixture", type=click.Path(path_type=Path), metavar="FILE",
              help="A bash script that prepares the home: run inside, before the command.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=10.0, metavar="S",
              help="Seconds the command may take; default 10.")
@click.option("--shims/--no-shims", default=True,
              help="Stand-ins for docker, pip, ssh and others that act beyond the box: their calls are written down.")
@selectors.as_json
def box(command: str, fixture: Path | None, timeout: float, shims: bool, as_json: bool) -> int:
    """Run COMMAND in an empty home on a machine of its own, and say what it did.

    It has this machine's programs, no network but its own loopback, no other files, and limits. Programs that act
    beyond it are stand-ins.
    """
    from assay.terminal import caselist, sandbox

    stubs = {name: caselist.shim(name) for name in caselist.OUTSIDE} if shims else {}
    result = sandbox.run(sandbox.Job(command, _script(fixture), shims=stubs, timeout=timeout))
    if as_json:
        output.document(result.to_json())
    else:
        from assay.cli.terminal import report

        output.show(*report.box(command, result))
    return 0 if result.status == "checked" else 1


def _script(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(errors="surrogateescape")
    except OSError as error:
        from assay.core.errors import AssayError

        raise AssayError(f"--fixture {path}: {error.strerror}", "name a file with a bash script") from None
