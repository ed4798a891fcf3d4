"""What the family mlpeg registers: the tables in ``ASSAY_HOME/mlpeg``, and nothing if there is none."""

from __future__ import annotations

from assay.core import config
from assay.core.registry import benchmark, register_model
from assay.mlpeg.registering import entry, made
from assay.mlpeg.tables import load

_tables = [load(path) for path in sorted((config.home() / "mlpeg").glob("*.json"))]
for _table in _tables:
    _class = benchmark(made(_table, __name__))
    globals()[_class.__name__] = _class  # found here by its reference, as every benchmark
_levels = {mlip: level for table in reversed(_tables) for mlip, level in table.levels.items()}
for _mlip in sorted({mlip for table in _tables for mlip in table.rows}):
    register_model(entry(_mlip, _levels.get(_mlip, "")))
