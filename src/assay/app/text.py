"""Numbers, intervals and times as a reader meets them, in the terminal, in reports and on pages."""

from __future__ import annotations

import math

NONE = "–"


def number(value: float | None, digits: int = 3, like: float | None = None) -> str:
    """Return the value with at least `digits` significant digits; a dash for None, NaN and infinity.

    Parameters
    ----------
    value : float or None
    digits : int
    like : float, optional
        Take as many decimals as this number gets: an interval beside its value.

    >>> [number(x) for x in (3.14159, 1234.5, 0.0123456, 1e-7, -0.0, None)]
    ['3.14', '1234', '0.0123', '1.00e-07', '0.00', '–']
    >>> number(0.00012, like=1.34)
    '0.00'
    """
    if value is None or not math.isfinite(value):
        return NONE
    pattern = like if like is not None and math.isfinite(like) else value
    size = math.floor(math.log10(abs(pattern))) if pattern else 0
    if not -4 <= size <= 6:
        return f"{value:.{digits - 1}e}"
    return f"{value + 0.0:z.{max(0, digits - 1 - size)}f}"


def score(value: float | None) -> str:
    """Return a score between 0 and 1 with three decimals.

    >>> score(1.0), score(None)
    ('1.000', '–')
    """
    return NONE if value is None else f"{value:.3f}"


def interval(low: float | None, high: float | None, like: float | None = None, digits: int = 3) -> str:
    """Return ``[low, high]`` with the decimals of the value it belongs to; nothing where an end is unknown.

    >>> interval(0.5, 1.25, like=0.824), interval(None, 1.0)
    ('[0.500, 1.250]', '')
    """
    if low is None or high is None:
        return ""
    return f"[{number(low, digits, like)}, {number(high, digits, like)}]"


def percent(share: float | None) -> str:
    """Return a share as a percentage; only all of it is 100 %, only nothing is 0 %.

    >>> percent(1.0), percent(0.999), percent(0.001), percent(None)
    ('100 %', '99 %', '1 %', '–')
    """
    if share is None:
        return NONE
    whole = math.floor(100 * share + 1e-9)
    return f"{1 if whole == 0 and share > 0 else whole} %"


def seconds(duration: float) -> str:
    """Return a duration in s, rounded as people say it.

    >>> [seconds(x) for x in (0.0004, 0.04, 0.3, 3.21, 59.7, 75, 7300)]
    ['0.4 ms', '40 ms', '0.3 s', '3.2 s', '60 s', '1 min 15 s', '2 h 01 min']
    """
    if duration < 0.1:
        return f"{1000 * duration:.{0 if duration >= 0.01 else 1}f} ms"
    if duration < 10:
        return f"{duration:.1f} s"
    if duration < 60:
        return f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(number_of: int, noun: str) -> str:
    """Return the number and the noun, in the plural where it has to be.

    >>> count(1, "case"), count(2, "case")
    ('1 case', '2 cases')
    """
    return f"{number_of} {noun}{'' if number_of == 1 else 's'}"
