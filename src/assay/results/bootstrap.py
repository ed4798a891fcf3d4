"""Bootstrap over cases (or clusters of cases): the same resampled ids for every model, so differences are paired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from assay.core.files import replacing
from assay.core.record import Case, digest

RESAMPLES, SEED = 1000, 0
PERCENTILES = (2.5, 97.5)

Floats = npt.NDArray[np.float64]
Item = TypeVar("Item")


def clusters(cases: Sequence[Case]) -> list[list[str]]:
    """Return groups of case ids that are drawn together, in a fixed order.

    A group is a cluster where every case has a tag ``cluster:X`` (frames of one drive are not independent), else
    a single case.
    """
    names = [next((tag for tag in case.tags if tag.startswith("cluster:")), None) for case in cases]
    if not cases or any(name is None for name in names):
        return [[case.id] for case in sorted(cases, key=lambda c: c.id)]
    groups: dict[str, list[str]] = {}
    for name, case in sorted(zip(names, cases, strict=True), key=lambda pair: (str(pair[0]), pair[1].id)):
        groups.setdefault(str(name), []).append(case.id)
    return list(groups.values())


def resample(groups: Sequence[Sequence[str]], statistic: Callable[[list[str]], Sequence[float]]) -> Floats:
    """Return the statistic of `RESAMPLES` samples of the groups, drawn with replacement.

    The seed is 0 and the ids: equal groups give equal draws, so that models are compared on the same ones. Other
    groups give others: were they drawn alike, two benchmarks would seem to depend on each other, and the interval of
    their mean would be wrong.

    Parameters
    ----------
    groups : sequence of sequences of case ids
        From `clusters`.
    statistic : callable
        Case ids (with repeats) -> K numbers.

    Returns
    -------
    ndarray of shape [RESAMPLES, K]
        Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13 (percentile intervals).
    """
    seed = [SEED, int(digest([list(group) for group in groups])[:16], 16)]
    draws = np.random.default_rng(seed).integers(len(groups), size=(RESAMPLES, len(groups)))
    return np.array([statistic([case for index in row for case in groups[index]]) for row in draws.tolist()], float)


def interval(samples: Floats) -> tuple[float, float] | tuple[None, None]:
    """Return the 2.5 and 97.5 percentiles of the finite samples; None where fewer than half are finite."""
    finite = samples[np.isfinite(samples)]
    if 2 * finite.size < max(samples.size, 1):
        return None, None
    # By hand: np.percentile needs five times longer, and a leaderboard of 60 benchmarks asks for ten thousand.
    ordered = np.sort(finite)
    low, high = (_interpolated(ordered, percentile / 100.0 * (ordered.size - 1)) for percentile in PERCENTILES)
    return low, high


def _interpolated(ordered: Floats, position: float) -> float:
    below = int(position)
    above = min(below + 1, ordered.size - 1)
    return float(ordered[below] + (position - below) * (ordered[above] - ordered[below]))


class IntervalCache:
    """Resampled statistics beside the store, one file each, named by what they were computed from.

    A folder that cannot be written costs time, not the result.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._memory: dict[str, Floats] = {}

    def get(self, key: str) -> Floats | None:
        """Return the samples stored under the key, or None."""
        if key not in self._memory:
            try:
                self._memory[key] = np.load(self._path(key), allow_pickle=False)
            except (OSError, ValueError, EOFError):
                return None
        return self._memory[key]

    def put(self, key: str, samples: Floats) -> None:
        """Keep the samples, in memory and on disk."""
        self._memory[key] = samples
        try:
            with replacing(self._path(key)) as stream:
                np.save(stream, samples, allow_pickle=False)
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npy"


def finite(values: Mapping[str, Any], name: str) -> float:
    """Return ``values[name]`` as a float, NaN if it is missing or no number."""
    try:
        return float(values[name])
    except (KeyError, TypeError, ValueError):
        return float("nan")
