"""What a run is doing, on stderr: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from assay.app.text import count, seconds
from assay.cli.errors import note, tell

BARS = 8  # at once; the pairs beyond wait their turn
LINE_SECONDS = 10.0  # between two lines of a pair


@dataclass
class Pair:
    """How far a benchmark and a model have come."""

    benchmark: str
    model: str
    todo: int
    reused: int
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    durations: list[float] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """Benchmark and model."""
        return f"{self.benchmark}  {self.model}"

    @property
    def done(self) -> int:
        """Number of cases that this run has answered."""
        return self.counts.total()

    def add(self, event: dict[str, Any]) -> None:
        """Count a case."""
        if not self.done:
            # The clock of the estimate starts with the first case: loading the model came before.
            self.started = time.monotonic() - event["seconds"]
        self.counts[event["status"]] += 1
        self.durations.append(event["seconds"])
        if event["status"] == "failed":
            self.reasons[event["reason"]] += 1

    def remaining(self) -> float | None:
        """Return the seconds left: the median case times the cases left, shared by the workers that were at it."""
        if not self.durations or self.done >= self.todo:
            return None
        at_once = max(1.0, sum(self.durations) / max(time.monotonic() - self.started, 1e-6))
        return statistics.median(self.durations) * (self.todo - self.done) / at_once

    def state(self) -> str:
        """Return the state in words: failed count, and the time left."""
        failed = f"{self.counts['failed']} failed" if self.counts["failed"] else ""
        left = self.remaining()
        return ", ".join(filter(None, [failed, f"about {seconds(left)} left" if left is not None else ""]))


class Display(Protocol):
    """Where progress is shown."""

    def begin(self, pair: Pair) -> None:
        """Show that a pair has work to do."""

    def update(self, pair: Pair) -> None:
        """Show that a case is done."""

    def say(self, text: str) -> None:
        """Show a line that is soon out of date."""

    def close(self) -> None:
        """Leave the terminal in order."""


class Progress:
    """Follows the events of a run; a context manager that owns the terminal while it runs."""

    def __init__(self, bars: bool) -> None:
        self.pairs: dict[tuple[str, str], Pair] = {}
        self.loaded: set[str] = set()
        self.told: set[str] = set()
        self.display: Display = Bars() if bars else Lines()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc: object) -> None:
        self.display.close()

    def __call__(self, event: dict[str, Any]) -> None:
        """Take an event of `assay.core.runner.run`."""
        kind = event["event"]
        if kind == "plan":
            pair = Pair(event["benchmark"], event["model"], event["todo"], event["reused"])
            self.pairs[pair.benchmark, pair.model] = pair
            if pair.todo:
                self.display.begin(pair)
        elif kind == "case":
            pair = self.pairs[event["benchmark"], event["model"]]
            pair.add(event)
            self.display.update(pair)
        elif kind == "setup":
            self.display.say(f"{event['model']}: {event['text']}")
        elif kind == "load" and event["model"] not in self.loaded:
            self.loaded.add(event["model"])
            self.display.say(f"{event['model']}: loaded in {seconds(event['seconds'])}")
        elif kind == "error" and event["message"] not in self.told:
            # The same file may be missing for every model: once is enough.
            self.told.add(event["message"])
            tell(event["message"], event["hint"])


class Lines:
    """Plain lines: the beginning and the end of each pair, and one now and then between."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def begin(self, pair: Pair) -> None:
        """Say what is to do."""
        reused = f", {pair.reused} there already" if pair.reused else ""
        note(f"{pair.name}: {count(pair.todo, 'case')} to do{reused}")
        self.last[pair.name] = time.monotonic()

    def update(self, pair: Pair) -> None:
        """Say how far it is, if the last time is long ago or the pair is done."""
        now = time.monotonic()
        if pair.done < pair.todo and now - self.last[pair.name] < LINE_SECONDS:
            return
        self.last[pair.name] = now
        state = pair.state()
        note(f"{pair.name}: {pair.done}/{pair.todo}" + (f", {state}" if state else ""))

    def say(self, text: str) -> None:
        """Say it."""
        note(text)

    def close(self) -> None:
        """Leave things as they are."""


class Bars:
    """A bar for each of the pairs at work."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        self.progress = Progress(
            SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(bar_width=24),
            MofNCompleteColumn(), TextColumn("{task.fields[state]}", style="dim"),
            console=Console(file=sys.stderr, markup=False, highlight=False), transient=True)
        self.bars: dict[str, Any] = {}
        self.waiting: list[Pair] = []
        self.said: Any = None
        self.progress.start()

    def begin(self, pair: Pair) -> None:
        """Add a bar, or let the pair wait for a place."""
        if len(self.bars) >= BARS:
            self.waiting.append(pair)
            return
        self.bars[pair.name] = self.progress.add_task(pair.name, total=pair.todo, completed=pair.done,
                                                      state=pair.state() or "waiting for the model")

    def update(self, pair: Pair) -> None:
        """Move the bar; one that is full gives its place to the next pair."""
        if pair.name not in self.bars:
            if pair.done < pair.todo:
                return
            self.waiting = [other for other in self.waiting if other is not pair]
        elif pair.done < pair.todo:
            self.progress.update(self.bars[pair.name], completed=pair.done, state=pair.state())
            return
        else:
            self.progress.remove_task(self.bars.pop(pair.name))
        mark = "✗" if pair.counts["failed"] else "✓"
        self.progress.print(f"{mark} {pair.name}  {pair.done}/{pair.todo}  {pair.state()}".rstrip())
        while self.waiting and len(self.bars) < BARS:
            self.begin(self.waiting.pop(0))

    def say(self, text: str) -> None:
        """Show the line below the bars, in place of the one before."""
        if self.said is not None:
            self.progress.remove_task(self.said)
        self.said = self.progress.add_task(text[:self.progress.console.width - 40], total=1, state="")

    def close(self) -> None:
        """Take the bars away; what is done stays as lines."""
        self.progress.stop()
