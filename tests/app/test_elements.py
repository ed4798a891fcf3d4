"""The periodic table, against another table of it."""

from __future__ import annotations

from ase.data import chemical_symbols

from assay.app.elements import COLUMNS, ROWS, SYMBOLS, place


def test_symbols_are_those_of_ase() -> None:
    assert list(SYMBOLS) == chemical_symbols[1:]


def test_every_element_has_a_place_of_its_own() -> None:
    places = [place(symbol) for symbol in SYMBOLS]
    assert len(set(places)) == 118
    assert all(1 <= row <= ROWS and 1 <= column <= COLUMNS for row, column in places)


def test_groups() -> None:
    assert [place(symbol)[1] for symbol in ("Li", "Na", "Fr")] == [1, 1, 1]
    assert [place(symbol)[1] for symbol in ("He", "Ne", "Og")] == [18, 18, 18]
    assert [place(symbol)[1] for symbol in ("Cu", "Ag", "Au", "Rg")] == [11] * 4
    assert [place(symbol)[1] for symbol in ("Ti", "Zr", "Hf", "Rf")] == [4] * 4
    assert place("La")[0] == place("Lu")[0] == 8
    assert place("U")[0] == 9
