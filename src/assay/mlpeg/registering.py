"""What an imported table is to the rest of assay: a benchmark of one case, and models that nobody can load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from assay.core.benchmark import Benchmark
from assay.core.errors import LoadError, Skip
from assay.core.model import Model
from assay.core.record import Case, Record, StoredRecord
from assay.mlpeg.tables import Table

FAMILY = "mlpeg"
CASE = Case("table")
NOTHING_TO_COMPUTE = "imported from ML-PEG: nothing to compute"


class ImportedTable(Benchmark):
    """Base class of the imported tables; `made` gives each its literal."""

    citation = "ML-PEG, https://github.com/ddmms/ml-peg"

    def cases(self) -> Iterable[Case]:
        """Return the one case: the row of a model."""
        return [CASE]

    def calc(self, model: Any, case: Case) -> Record:
        """Skip: there is nothing to compute."""
        raise Skip(NOTHING_TO_COMPUTE)

    def analyse(self, records: Sequence[StoredRecord]) -> Mapping[str, float]:
        """Return the row's numbers."""
        return records[0].values


def benchmark_name(table: Table) -> str:
    """Return ``mlpeg/<slug>``."""
    return f"{FAMILY}/{table.slug}"


def made(table: Table, module: str) -> type[ImportedTable]:
    """Return the benchmark class of a table, as one of `module`."""
    name = "Table_" + table.slug.replace("-", "_")
    about = f"Imported from {table.file} of ML-PEG (sha256 {table.sha256[:12]}); scores are made by assay's rules."
    return type(name, (ImportedTable,), {
        "__module__": module, "__qualname__": name, "__doc__": about, "name": benchmark_name(table),
        "title": table.title, "category": table.category, "metrics": table.metrics})


def entry(mlip: str, level: str = "") -> Model:
    """Return the model of a row; its name says where it comes from, so it is never that of a model that runs.

    Parameters
    ----------
    mlip : str
        The table's name of it.
    level : str
        The functional it was trained on, if the table says so.
    """
    meta = {"functional": level} if level else {}
    return Model(f"{mlip} (ML-PEG)", FAMILY, f"{__name__}:refuse", {"mlip": mlip}, meta={**meta, "imported": True})


def refuse(device: str, mlip: str) -> NoReturn:
    """Be the loader of imported models.

    Raises
    ------
    LoadError
        Always.
    """
    raise LoadError(f"{mlip}: imported from ML-PEG; its results can be read, and nothing can be computed with it",
                    "to run the model itself, register it: see assay models --help")
