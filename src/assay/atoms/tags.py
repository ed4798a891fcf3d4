"""Tags of cases: the elements by which results are filtered, and whether a species is charged."""

from __future__ import annotations

from collections.abc import Iterable

from ase import Atoms


def elements(symbols: Iterable[str]) -> tuple[str, ...]:
    """Return ``el:X`` for each different symbol, sorted.

    >>> elements(["O", "H", "H"])
    ('el:H', 'el:O')
    """
    return tuple(f"el:{symbol}" for symbol in sorted(set(symbols)))


def of(*structures: Atoms) -> tuple[str, ...]:
    """Return the tags of a case about these structures: its elements, and ``charged`` if one of them is."""
    symbols = [symbol for atoms in structures for symbol in atoms.symbols]
    charged = any(atoms.info.get("charge") for atoms in structures)
    return elements(symbols) + (("charged",) if charged else ())
