"""A table of ML-PEG: its ``*_metrics_table.json``, checked, and the plain form in which assay keeps it.

Format, as ML-PEG writes it: ``data`` is a list of rows, each with ``MLIP``, ``id``, a number a metric and ``Score``;
a number that could not be had is ``null`` or ``NaN``. ``thresholds`` gives each metric its ``good``, ``bad``, ``unit``
(or null) and perhaps ``level_of_theory``; ``weights`` gives a number, 1 where none is said; ``tooltip_header``
a sentence; ``model_levels_of_theory`` what each model was trained on. The folders are ``category/benchmark/file``.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.core.errors import DATA, AssayError, printable
from assay.core.record import Metric

SUFFIX = "_metrics_table.json"
RESERVED = {"MLIP", "id", "Score", "Rank", "link"}  # columns that are no metric; scores are made anew


class TableError(AssayError):
    """A file that is not a table of ML-PEG, or holds what cannot be scored."""

    def __init__(self, file: str, where: str, problem: str) -> None:
        super().__init__(f"{file}: {where}: {problem}" if where else f"{file}: {problem}",
                         "correct the file, or make it anew with ML-PEG", DATA)


@dataclass(frozen=True)
class Table:
    """A table as assay keeps it: `rows` is model -> metric -> value, without the values that the file does not have.

    `file` is relative to the folder that was imported; `levels` is model -> functional it was trained on.
    """

    slug: str
    title: str
    category: str
    file: str
    sha256: str
    metrics: tuple[Metric, ...]
    rows: dict[str, dict[str, float]]
    levels: dict[str, str]

    def to_json(self) -> bytes:
        """Return the file that `load` reads."""
        return (json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def load(path: Path) -> Table:
    """Read a table that was imported.

    Raises
    ------
    AssayError
        If the file is damaged.
    """
    try:
        fields = json.loads(path.read_bytes())
        return Table(**{**fields, "metrics": tuple(Metric(**metric) for metric in fields["metrics"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise AssayError(f"{path}: not an imported table: {error}",
                         "import it again (assay import-mlpeg), or remove the file", DATA) from error


def read(path: Path, root: Path) -> Table:
    """Read and check a file of ML-PEG below `root`.

    Raises
    ------
    TableError
        It names the file, the row and the field.
    """
    file = printable(path.relative_to(root).as_posix())
    stem = path.name.removesuffix(SUFFIX)
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    if not slug:
        raise TableError(file, "", f"the name says nothing: expected NAME{SUFFIX}")
    try:
        content = path.read_bytes()
        document = json.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        raise TableError(file, "", f"cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise TableError(file, "", f"expected an object with data and thresholds, found {_kind(document)}")
    data = _rows(file, document)
    names = _columns(data, document)
    if not names:
        raise TableError(file, "data", "expected a column for each metric, found none")
    metrics = {name: _metric(file, name, document) for name in names}
    rows = {row["MLIP"]: _values(file, row, metrics) for row in data}
    found = _object(file, document, "model_levels_of_theory")
    levels = {name: level for name in rows if (level := _text(found.get(name)))}
    return Table(slug, f"{_words(stem)} (imported)", _category(Path(file)), file, hashlib.sha256(content).hexdigest(),
                 tuple(metrics.values()), rows, levels)


def _rows(file: str, document: dict[str, Any]) -> list[dict[str, Any]]:
    data = document.get("data")
    if not isinstance(data, list) or not data:
        raise TableError(file, "data", f"expected a list of rows, found {_kind(data)}")
    seen: dict[str, int] = {}
    for number, row in enumerate(data, 1):
        if not isinstance(row, dict):
            raise TableError(file, f"row {number}", f"expected an object, found {_kind(row)}")
        name = row.get("MLIP")
        # C: control characters and half surrogates, which neither a page nor a store can hold.
        if not isinstance(name, str) or not name.strip() or any(unicodedata.category(c)[0] == "C" for c in name):
            raise TableError(file, f"row {number}, MLIP", f"expected the name of a model, found {name!r}")
        if name in seen:
            raise TableError(file, f"row {number}, MLIP", f"{name!r} is also row {seen[name]}: expected one row each")
        seen[name] = number
    return data


def _columns(data: list[dict[str, Any]], document: dict[str, Any]) -> list[str]:
    """Return the metrics in the order of the columns; a row may lack some."""
    declared = document.get("columns")
    columns = declared if isinstance(declared, list) else []
    ids = [item.get("id") if isinstance(item, dict) else item for item in columns]
    names = [name for name in ids if isinstance(name, str)] + [name for row in data for name in row]
    return [name for name in dict.fromkeys(names) if name not in RESERVED]


def _metric(file: str, name: str, document: dict[str, Any]) -> Metric:
    where = f"thresholds, {name!r}"
    entry = _object(file, document, "thresholds").get(name)
    if not isinstance(entry, dict):
        raise TableError(file, where, f"expected an object with good, bad and unit, found {_kind(entry)}")
    good, bad = (_number(file, f"{where}, {field}", entry.get(field)) for field in ("good", "bad"))
    weight = _number(file, f"weights, {name!r}", _object(file, document, "weights").get(name, 1))
    tip = _object(file, document, "tooltip_header").get(name)
    try:
        return Metric(_metric_name(name), _text(entry.get("unit")), good, bad, weight,
                      _text(entry.get("level_of_theory")) or None, _text(tip))
    except ValueError as error:
        raise TableError(file, where, str(error)) from error


def _metric_name(name: str) -> str:
    # A metric x_full would be taken for one over cases tagged ``full``, which a table does not have.
    return printable(f"{name.removesuffix('_full')} full" if name.endswith("_full") else name)


def _text(value: Any) -> str:
    return printable(value) if isinstance(value, str) else ""


def _values(file: str, row: dict[str, Any], metrics: dict[str, Metric]) -> dict[str, float]:
    present = {name: row.get(name) for name in metrics}
    return {metrics[name].name: _number(file, f"row {row['MLIP']!r}, {name!r}", value)
            for name, value in present.items() if not _missing(value)}


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _number(file: str, where: str, value: Any) -> float:
    try:
        if not isinstance(value, bool) and isinstance(value, (int, float)) and math.isfinite(value):
            return float(value)
    except OverflowError:
        value = "a whole number of more than 308 digits"
    raise TableError(file, where, f"expected a finite number, found {value!r}")


def _object(file: str, document: dict[str, Any], field: str) -> dict[str, Any]:
    value = document.get(field)
    if value is not None and not isinstance(value, dict):
        raise TableError(file, field, f"expected an object, found {_kind(value)}")
    return value or {}


def _category(file: Path) -> str:
    """Return the category: the folder above the benchmark's own, else the one folder there is."""
    folders = file.parts[:-1]
    return _words(folders[-2] if len(folders) > 1 else folders[0]) if folders else "imported"


def _words(text: str) -> str:
    words = text.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _kind(value: Any) -> str:
    if value == []:
        return "an empty list"
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "nothing"}
    return names.get(type(value), "a number")
