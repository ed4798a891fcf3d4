"""Level of theory: what metrics say of their reference, and how that stands to a model."""

from __future__ import annotations

import pytest

from assay.app.levels import Level, mark, read


@pytest.mark.parametrize(("level", "functional", "expected"), [
    ("PBE", "pbe", "same functional"), ("PBE", "r2scan", "other functional"), ("r²SCAN", "r2scan", "other functional"),
    ("r2SCAN", "r2scan", "same functional"), ("PBE+D3(BJ)/VASP", "pbe", "same functional"),
    ("ωB97M-V", "pbe", "other functional"), ("ωB97M-V/ORCA", "ωB97M-V", "same functional"),
    ("CCSD(T)/CBS", "pbe", "higher reference"), ("DMC", "GFN2-xTB", "higher reference"),
    ("W4", "pbe", "higher reference"), ("MP2", "pbe", "higher reference"), ("experiment", "pbe", "experiment"),
    ("PBE", "", None), (None, "pbe", None),
])
def test_mark(level: str | None, functional: str, expected: str | None) -> None:
    assert mark({"functional": functional}, level) == expected


def test_parts_of_a_level() -> None:
    assert read("PBE-D4/FHI-aims") == Level("functional", "pbe", "d4", "fhi-aims")
    assert read("WIEN2k PBE") == Level("functional", "pbe", "", "wien2k")
