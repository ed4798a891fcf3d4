"""Numbers that a user gives: what they must be, said in one way."""

from __future__ import annotations

import math
from typing import Any

from assay.core.errors import AssayError


def at_least(name: str, value: Any, least: float = 0.0, hint: str = "") -> None:
    """Raise AssayError unless a value is a finite number of at least `least`.

    >>> at_least("gamma", 0.25)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < least:
        raise AssayError(f"{name}={value!r}, expected a number of at least {least:g}", hint)


def whole(name: str, value: Any, least: int = 1) -> None:
    """Raise AssayError unless a value is an int of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise AssayError(f"{name}={value!r}, expected an int of at least {least}")


def finite(name: str, value: Any) -> None:
    """Raise AssayError unless a value is a finite number, or a tensor of such."""
    import torch

    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if isinstance(value, torch.Tensor):
        good = not value.is_complex() and bool(torch.isfinite(value).all())
    if not good:
        what = f"a tensor {tuple(value.shape)} with NaN or infinity" if isinstance(value, torch.Tensor) else repr(value)
        raise AssayError(f"{name} is {what}, expected a finite number, or a tensor of finite numbers")
