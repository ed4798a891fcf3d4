"""Methods that carry relevance (or a modified gradient) back under a composite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from assay.core.errors import AssayError
from assay.explain.ask import Ask
from assay.explain.attribution import Attribution
from assay.explain.composites import Composite, composite
from assay.explain.engine import Engine, Passed
from assay.explain.report import Report
from assay.explain.trace import Trace


@dataclass(frozen=True)
class Lrp:
    """Layer-wise relevance propagation (Bach et al. 2015).

    Parameters
    ----------
    composite : Composite, str or None
        The rules; None: attn-lrp if the model has attention, else epsilon-plus-flat.
    params : mapping
        Parameters of a composite given by name.
    """

    composite: Composite | str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = "lrp"

    def attribute(self, ask: Ask) -> Attribution:
        """Answer a question."""
        settings = ask.settings
        trace = ask.trace(describe=True)
        output, rules = trace.output.detach(), self._rules(trace)
        rules.check_names(trace.modules)
        if settings.weights and rules.result != "relevance":
            raise AssayError(f"composite {rules.name!r} gives a gradient: there is no relevance of weights",
                             "use a composite of rules that share relevance")
        engine = Engine(ask.model, rules, settings.canonize, settings.audit, settings.on_uncovered,
                        settings.flat_below, settings.checked)
        objective = ask.objective(trace.output, relevance=rules.result == "relevance")
        passed = engine.relevance(trace, objective.gradient, settings.layers, settings.masks, settings.weights,
                                  ask.targets)
        relevance = ask.to_input(passed.roots)
        layers = {**({"embedding": passed.roots[0]} if ask.inputs.are_tokens else {}), **passed.layers}
        return Attribution(relevance, output, objective.index, layers, passed.weights,
                           self._report(rules, passed, output * objective.gradient, relevance, output, ask.many),
                           ask.many)

    def _rules(self, trace: Trace) -> Composite:
        if isinstance(self.composite, Composite):
            return self.composite
        return composite(self.composite or default_composite(trace), **self.params)

    def _report(self, rules: Composite, passed: Passed, start: Tensor, relevance: Tensor, output: Tensor,
                many: bool) -> Report:
        lead = start.ndim - output.ndim
        return Report(self.name, rules.name, passed.lines, passed.uncovered,
                      passed.canonized, totals(start, lead), totals(relevance, int(many)))


def totals(value: Tensor, lead: int) -> list[Any]:
    """Return sums over all but the sample axis (and the axis in front of it, if there is one)."""
    value = value if value.dtype is torch.float64 else value.float()
    summed = value.flatten(lead + 1).sum(-1) if value.ndim > lead + 1 else value
    found: list[Any] = summed.tolist()
    return found


def default_composite(trace: Trace) -> str:
    """Return attn-lrp for a network with attention, else epsilon-plus-flat."""
    seen = [(op.kind, op.details.get("matrices", False)) for op in trace.recorder.ops.values()]
    softmax = any(kind == "softmax" for kind, _ in seen)
    attention = any(kind == "attention" or (kind == "product" and matrices and softmax) for kind, matrices in seen)
    return "attn-lrp" if attention else "epsilon-plus-flat"
