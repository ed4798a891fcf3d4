"""shell-init: what a shell reads to have the key and the function."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command("shell-init", short_help="Put the key binding into bash, zsh or fish.")
@click.argument("shell", type=click.Choice(SHELLS))
def shell_init(shell: str) -> None:
    """Print what SHELL has to read: Alt-e turns the words in the edit line into a command, `acmd WORDS...` asks too.

    The command waits in the edit line; Enter runs it, so history, cd and export are the shell's.

    \b
    eval "$(assay shell-init bash)"       in ~/.bashrc
    eval "$(assay shell-init zsh)"        in ~/.zshrc
    assay shell-init fish | source        in ~/.config/fish/config.fish
    """  # noqa: D301  (click takes the backspace for: leave these lines as they are)
    import sys

    from assay.terminal import shellint

    click.echo(shellint.script(shell, _program()), nl=False)
    if sys.stdout.isatty():
        from assay.cli.errors import note

        note('# nothing was changed; see --help for the line that your shell has to read')


def _program() -> str:
    """Return how this program is called: by its name where PATH leads to it, else by its path."""
    import os
    import shutil
    import sys

    here = os.path.abspath(sys.argv[0])
    found = shutil.which("assay")
    if os.path.basename(here) != "assay" or (found and os.path.samefile(found, here)):
        return "assay"
    return here
