"""Work in a thread of its own, for what cannot be told when to stop waiting."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from assay.terminal.wire.errors import ProviderError

Take = Callable[[Any], bool]


class Apart:
    """Runs `work(take)` in a thread; what it hands to `take` can be had until a deadline.

    `take` returns whether nobody wants more: the work may stop then.
    """

    def __init__(self, work: Callable[[Take], object]) -> None:
        self._work = work
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopped = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Let the work stop at the next thing that it hands over."""
        self._stopped = True

    def items(self, deadline: float) -> Generator[Any, None, None]:
        """Yield what comes, until the work ends.

        Parameters
        ----------
        deadline : float
            A moment of ``time.monotonic()``.

        Raises
        ------
        ProviderError
            Of kind timeout, when the moment has come.
        Exception
            What the work raised.
        """
        try:
            while True:
                try:
                    kind, item = self._items.get(timeout=max(0.0, deadline - time.monotonic()))
                except queue.Empty:
                    raise ProviderError("timeout", None, "no answer in time") from None
                if kind == "end":
                    return
                if kind == "error":
                    raise item
                yield item
        finally:
            self.stop()

    def _run(self) -> None:
        try:
            self._work(self._take)
        except Exception as error:
            self._items.put(("error", error))
        self._items.put(("end", None))

    def _take(self, item: Any) -> bool:
        self._items.put(("item", item))
        return self._stopped
