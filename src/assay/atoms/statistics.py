"""Statistics that analyses share; numpy only, since each is run a thousand times for an interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.core.record import StoredRecord


def column(records: Sequence[StoredRecord], name: str) -> np.ndarray:
    """Return the value `name` of every record, shape [records]."""
    return np.array([record[name] for record in records], float)


def differences(records: Sequence[StoredRecord], predicted: str = "predicted",
                reference: str = "reference") -> np.ndarray:
    """Return predicted - reference of every record, shape [records]; both come from the same record."""
    return column(records, predicted) - column(records, reference)


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Return Spearman's rank correlation, with mean ranks for ties; 0 where one of the two does not vary.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 8.0, 27.0]))
    1.0
    """
    deviations = [ranks - ranks.mean() for ranks in (_ranks(x), _ranks(y))]
    norm = np.sqrt(np.prod([(item ** 2).sum() for item in deviations]))
    return float(deviations[0] @ deviations[1] / norm) if norm else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
