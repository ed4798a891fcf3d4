"""The family's quick check: the smallest call there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.core.benchmark import Benchmark
from assay.core.errors import LoadError
from assay.core.record import Case, Record, StoredRecord
from assay.terminal.wire.errors import ProviderError, told

QUESTION = "Answer with the one word: ready"
MOST = 16  # tokens; what a thinking model needs to say anything is in its entry


class Check(Benchmark):
    """Whether a model can be reached and answers: its first words, and the tokens they cost."""

    name, title, category = "terminal/check", "Check", "Check"

    def cases(self) -> Iterable[Case]:
        """Return one case."""
        return [Case("ready")]

    def calc(self, model: Any, case: Case) -> Record:
        """Ask one question."""
        try:
            reply = model.complete([{"role": "user", "content": QUESTION}], max_tokens=MOST)
        except ProviderError as error:
            raise LoadError(told(error).message) from None
        said = " ".join(reply.text.split())[:40]
        return Record({"answer": repr(said), "tokens": f"{reply.usage.input_tokens} + {reply.usage.output_tokens}",
                       "versions": []})

    def analyse(self, records: Sequence[StoredRecord]) -> Mapping[str, float]:
        """Return nothing: a check has no metrics."""
        return {}
