"""Work in a thread of its own."""

from __future__ import annotations

import threading
import time

import pytest

from assay.terminal.wire import ProviderError
from assay.terminal.wire.apart import Apart, Take


def test_items_come_in_order() -> None:
    assert list(Apart(lambda take: [take(n) for n in range(100)]).items(time.monotonic() + 30)) == list(range(100))


def test_an_error_of_the_work_comes_after_what_it_gave() -> None:
    def work(take: Take) -> None:
        take(1)
        raise ValueError("no more")

    items = Apart(work).items(time.monotonic() + 30)
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)


def test_work_that_hangs_is_left_at_the_deadline() -> None:
    ended = threading.Event()
    apart = Apart(lambda take: ended.wait(30))
    with pytest.raises(ProviderError) as caught:
        list(apart.items(time.monotonic() + 0.1))
    assert caught.value.kind == "timeout"
    ended.set()
    apart.thread.join(10)
    assert not apart.thread.is_alive()


def test_work_is_told_when_nobody_wants_more() -> None:
    def work(take: Take) -> None:
        while not take("x"):
            time.sleep(0.001)

    apart = Apart(work)
    items = apart.items(time.monotonic() + 30)
    next(items)
    items.close()
    apart.thread.join(10)
    assert not apart.thread.is_alive()
