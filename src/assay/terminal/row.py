"""A row of an evaluation: one request, what was answered, what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.core.record import StoredRecord
from assay.terminal.tally import REFUSAL_KINDS

# Of the values of a record, what a row shows.
SHOWN = ("request", "kind", "outcome", "via", "commands", "effect", "clean", "collateral", "risk", "seconds")
_NOTHING = {"via": "none", "commands": [], "effect": None, "clean": None, "collateral": [], "risk": None,
            "seconds": None, "repeats": ["error"]}


def outcome(status: str, kind: str | None, verdict: str) -> str:
    """Return what became of an answer.

    Parameters
    ----------
    status : str
        Of the answer: ok, refused or unusable.
    kind : str or None
        Of the request.
    verdict : str
        Of the judge, on commands.

    >>> outcome("ok", "invalid", "wrong"), outcome("ok", "valid", "right"), outcome("refused", "valid", "wrong")
    ('accepted', 'right', 'refused')
    """
    if status != "ok":
        return status
    return "accepted" if kind in REFUSAL_KINDS else verdict


def of(record: StoredRecord) -> dict[str, Any]:
    """Return the row of a record; one that failed is an error, and counts."""
    known = {"case": record.case, "tags": list(record.tags)}
    if record.status != "ok":
        return {**known, **_NOTHING, "request": None, "kind": kind(record.tags), "outcome": "error",
                "reason": record.reason}
    return {**known, **record.values}


def kind(tags: Sequence[str]) -> str | None:
    """Return the kind of request that a case's tags name; None where nobody knows."""
    return next((tag.partition(":")[2] for tag in tags if tag.startswith("kind:")), None)


def group(tags: Sequence[str]) -> str | None:
    """Return the group that a case's tags name."""
    return next((tag.partition(":")[2] for tag in tags if tag.startswith("group:")), None)


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``eval --json`` shows of a row."""
    return {"case": row["case"], **{name: row[name] for name in SHOWN}}
