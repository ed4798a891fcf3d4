"""Shares of few yes-or-no answers: how far a share can be trusted, and whether two of them differ."""

from __future__ import annotations

import math

Z = 1.959963984540054  # the 97.5 % point of the normal distribution


def wilson(k: int, n: int, z: float = Z) -> tuple[float, float]:
    """Return Wilson's score interval for a share of ``k`` in ``n``; unlike the usual one it holds for few answers.

    Parameters
    ----------
    k, n : int
        Yes answers, answers.
    z : float
        Normal quantile; the default makes a 95 % interval.

    Returns
    -------
    low, high : float
        0 and 1 where there is no answer: nothing is known.

    Raises
    ------
    ValueError
        Unless 0 <= k <= n.

    References
    ----------
    E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927).

    >>> [round(bound, 3) for bound in wilson(81, 85)]
    [0.885, 0.982]
    """
    if not 0 <= k <= n:
        raise ValueError(f"expected 0 <= k <= n, found k = {k}, n = {n}")
    if n == 0:
        return 0.0, 1.0
    share, squared = k / n, z * z
    centre = (share + squared / (2 * n)) / (1 + squared / n)
    half = z * math.sqrt(share * (1 - share) / n + squared / (4 * n * n)) / (1 + squared / n)
    # At the ends the formula gives 0 and 1, up to a rounding.
    return 0.0 if k == 0 else max(0.0, centre - half), 1.0 if k == n else min(1.0, centre + half)


def mcnemar(b: int, c: int) -> float:
    """Return the exact two-sided p value of McNemar's test.

    Parameters
    ----------
    b, c : int
        Requests that only one, and only the other, got right. Those that both got, or neither, say nothing.

    Returns
    -------
    float
        Probability of a split at least as uneven if both were equally good: a binomial with one half.

    Raises
    ------
    ValueError
        If a number is negative.

    References
    ----------
    Q. McNemar, Psychometrika 12, 153 (1947).

    >>> mcnemar(0, 0), mcnemar(0, 5), round(mcnemar(10, 2), 4)
    (1.0, 0.0625, 0.0386)
    """
    if b < 0 or c < 0:
        raise ValueError(f"expected no negative number, found {b} and {c}")
    n, fewer = b + c, min(b, c)
    # Whole numbers up to the one division: no rounding, whatever n is.
    ways = tail = 1  # of choosing i of n, and of choosing at most i
    for i in range(fewer):
        ways = ways * (n - i) // (i + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << n))
