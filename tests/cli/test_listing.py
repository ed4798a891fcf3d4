"""list and show: the documents of the specification, and what people read."""

from __future__ import annotations

import pytest


def test_list_benchmarks_document(assay) -> None:
    document = assay("list", "benchmarks", "--json").json
    assert set(document) == {"schema", "benchmarks"}
    assert document["schema"] == 1
    entry = next(item for item in document["benchmarks"] if item["name"] == "toy/sums")
    assert {key: entry[key] for key in ("name", "family", "category", "version", "title", "derived")} == {
        "name": "toy/sums", "family": "toy", "category": "Arithmetic", "version": 1, "title": "Sums", "derived": False}
    assert entry["metrics"][0].items() >= {"name": "mae", "unit": "u", "good": 0.0, "bad": 2.0, "weight": 1.0,
                                           "level": "exact", "tip": "mean absolute error over the sums"}.items()


def test_list_models_document(assay) -> None:
    document = assay("list", "models", "--json").json
    assert set(document) == {"schema", "models"}
    entry = next(item for item in document["models"] if item["name"] == "toy-exact")
    assert set(entry) >= {"name", "family", "loader", "device", "environment", "licence", "meta", "digest",
                          "available", "reason"}
    assert (entry["family"], entry["available"], len(entry["digest"])) == ("toy", True, 64)


def test_list_families_and_everything(assay) -> None:
    assert {"atoms", "toy", "spoilt"} <= set(assay("list", "families", "--json").json["families"])
    assert set(assay("list", "--json").json) == {"schema", "benchmarks", "models", "families"}


def test_models_whose_weights_are_not_at_hand_are_not_available(assay) -> None:
    models = {item["name"]: item for item in assay("list", "models", "--json").json["models"]}
    assert not models["mace-mp-0b3"]["available"]
    assert "weights" in models["mace-mp-0b3"]["reason"]
    assert models["mace-mp-0b3"]["environment"] == "mace"


def test_globs_narrow_the_lists(assay) -> None:
    document = assay("list", "-b", "toy/s*", "-m", "toy-e*", "--json").json
    assert [item["name"] for item in document["benchmarks"]] == ["toy/sums"]
    assert [item["name"] for item in document["models"]] == ["toy-exact"]
    document = assay("list", "benchmarks", "--category", "Arith*", "--json").json
    assert {item["category"] for item in document["benchmarks"]} == {"Arithmetic"}


def test_list_for_people_is_plain_and_whole(assay) -> None:
    out = assay("list").out
    assert "\x1b" not in out
    assert not any(line != line.rstrip() for line in out.splitlines())
    for text in ("toy/sums", "Negative sums", "mae u", "toy-exact", "Families:"):
        assert text in out


def test_show_benchmark_document(assay) -> None:
    document = assay("show", "toy/sums", "--json").json
    assert document["name"] == "toy/sums"
    assert len(document["cases"]) == 13
    assert document["cases"][0] == {"id": "sum-00", "tags": ["even", "el:H"], "inputs": {"numbers": [0, 0, 0.5]}}
    assert document["citation"] == "Ries (1522)"
    assert document["data"] == {}


def test_show_names_the_data(assay, toy_mirror) -> None:
    document = assay("show", "toy/numbers", "--json").json
    assert document["data"]["numbers"]["url"] == "https://toy.invalid/numbers.txt"
    assert len(document["cases"]) == 3


def test_show_without_the_data_shows_the_rest_and_exits_3(assay) -> None:
    outcome = assay("show", "toy/numbers", code=3)
    assert "Numbers from a file" in outcome.out
    assert "unknown until the data is here" in outcome.out
    assert "expected: 5e931377" in outcome.err
    assert assay("show", "toy/numbers", "--json", code=3).json["cases"] is None


def test_show_model_is_flat(assay) -> None:
    shown = assay("show", "toy-exact", "--json").json
    listed = next(item for item in assay("list", "models", "--json").json["models"] if item["name"] == "toy-exact")
    assert shown == {"schema": 1, **listed}
    assert "assay_toy.models:adder" in assay("show", "toy-exact").out


@pytest.mark.parametrize(("args", "near"), [
    (("show", "toy/sum"), "toy/sums"),
    (("show", "toy-exakt"), "toy-exact"),
    (("list", "-b", "atoms/s2"), "atoms/s22"),
    (("list", "-m", "toy-exac"), "toy-exact"),
    (("list", "--category", "Arithmetik"), "Arithmetic"),
])
def test_nothing_found_names_near_ones(assay, args: tuple[str, ...], near: str) -> None:
    outcome = assay(*args, code=5)
    assert outcome.out == ""
    assert "did you mean" in outcome.err
    assert near in outcome.err
    assert outcome.err.count(",") <= 2


def test_refused_model_says_why(assay) -> None:
    err = assay("show", "gfn2-xtb+d3", code=5).err
    assert "gfn2-xtb+d3" in err
    assert "dispersion" in err
