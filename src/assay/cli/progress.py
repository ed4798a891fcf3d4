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
        return _state(self.counts["failed"], self.remaining())


def _state(failed: int, left: float | None) -> str:
    parts = [f"{failed} failed" if failed else "", f"about {seconds(max(1.0, left))} left" if left is not None else ""]
    return ", ".join(filter(None, parts))


class Display(Protocol):
    """Where progress is shown."""

    def begin(self, pair: Pair) -> None:
        """Show that a pair has work to do."""

    def loaded(self, model: str, duration: float) -> None:
        """Show that a model has been loaded, in so many seconds."""

    def update(self, pair: Pair) -> None:
        """Show that a case is done."""

    def say(self, text: str) -> None:
        """Show a line that is soon out of date."""

    def error(self, message: str, hint: str) -> None:
        """Show an error."""

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
        """Take an event of `assay.flow.runner.run`."""
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
            self.display.loaded(event["model"], event["seconds"])
        elif kind == "error" and event["message"] not in self.told:
            # The same file may be missing for every model: once is enough.
            self.told.add(event["message"])
            self.display.error(event["message"], event["hint"])


class Lines:
    """Plain lines: the beginning and the end of each pair, and one now and then between."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def begin(self, pair: Pair) -> None:
        """Say what is to do."""
        reused = f", {pair.reused} there already" if pair.reused else ""
        note(f"{pair.name}: {count(pair.todo, 'case')} to do{reused}")
        self.last[pair.name] = time.monotonic()

    def loaded(self, model: str, duration: float) -> None:
        """Say it."""
        note(f"{model}: loaded in {seconds(duration)}")

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

    def error(self, message: str, hint: str) -> None:
        """Say it."""
        tell(message, hint)

    def close(self) -> None:
        """Leave things as they are."""


class Bars:
    """A bar for each of the pairs at work, and one for all of them."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        self.progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(),
            TextColumn("{task.fields[state]}", style="dim"), transient=True,
            console=Console(file=sys.stderr, markup=False, highlight=False))
        self.pairs: list[Pair] = []
        self.bars: dict[str, Any] = {}
        self.said: Any = None
        self.started = time.monotonic()
        self.all = self.progress.add_task("all", total=0, visible=False, state="")
        self.progress.start()

    def begin(self, pair: Pair) -> None:
        """Add a bar, unless there are enough: then the pair waits for a place."""
        self.pairs.append(pair)
        self._fill()

    def loaded(self, model: str, duration: float) -> None:
        """Take the bars of the model out of waiting."""
        for pair in self.pairs:
            if pair.model == model and pair.name in self.bars:
                self.progress.update(self.bars[pair.name], state="")

    def update(self, pair: Pair) -> None:
        """Move the bar; one that is full gives its place to another pair."""
        if pair.done >= pair.todo and pair.name in self.bars:
            self.progress.remove_task(self.bars.pop(pair.name))
        elif pair.name in self.bars:
            self.progress.update(self.bars[pair.name], completed=pair.done, state=pair.state())
        self._fill()

    def say(self, text: str) -> None:
        """Show the line beside the bars, in place of the one before."""
        if self.said is not None:
            self.progress.remove_task(self.said)
        self.said = self.progress.add_task(text[:self.progress.console.width - 50], total=None, state="")

    def error(self, message: str, hint: str) -> None:
        """Print it above the bars."""
        from rich.text import Text

        self.progress.print(Text.assemble(("error: ", "bold red"), message, f"\n  {hint}" if hint else ""),
                            soft_wrap=True)

    def close(self) -> None:
        """Take the bars away."""
        self.progress.stop()

    def _fill(self) -> None:
        waiting = [pair for pair in self.pairs if pair.done < pair.todo and pair.name not in self.bars]
        for pair in waiting[:max(0, BARS - len(self.bars))]:
            self.bars[pair.name] = self.progress.add_task(pair.name, total=pair.todo, completed=pair.done,
                                                          state=pair.state() or "waits for its model")
        done, total = sum(pair.done for pair in self.pairs), sum(pair.todo for pair in self.pairs)
        left = (time.monotonic() - self.started) * (total - done) / done if done else None
        self.progress.update(self.all, total=total, completed=done, visible=len(self.pairs) > 1,
                             state=_state(sum(pair.counts["failed"] for pair in self.pairs), left))
