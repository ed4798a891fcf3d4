"""The periodic table as a page draws it: symbols, and the row and column of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.app.site import Request

_TABLE = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc
Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi
Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
SYMBOLS = tuple(_TABLE.split())
NUMBER = {symbol: number for number, symbol in enumerate(SYMBOLS, start=1)}
NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)
COLUMNS, ROWS = 18, 9


def place(symbol: str) -> tuple[int, int]:
    """Return row and column (from 1) of an element; lanthanides and actinides are rows 8 and 9.

    >>> place("H"), place("He"), place("Si"), place("Fe"), place("La"), place("Hf")
    ((1, 1), (1, 18), (3, 14), (4, 8), (8, 3), (6, 4))
    """
    number = NUMBER[symbol]
    period = next(row for row, noble in enumerate(NOBLE) if number <= noble)
    since, until = number - NOBLE[period - 1], NOBLE[period] - number
    if period >= 6 and 3 <= since <= 17:
        return period + 2, since
    left = (since <= 2 and until) or (period in (4, 5) and until >= 6)
    return period, since if left else COLUMNS - until


def present_elements(request: Request) -> set[str]:
    """Return the elements that occur in the cases of the open family."""
    snapshot = request.site.snapshot
    names = [item.name for item in request.board.inside(request.state.category)]
    return {tag[3:] for name in names for sample in snapshot.samples(name)[:1] for case in sample.cases
            for tag in case.tags if tag.startswith("el:")}
