"""Operations that no rule covers."""

from __future__ import annotations

from collections.abc import Sequence

from assay.core.errors import AssayError


class UncoveredOp(AssayError):
    """The network holds operations on the path that no rule covers; `ops` are (operation, module path)."""

    def __init__(self, ops: Sequence[tuple[str, str]]) -> None:
        self.ops = list(dict.fromkeys(ops))
        named = ", ".join(f"{op} in {module or 'the model itself'}" for op, module in self.ops)
        super().__init__(f"no rule covers {named}",
                         "on_uncovered='gradient' uses their gradient and lists them in the report; or use a gradient "
                         "method; or write them with operations that have rules")
