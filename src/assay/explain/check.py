"""The families' quick checks: does a network run and can it be explained, does a method explain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.core.benchmark import Benchmark
from assay.core.errors import LoadError
from assay.core.model import Model
from assay.core.record import Case, Record, StoredRecord

if TYPE_CHECKING:
    from torch import Tensor

    from assay.explain.models.network import Network

TOKENS = 8  # of a sample for a network that takes token ids
SIDE = 16  # of the picture that methods are checked with


class NetworkCheck(Benchmark):
    """Whether a network loads, runs on one sample of noise, and can be explained: shapes, and what no rule covers."""

    name, title, category = "network/check", "Check", "Check"
    load_timeout = case_timeout = 1800.0  # loading may mean training

    def cases(self) -> Iterable[Case]:
        """Return one case."""
        return [Case("noise")]

    def calc(self, model: Network, case: Case) -> Record:
        """Explain one output for one sample."""
        import torch

        from assay.explain.explainer import explain
        from assay.explain.targets import pick_output

        inputs = _noise(model)
        with torch.no_grad():
            output = pick_output(model.module(inputs))
        position = "sum" if output.ndim > 3 else None
        found = explain(model, inputs, position=position, on_uncovered="gradient")
        uncovered = sorted({op for op, _ in found.report.uncovered})
        return Record({"input": _shape(inputs), "output": _shape(output), "rules": found.report.composite or "",
                       "without a rule": ", ".join(uncovered) or "nothing"})

    def analyse(self, records: Sequence[StoredRecord]) -> Mapping[str, float]:
        """Return nothing: a check has no metrics."""
        return {}

    @staticmethod
    def at_first_use(model: Model) -> str:
        """Return what happens before a model can be used for the first time; nothing if that has been done."""
        from assay.explain import train
        from assay.explain.recipes import RECIPES

        if model.loader != train.LOADER or model.options.get("recipe") not in RECIPES:
            return ""
        done = (train.folder(model.options["recipe"]) / train.CARD).is_file()
        return "" if done else "it is trained first, which takes up to two minutes"


class MethodCheck(Benchmark):
    """Whether a method explains one output of a small network: a finite number for each place of the picture."""

    name, title, category = "explain/check", "Check", "Check"

    def cases(self) -> Iterable[Case]:
        """Return one case."""
        return [Case("noise")]

    def calc(self, model: Any, case: Case) -> Record:
        """Explain one picture of noise; of the engine, answer one question of parity."""
        if hasattr(model, "answer"):
            return Record(model.answer("zero/linear/mixed"))
        from assay.explain.models.architectures import build
        from assay.explain.models.network import Network

        network = Network(build("cnn", 3), (3, SIDE, SIDE), name="check")
        inputs = _noise(network)
        relevance = model(network, inputs, 0).relevance
        if tuple(relevance.shape[2:]) != (SIDE, SIDE) or len(relevance) != 1:
            raise LoadError(f"its relevance has the shape {tuple(relevance.shape)}, expected (1, 3, {SIDE}, {SIDE}) or "
                            f"(1, 1, {SIDE}, {SIDE})")
        if not bool(relevance.isfinite().all()):
            raise LoadError("its relevance holds NaN or infinity")
        return Record({"relevance": _shape(relevance), "sum": float(relevance.double().sum())})

    def analyse(self, records: Sequence[StoredRecord]) -> Mapping[str, float]:
        """Return nothing: a check has no metrics."""
        return {}


def _noise(network: Network) -> Tensor:
    """Return one sample [1, ...] for a network, the same at each call."""
    import torch

    if network.layout == "tokens":
        return torch.arange(min(TOKENS, network.input_shape[0]))[None]
    return network.from_unit(torch.rand(1, *network.input_shape, generator=torch.Generator().manual_seed(0)))


def _shape(values: Tensor) -> str:
    """Return the shape of one sample, as messages write it."""
    return str(tuple(values.shape[1:]))
