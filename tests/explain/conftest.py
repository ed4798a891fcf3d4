"""Networks of the tests are tiny and run on one thread."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Several test workers share the machine's cores."""
    import torch

    torch.set_num_threads(1)
