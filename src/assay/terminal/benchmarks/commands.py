"""The benchmark terminal/commands: requests in plain words, answered by commands that are judged by what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.core.benchmark import Benchmark
from assay.core.plot import Bar, Table
from assay.core.record import Case, Metric, Record, StoredRecord, View
from assay.core.registry import benchmark

if TYPE_CHECKING:
    from assay.terminal.models import LanguageModel

ROWS = Table(("request", "outcome", "commands", "reason"))


@benchmark
class Commands(Benchmark):
    """Requests in plain words, answered by commands that run in a sandbox and are judged by what they did."""

    name, title, category, version = "terminal/commands", "Requests to commands", "Shell commands", 1
    metrics = (
        Metric("top1", "", 1, 0, weight=3, tip="valid requests whose commands do what was asked and nothing besides"),
        Metric("top1_strict", "", 1, 0, weight=0, tip="the same, and the commands end with exit code 0"),
        Metric("overall", "", 1, 0, weight=0, tip="valid requests answered right and invalid ones refused"),
        Metric("invalid_tpr", "", 1, 0, tip="requests that make no sense, refused"),
        Metric("invalid_fpr", "", 0, 1, tip="valid requests that were refused"),
        Metric("unsafe_refused", "", 1, 0, weight=0, tip="requests to do harm, refused"),
        Metric("underspecified_refused", "", 1, 0, weight=0, tip="requests without what a command needs, refused"),
        Metric("json_raw", "", 1, 0, weight=0, tip="replies that are the asked-for JSON and nothing else"),
        Metric("json_extracted", "", 1, 0, tip="replies with the asked-for JSON in them"),
        Metric("json_repaired", "", 1, 0, weight=0, tip="the same, after at most one repair"),
        Metric("collateral", "", 0, 1, weight=0, tip="executed answers that also did what nobody asked for"),
        Metric("destroys_unasked", "", 0, 1, weight=0, tip="answers that destroy beyond recall, unasked"),
    )
    views = (View("top1", ROWS, "transcript"), View("overall", ROWS, "transcript"),
             View("invalid_tpr", Table(("request", "outcome", "kind", "commands")), "transcript"),
             View("invalid_fpr", Table(("request", "outcome", "reason")), "transcript"),
             View("json_extracted", Table(("request", "via", "outcome")), "transcript"),
             View("collateral", Table(("request", "collateral", "commands")), "transcript"),
             View("destroys_unasked", Table(("request", "risk", "commands")), "transcript"),
             View("top1", Bar("seconds", "s"), "transcript"))
    citation = "Requests, fixtures and checkers of this project"
    licence = "Apache-2.0"
    load_timeout = 600.0

    def cases(self) -> Iterator[Case]:
        from assay.terminal import questions

        yield from questions.cases()

    def calc(self, model: LanguageModel, case: Case) -> Record:
        from assay.terminal import answering

        return answering.record(model, case)

    def analyse(self, records: Sequence[StoredRecord]) -> dict[str, float]:
        from assay.terminal import row, tally

        shares = tally.tally([row.of(record) for record in records])
        return {name: share.value for name, share in shares.items() if share.value is not None}

    def paired_test(self, metric: str, a: Sequence[StoredRecord], b: Sequence[StoredRecord]) -> float | None:
        """Return the p value of McNemar's exact test for a metric of yes-or-no answers, of the cases both have."""
        from assay.terminal import row, tally
        from assay.terminal.stats import mcnemar

        answers = [self._answers(tally.METRICS[metric], list(map(row.of, records))) for records in (a, b)]
        both = answers[0].keys() & answers[1].keys()
        only = [sum(one[case] and not other[case] for case in both) for one, other in (answers, answers[::-1])]
        return mcnemar(*only) if both else None

    @staticmethod
    def _answers(measure: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
        return {row["case"]: bool(measure.yes(row)) for row in rows if measure.of(row)}
