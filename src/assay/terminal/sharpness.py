"""How sharp the checkers are, as controls showed: it stands beside every score, since no score is better than that."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assay.terminal import caselist, sandbox
from assay.terminal.caselist import CommandCase

FILE = Path(__file__).with_name("sharpness.json")
COUNTS = ("good", "bad", "mutants", "rejected")


def key(case: CommandCase) -> str:
    """Return the hash of all that a measurement depends on: the case, its controls, the sandbox."""
    parts = [case.digest, case.good, case.bad, sandbox.VERSION]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def measured(cases: Iterable[str]) -> dict[str, Any] | None:
    """Return what controls of these cases showed, in the form of ``assay terminal controls --json``.

    Only what was measured of a case as it is now counts.

    Parameters
    ----------
    cases : iterable of str
        Ids; unknown ones are left out.

    Returns
    -------
    dict or None
        ``cases`` (how many were measured), ``good``, ``bad``, ``mutants``; None if none was.
    """
    kept, current = _kept(), _current()
    found = [kept[case] for case in set(cases) if case in kept and kept[case]["key"] == current.get(case)]
    if not found:
        return None
    total = {name: sum(entry[name] for entry in found) for name in COUNTS}
    rate = round(total["rejected"] / total["mutants"], 4) if total["mutants"] else None
    return {"cases": len(found), **{kind: {"n": total[kind], "as_expected": total[kind]} for kind in ("good", "bad")},
            "mutants": {"n": total["mutants"], "rejected": total["rejected"], "rate": rate}}


def write(counts: dict[str, dict[str, int]]) -> None:
    """Keep what was measured, a line a case: numbers of good and bad controls, of mutants, of rejected mutants."""
    lines = [f'"{case}": {json.dumps({"key": _current()[case], **{name: found[name] for name in COUNTS}})}'
             for case, found in sorted(counts.items())]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _kept() -> dict[str, dict[str, Any]]:
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


@functools.cache
def _current() -> dict[str, str]:
    return {case.id: key(case) for case in caselist.load() if not case.refused}
