"""What was done: every operation on the path and its rule, what no rule covers, what was merged, what was kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SCHEMA = 1


@dataclass(slots=True)
class Line:
    """One execution of one operation on the path; the audit's totals over the batch, if it was asked for.

    What is lost is rounding up to `rounding`.
    """

    index: int
    op: str
    module: str
    rule: str
    inputs: list[tuple[int, ...]]
    out: tuple[int, ...]
    audit: dict[str, float] | None = None
    rounding: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain data; ``in`` holds the shapes of the operands, ``out`` that of the result."""
        line: dict[str, Any] = {"index": self.index, "op": self.op, "module": self.module, "rule": self.rule,
                                "in": [list(shape) for shape in self.inputs], "out": list(self.out)}
        return {**line, **(self.audit or {})}


@dataclass
class Report:
    """The account of one explanation; `print` it for a table.

    Parameters
    ----------
    method, composite : str
        What was asked for.
    lines : list of Line
        Operations on the path, once per execution, in the order in which they ran.
    uncovered : list of (operation, module path)
        Operations without a rule whose gradient was used.
    canonized : list of dict
        Merged batch norms: ``modules``, ``difference`` (largest, relative to the largest output), ``merged``.
    sum_out, sum_in : lists of floats [N] (or [M, N])
        Relevance at the output and at the input.
    precision : dict, optional
        A shorter precision than the model's: ``dtype``, and ``difference``, the largest to the map in float32, relative
        to that map's largest entry, on the first sample of the Explainer's first call.
    """

    method: str
    composite: str | None = None
    lines: list[Line] = field(default_factory=list)
    uncovered: list[tuple[str, str]] = field(default_factory=list)
    canonized: list[dict[str, Any]] = field(default_factory=list)
    sum_out: list[Any] = field(default_factory=list)
    sum_in: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    precision: dict[str, Any] | None = None

    @property
    def audited(self) -> bool:
        """Whether books were kept."""
        return any(line.audit is not None for line in self.lines)

    @property
    def worst(self) -> Line | None:
        """The operation that loses most, if the audit was asked for and more than rounding is lost anywhere."""
        losing = [line for line in self.lines if line.audit and abs(line.audit["lost"]) > line.rounding]
        return max(losing, key=lambda line: abs((line.audit or {})["lost"]), default=None)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, JSON as it is."""
        found: dict[str, Any] = {
            "schema": SCHEMA, "method": self.method, "composite": self.composite,
            "ops": [line.as_dict() for line in self.lines],
            "uncovered": [{"op": op, "module": module} for op, module in self.uncovered],
            "canonized": self.canonized, "sum_out": self.sum_out, "sum_in": self.sum_in, "notes": self.notes}
        worst = self.worst
        if self.precision:
            found["precision"] = self.precision
        return {**found, "worst": worst.as_dict() if worst else None} if self.audited else found

    def __str__(self) -> str:
        head = [f"method {self.method}" + (f", composite {self.composite}" if self.composite else "")]
        columns = ["r_out", "r_in", "bias", "stabiliser", "lost"] if self.audited else []
        rows = [["", "op", "module", "rule", "out", *columns]]
        rows += [[str(line.index), line.op, line.module, line.rule, "x".join(map(str, line.out)),
                  *(f"{(line.audit or {}).get(name, 0.0):.4g}" for name in columns)] for line in self.lines]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        tail = [f"no rule: {op} in {module or 'the model itself'} (its gradient was used)" for op, module in
                self.uncovered]
        tail += [f"{'merged' if each['merged'] else 'not merged'}: {' + '.join(each['modules'])} "
                 f"(difference {each['difference']:.1e})" for each in self.canonized]
        if self.precision:
            tail.append(f"{self.precision['dtype']}: off the map in float32 by {self.precision['difference']:.1e} of "
                        "its largest entry, on the first sample")
        if self.audited:
            tail.append(self._losses())
        sums = [f"sum at the output {_numbers(self.sum_out)}, at the input {_numbers(self.sum_in)}"]
        return "\n".join([*head, *(table if self.lines else []), *tail, *self.notes, *sums])

    def _losses(self) -> str:
        worst = self.worst
        if worst is None:
            return "nothing is lost but by rounding"
        return f"most is lost by {worst.index} {worst.op} in {worst.module or 'the model itself'}: " \
               f"{(worst.audit or {})['lost']:.4g}"


def _numbers(values: list[Any]) -> str:
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return ", ".join(f"{value:.6g}" for value in flat[:8]) + (" ..." if len(flat) > 8 else "")
