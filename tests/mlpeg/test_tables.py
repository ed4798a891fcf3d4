"""Tables of ML-PEG: read as they are written, refused with the file, the row and the field."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import AssayError
from assay.mlpeg.tables import TableError, load, read

Change = Callable[[dict[str, Any]], Any]


def document() -> dict[str, Any]:
    """A table in ML-PEG's form: two metrics, two models, one value that could not be had."""
    return {
        "data": [{"MLIP": "mace-mp-0", "MAE": 2.0, "Bond length": 0.01, "id": "mace-mp-0", "Score": 0.9},
                 {"MLIP": "orb-v3", "MAE": None, "Bond length": 0.05, "id": "orb-v3", "Score": None}],
        "columns": [{"name": name, "id": name} for name in ("MLIP", "MAE", "Bond length", "Score")],
        "tooltip_header": {"MAE": "Mean absolute error", "MLIP": "Model", "Score": "Weighted score"},
        "thresholds": {"MAE": {"good": 0.0, "bad": 10.0, "unit": "kJ/mol", "level_of_theory": "CCSD(T)"},
                       "Bond length": {"good": 0.0, "bad": 0.1, "unit": None}, "unused": {"good": 1, "bad": 1}},
        "weights": {"MAE": 3},
        "model_levels_of_theory": {"mace-mp-0": "PBE", "orb-v3": None},
        "metric_levels_of_theory": {"MAE": "CCSD(T)", "Bond length": None},
        "model_configs": {"mace-mp-0": {}, "orb-v3": {}},
        "model_name_map": {"mace-mp-0": "mace-mp-0", "orb-v3": "orb-v3"},
    }


def write(root: Path, content: Any, name: str = "bulk_crystal/Lattice/lattice_parameters_metrics_table.json") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_table_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = write(tmp_path, document())
    table = read(path, tmp_path)
    assert (table.slug, table.title, table.category) == (
        "lattice-parameters", "Lattice parameters (imported)", "Bulk crystal")
    assert table.file == "bulk_crystal/Lattice/lattice_parameters_metrics_table.json"
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.rows == {"mace-mp-0": {"MAE": 2.0, "Bond length": 0.01}, "orb-v3": {"Bond length": 0.05}}
    assert table.levels == {"mace-mp-0": "PBE"}
    first, second = table.metrics
    assert (first.name, first.unit, first.good, first.bad, first.weight) == ("MAE", "kJ/mol", 0.0, 10.0, 3.0)
    assert (first.level, first.tip) == ("CCSD(T)", "Mean absolute error")
    assert (second.unit, second.weight, second.level, second.tip) == ("", 1.0, None, "")


@pytest.mark.parametrize(("name", "category"), [
    ("a_metrics_table.json", "imported"), ("surfaces/a_metrics_table.json", "Surfaces"),
    ("x/nebs/LiFe/a_metrics_table.json", "Nebs")])
def test_the_folders_name_the_category(tmp_path: Path, name: str, category: str) -> None:
    assert read(write(tmp_path, document(), name), tmp_path).category == category


def test_what_was_read_is_kept_and_found_again(tmp_path: Path) -> None:
    table = read(write(tmp_path, document()), tmp_path)
    path = tmp_path / "kept.json"
    path.write_bytes(table.to_json())
    assert load(path) == table
    path.write_text("{}")
    with pytest.raises(AssayError, match="not an imported table"):
        load(path)


def test_nan_is_a_missing_value_and_a_weight_that_is_not_said_is_one(tmp_path: Path) -> None:
    content = document()
    content["data"][0]["MAE"] = math.nan  # json writes NaN, as ML-PEG's does
    del content["weights"], content["columns"]
    table = read(write(tmp_path, content), tmp_path)
    assert table.rows["mace-mp-0"] == {"Bond length": 0.01}
    assert [(metric.name, metric.weight) for metric in table.metrics] == [("MAE", 1.0), ("Bond length", 1.0)]


def test_a_metric_that_ends_in_full_is_an_ordinary_one(tmp_path: Path) -> None:
    content = document()
    content["thresholds"]["rmse_full"] = {"good": 0, "bad": 1, "unit": None}
    for row in content["data"]:
        row["rmse_full"] = 0.5
    table = read(write(tmp_path, content), tmp_path)
    assert table.rows["orb-v3"]["rmse full"] == 0.5
    assert not any(metric.name.endswith("_full") for metric in table.metrics)


def test_half_characters_are_written_out(tmp_path: Path) -> None:
    content = document()
    content["tooltip_header"]["MAE"] = "half \ud800"
    table = read(write(tmp_path, content), tmp_path)
    assert table.metrics[0].tip == "half \\ud800"
    assert table.to_json()


WRONG: dict[str, tuple[Change, str]] = {
    "no data": (lambda d: d.pop("data"), "data: expected a list of rows, found nothing"),
    "no rows": (lambda d: d["data"].clear(), "data: expected a list of rows, found an empty list"),
    "a row of text": (lambda d: d["data"].append("x"), "row 3: expected an object, found a text"),
    "no name": (lambda d: d["data"][1].pop("MLIP"), "row 2, MLIP: expected the name of a model, found None"),
    "a name with a line feed": (lambda d: d["data"][1].update(MLIP="a\nb"), "row 2, MLIP: expected the name"),
    "two of a name": (lambda d: d["data"][1].update(MLIP="mace-mp-0"), "row 2, MLIP: 'mace-mp-0' is also row 1"),
    "a text": (lambda d: d["data"][0].update(MAE="2.0"),
               "row 'mace-mp-0', 'MAE': expected a finite number, found '2.0'"),
    "infinity": (lambda d: d["data"][0].update(MAE=math.inf), "row 'mace-mp-0', 'MAE': expected a finite number"),
    "a truth value": (lambda d: d["data"][0].update(MAE=True), "row 'mace-mp-0', 'MAE': expected a finite number"),
    "a huge number": (lambda d: d["data"][0].update(MAE=10**400), "row 'mace-mp-0', 'MAE': expected a finite number"),
    "no thresholds": (lambda d: d.pop("thresholds"), "thresholds, 'MAE': expected an object with good, bad and unit"),
    "a list of thresholds": (lambda d: d.update(thresholds=[]), "thresholds: expected an object, found an empty list"),
    "good is bad": (lambda d: d["thresholds"]["MAE"].update(bad=0.0), "good and bad must be two different numbers"),
    "no good": (lambda d: d["thresholds"]["MAE"].update(good=None), "'MAE', good: expected a finite number"),
    "a column without threshold": (lambda d: d["data"][0].update(more=1.0), "thresholds, 'more': expected an object"),
    "a weight below 0": (lambda d: d["weights"].update(MAE=-1), "weight must be 0 or more"),
    "a weight of text": (lambda d: d["weights"].update(MAE="1"), "weights, 'MAE': expected a finite number"),
    "no metric": (lambda d: d.update(columns=[], data=[{"MLIP": "m", "id": "m", "Score": 1}]),
                  "data: expected a column for each metric, found none"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_what_cannot_be_scored_is_named(tmp_path: Path, name: str) -> None:
    change, message = WRONG[name]
    content = document()
    change(content)
    with pytest.raises(TableError) as caught:
        read(write(tmp_path, content), tmp_path)
    assert caught.value.message.startswith("bulk_crystal/Lattice/lattice_parameters_metrics_table.json: ")
    assert message in caught.value.message
    assert caught.value.code == 3


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "nul"])
def test_what_is_not_json_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(TableError, match="cannot be read as JSON"):
        read(write(tmp_path, content), tmp_path)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
                    max_leaves=8)


@given(where=st.sampled_from(["data", "columns", "tooltip_header", "thresholds", "weights", "model_levels_of_theory"]),
       inner=st.booleans(), value=JSON)
def test_whatever_a_field_holds_it_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, where: str, inner: bool,
                                                      value: Any) -> None:
    content = document()
    if not inner:
        content[where] = value
    elif isinstance(content[where], list):
        content[where][0] = value
    else:
        content[where]["MAE"] = value
    root = tmp_path_factory.mktemp("any")
    try:
        table = read(write(root, content), root)
    except TableError:
        return
    assert all(math.isfinite(number) for row in table.rows.values() for number in row.values())
    assert table.to_json()
