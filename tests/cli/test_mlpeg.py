"""import-mlpeg, from outside: tables become read-only results that every other verb knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay import Store

FILE = "molecular/S99/s99_metrics_table.json"


def table(**rows: dict[str, float | None]) -> dict[str, Any]:
    return {
        "data": [{"MLIP": name, **values, "id": name, "Score": 0.123} for name, values in rows.items()],
        "columns": [{"name": name, "id": name} for name in ("MLIP", "MAE", "Bias", "Score")],
        "tooltip_header": {"MAE": "Mean absolute error"},
        "thresholds": {"MAE": {"good": 0.0, "bad": 10.0, "unit": "kJ/mol", "level_of_theory": "PBE"},
                       "Bias": {"good": 0.0, "bad": 1.0, "unit": None}},
        "weights": {"MAE": 3, "Bias": 1},
        "model_levels_of_theory": dict.fromkeys(rows, "PBE"),
    }


def write(path: str, content: Any) -> None:
    file = Path("data", path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.fixture
def imported(assay) -> Any:
    """Two tables; one row lacks a value, one has none."""
    write(FILE, table(**{"mace": {"MAE": 5.0, "Bias": 0.5}, "gfn2-xtb": {"MAE": 2.0, "Bias": None},
                         "lost": {"MAE": None, "Bias": None}}))
    write("surfaces/OC/oc_metrics_table.json", table(mace={"MAE": 1.0, "Bias": 0.0}))
    write("surfaces/OC/figure.json", "not JSON, and nobody's business")
    return assay("import-mlpeg", "data", "--json").json


def test_summary(imported: Any) -> None:
    assert imported["schema"] == 1
    assert (imported["records"], imported["removed"], imported["refused"]) == (4, 0, [])
    first = imported["tables"][0]
    assert (first["benchmark"], first["file"], first["category"]) == ("mlpeg/s99", FILE, "Molecular")
    assert (first["models"], first["metrics"], first["missing"]) == (3, 2, 3)


def test_scores_are_made_by_the_rules_and_not_taken_over(assay, imported: Any) -> None:
    found = assay("analyse", "-b", "mlpeg/*", "--json").json
    cells = {(cell["benchmark"], cell["model"]): cell for cell in found["cells"]}
    mace = cells["mlpeg/s99", "mace (ML-PEG)"]
    assert mace["score"] == pytest.approx((3 * 0.5 + 1 * 0.5) / 4)
    assert mace["low"] is None
    lacking = cells["mlpeg/s99", "gfn2-xtb (ML-PEG)"]
    assert lacking["score"] == pytest.approx(3 * 0.8 / 4)
    assert lacking["reason"] == "metric Bias is missing or not finite"
    assert cells["mlpeg/s99", "lost (ML-PEG)"]["score"] == 0
    assert cells["mlpeg/s99", "lost (ML-PEG)"]["reason"] == "the table has no value of this model"


def test_lists_say_that_they_are_imported_and_no_name_is_taken(assay, imported: Any) -> None:
    found = assay("list", "--json").json
    assert "mlpeg" in found["families"]
    titles = {item["name"]: item["title"] for item in found["benchmarks"]}
    assert titles["mlpeg/s99"] == "S99 (imported)"
    models = {item["name"]: item for item in found["models"]}
    assert models["gfn2-xtb"]["family"] == "atoms"
    entry = models["gfn2-xtb (ML-PEG)"]
    assert (entry["family"], entry["available"]) == ("mlpeg", False)
    assert entry["reason"].startswith("imported")
    assert entry["meta"] == {"functional": "PBE", "imported": True}
    assert FILE in assay("show", "mlpeg/s99").out


def test_a_home_without_tables_has_no_such_family(assay) -> None:
    assert "mlpeg" not in assay("list", "families", "--json").json["families"]


@pytest.mark.parametrize("again", [(), ("--again", "all")])
def test_a_run_leaves_them_alone(assay, imported: Any, folders: Path, again: tuple[str, ...]) -> None:
    before = Store(folders / "home").records()
    assert "nothing to compute" in assay("run", "-b", "mlpeg/*", *again, code=5).err
    assert Store(folders / "home").records() == before


def test_records_say_where_they_come_from(imported: Any, folders: Path) -> None:
    with Store(folders / "home") as store:
        record, = store.records("mlpeg/s99", "mace (ML-PEG)")
        assert record.values == {"MAE": 5.0, "Bias": 0.5}
        assert store.provenance(record.provenance) == {
            "imported": "ML-PEG", "file": FILE, "sha256": imported["tables"][0]["sha256"]}


def test_another_import_replaces(assay, imported: Any, folders: Path) -> None:
    write(FILE, table(mace={"MAE": 10.0, "Bias": 1.0}))
    done = assay("import-mlpeg", "data")
    assert "2 tables, 2 records imported" in done.out
    assert "2 records of an earlier import removed" in done.err
    found = assay("analyse", "-b", "mlpeg/s99", "--json").json["cells"]
    assert [(cell["model"], cell["score"]) for cell in found] == [("mace (ML-PEG)", 0.0)]


def test_a_bad_table_is_named_and_the_others_are_taken(assay, folders: Path) -> None:
    write("a_metrics_table.json", "{")
    write("b_metrics_table.json", table(mace={"MAE": 1.0, "Bias": 0.0}))
    write("more/b_metrics_table.json", table(mace={"MAE": 1.0, "Bias": 0.0}))
    done = assay("import-mlpeg", "data", code=3)
    assert "error: a_metrics_table.json: cannot be read as JSON" in done.err
    assert "error: more/b_metrics_table.json: b_metrics_table.json also gives mlpeg/b" in done.err
    assert done.out.endswith("1 table, 1 record imported\n")
    assert [path.name for path in (folders / "home" / "mlpeg").iterdir()] == ["b.json"]


def test_nothing_to_import(assay, folders: Path) -> None:
    assert "expected a folder" in assay("import-mlpeg", "nowhere", code=3).err
    assert "no *_metrics_table.json" in assay("import-mlpeg", ".", code=5).err
    write("a_metrics_table.json", "[]")
    assay("import-mlpeg", "data", code=3)
    assert not (folders / "home").exists()


def test_a_damaged_table_costs_only_its_family(assay, imported: Any, folders: Path) -> None:
    (folders / "home" / "mlpeg" / "s99.json").write_text("{")
    done = assay("list", "families")
    assert "atoms" in done.out
    assert "import it again" in done.err or "not an imported table" in done.err
    assay("import-mlpeg", "data")
    assert "mlpeg" in assay("list", "families").out


def test_the_report_has_them(assay, imported: Any) -> None:
    assay("report", "-o", "out.html", "-b", "mlpeg/*")
    text = Path("out.html").read_text("utf-8")
    assert "S99 (imported)" in text
    assert "mace (ML-PEG)" in text
