"""One assessment from its beginning to its end, whatever the text is."""

from __future__ import annotations

import os
import re

from assay.core.errors import describe
from assay.terminal.risk import marks, targets
from assay.terminal.risk.levels import UNSURE, Risk
from assay.terminal.risk.report import Enough, Report
from assay.terminal.risk.scope import Scope
from assay.terminal.risk.walk import Walk
from assay.terminal.shellsyntax import parse

LONGEST = 100_000  # characters
HIDDEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u061c]+")


def assessed(command: str, cwd: str | None) -> Risk:
    """Return the risk of a command; see `assay.terminal.risk.assess`."""
    report = Report(command)
    if len(command) > LONGEST:
        report.add("too-long", UNSURE, (LONGEST, len(command)), "the text is longer than this looks")
    for match in HIDDEN.finditer(command):
        report.add("hidden-characters", UNSURE, match.span(),
                   "it holds characters that do not show, so that it may not be what it looks like")
    scope = Scope((targets.normal(folder(cwd)),))
    try:
        Walk(parse(marks.foreign(command[:LONGEST])), report).run(scope)
    except Enough:
        report.add("too-long", UNSURE, (0, len(command)), "it does more than this looks at")
    except RecursionError:
        report.add("too-deep", UNSURE, (0, len(command)), "it is nested deeper than this looks")
    except Exception as error:
        # A mistake in here must not let a command pass unseen, nor take the terminal down with it.
        report.add("not-assessed", UNSURE, (0, len(command)),
                   f"it could not be looked at to its end ({describe(error)})")
    return report.risk()


def folder(cwd: str | None) -> str:
    """Return the absolute path of the folder commands run in; the root where there is none any more."""
    try:
        return os.path.abspath(cwd) if cwd is not None else os.getcwd()
    except OSError:
        return "/"
