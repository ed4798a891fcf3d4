"""What a shell command can do at worst: a walk of its syntax tree against a table of programs, subcommands, flags.

Nothing is run. Whatever the text, the answer is a level, with the parts that make it and a sentence for each.
"""

from __future__ import annotations

from assay.terminal.risk.levels import LEVELS, Finding, Risk

__all__ = ["LEVELS", "Finding", "Risk", "assess"]


def assess(command: str, cwd: str | None = None) -> Risk:
    """Return what a command can do at worst, the maximum over all its parts; never raises.

    Parameters
    ----------
    command : str
        Shell text; several lines, functions and broken syntax included.
    cwd : str, optional
        The folder it would run in, for what exists there; this process's by default.

    >>> assess("rm --help").level, assess("rm -rf build").level, assess("rm -rf ~").level
    ('read-only', 'destroys', 'unbounded')
    """
    from assay.terminal.risk.assessment import assessed

    return assessed(command, cwd)
