"""The rate that stands beside scores is of the cases as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.terminal import caselist, sharpness


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "sharpness.json"
    monkeypatch.setattr(sharpness, "FILE", file)
    return file


def valid() -> list[str]:
    return [case.id for case in caselist.load() if not case.refused]


def test_every_case_was_measured_as_it_is_now() -> None:
    stale = [case for case in valid() if sharpness.measured([case]) is None]
    assert not stale, "run scripts/sharpness"


def test_enough_damaged_commands_are_rejected() -> None:
    own = sharpness.measured(case.id for case in caselist.own())
    assert own is not None
    assert own["mutants"]["n"] >= 500
    assert own["mutants"]["rate"] >= 0.6
    assert own["cases"] == 120


def test_counts_add_up(kept: Path) -> None:
    first, second = valid()[:2]
    sharpness.write({first: {"good": 3, "bad": 4, "mutants": 6, "rejected": 5},
                     second: {"good": 4, "bad": 3, "mutants": 2, "rejected": 1}})
    assert sharpness.measured([first, second, first, "no/such"]) == {
        "cases": 2, "good": {"n": 7, "as_expected": 7}, "bad": {"n": 7, "as_expected": 7},
        "mutants": {"n": 8, "rejected": 6, "rate": 0.75}}
    assert sharpness.measured([second])["mutants"] == {"n": 2, "rejected": 1, "rate": 0.5}


def test_what_was_measured_of_another_version_does_not_count(kept: Path) -> None:
    case = valid()[0]
    sharpness.write({case: {"good": 3, "bad": 4, "mutants": 0, "rejected": 0}})
    assert sharpness.measured([case])["mutants"]["rate"] is None
    entry = json.loads(kept.read_text())
    entry[case]["key"] = "0" * 16
    kept.write_text(json.dumps(entry))
    assert sharpness.measured([case]) is None
    kept.unlink()
    assert sharpness.measured([case]) is None
