"""Imported models refuse to load; their benchmarks are classes like any other."""

from __future__ import annotations

import pytest

from assay import Model, Skip
from assay.core.errors import LoadError
from assay.mlpeg.registering import CASE, ImportedTable, entry


def test_the_loader_says_why_it_cannot() -> None:
    with pytest.raises(LoadError, match="mace: imported from ML-PEG"):
        entry("mace").load()


def test_calc_skips() -> None:
    with pytest.raises(Skip, match="nothing to compute"):
        ImportedTable().calc(None, CASE)


def test_the_functional_is_no_part_of_the_digest_and_the_name_is() -> None:
    assert entry("mace", "PBE").digest == entry("mace").digest != entry("orb").digest
    assert isinstance(entry("mace"), Model)
