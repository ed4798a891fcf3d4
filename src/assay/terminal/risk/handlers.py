"""The functions that know more of a program than the table can say, by the name the table gives them."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable

from assay.terminal.risk.call import Call

Handler = Callable[[Call], str]


@functools.cache
def find(name: str) -> Handler:
    """Return a handler: ``module.function``, or ``module`` where the function is called like it."""
    module, _, function = name.partition(".")
    found = importlib.import_module(f"assay.terminal.risk.{module}")
    handler: Handler = getattr(found, function or module)
    return handler
