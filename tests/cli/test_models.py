"""models add and check."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

TOY = ("--family", "toy", "--loader", "assay_toy.models:adder")


def test_add_writes_an_entry_that_runs(assay) -> None:
    outcome = assay("models", "add", "mine", *TOY, "--option", "bias=0.25", "--meta", "kind=adder",
                    "--meta", "positive_only=true", "--licence", "MIT")
    assert "models check -m mine" in outcome.err
    entry, = tomllib.loads(Path("assay.toml").read_text())["model"]
    assert entry == {"name": "mine", "family": "toy", "loader": "assay_toy.models:adder", "licence": "MIT",
                     "options": {"bias": 0.25}, "meta": {"kind": "adder", "positive_only": True}}
    assay("calc", "-b", "toy/sums", "-m", "mine")
    cell, = assay("analyse", "-b", "toy/sums", "-m", "mine", "--json").json["cells"]
    assert cell["metrics"]["mae"]["value"] == 0.25


def test_add_keeps_what_is_there(assay) -> None:
    text = '# my models\n[environments.big]\nrequires = ["numpy"]\n\n[[model]]\nname = "one"\nfamily = "toy"\n' \
           'loader = "assay_toy.models:adder"  # the first'
    Path("assay.toml").write_text(text)
    assay("models", "add", "two", *TOY, "--environment", "big")
    assert Path("assay.toml").read_text().startswith(text)
    names = [item["name"] for item in assay("list", "models", "-m", "one", "-m", "two", "--json").json["models"]]
    assert names == ["one", "two"]
    assay("models", "add", "three", *TOY, "--option", "bias=1", "--meta", "kind=adder")
    assert len(tomllib.loads(Path("assay.toml").read_text())["model"]) == 3


@pytest.mark.parametrize(("text", "value"), [
    ("3", 3), ("3.5", 3.5), ("1e-3", 0.001), ("true", True), ("[1, 2]", [1, 2]), ('{"a": 1}', {"a": 1}), ('"3"', "3"),
    ("PBE", "PBE"), ("a=b", "a=b"), ("{weights}", "{weights}"), ("", ""), ("1_000", 1000)])
def test_values_are_json_or_toml_or_text(assay, text: str, value: object) -> None:
    assay("models", "add", "mine", *TOY, "--meta", f"x={text}")
    assert tomllib.loads(Path("assay.toml").read_text())["model"][0]["meta"]["x"] == value


@pytest.mark.parametrize(("args", "what"), [
    (("toy-exact", *TOY), "there is a model 'toy-exact' already"),
    (("mine", "--family", "toy", "--loader", "no_colon"), "loader must be 'package.module:callable'"),
    (("mine", "--family", "tois", "--loader", "a:b"), "no family named 'tois'"),
    (("mine", *TOY, "--option", "no-equals"), "expected KEY=VALUE"),
])
def test_add_refuses_and_writes_nothing(assay, args: tuple[str, ...], what: str) -> None:
    assert what in assay("models", "add", *args, code=2).err
    assert not Path("assay.toml").exists()


def test_add_refuses_an_unknown_environment_with_near_names(assay) -> None:
    err = assay("models", "add", "mine", *TOY, "--environment", "mase", code=5).err
    assert "did you mean mace" in err


def test_add_twice(assay) -> None:
    assay("models", "add", "mine", *TOY)
    before = Path("assay.toml").read_text()
    assert "assay.toml" in assay("models", "add", "mine", *TOY, code=2).err
    assert Path("assay.toml").read_text() == before


def test_check_prints_energy_versions_and_seconds(assay) -> None:
    document = assay("models", "check", "-m", "gfn2-xtb", "--json").json
    result, = document["models"]
    assert result["ok"] is True
    # GFN2-xTB water: -5.0703 hartree.
    assert abs(result["values"]["energy"] - -137.968) < 0.01
    assert any(text.startswith("tblite") for text in result["versions"])
    assert result["seconds"] > 0
    assert result["load_seconds"] > 0
    out = assay("models", "check", "-m", "gfn2-xtb").out
    assert "eV" in out
    assert "yes" in out


def test_check_of_a_model_that_cannot_is_4(assay) -> None:
    outcome = assay("models", "check", "-m", "mace-mp-0b3", "-m", "emt", "--json", code=4)
    assert {result["model"]: result["ok"] for result in outcome.json["models"]} == {"mace-mp-0b3": False, "emt": True}
    assert "weights" in outcome.err


def test_check_uses_no_number_from_the_cache(assay) -> None:
    assay("models", "check", "-m", "emt")
    assay("models", "add", "broken", "--family", "atoms", "--loader", "ase.calculators.emt:Missing")
    assert "AttributeError" in assay("models", "check", "-m", "broken", "--json", code=4).json["models"][0]["reason"]


def test_check_of_a_family_without_one(assay) -> None:
    assert "--limit 1" in assay("models", "check", "-m", "toy-exact", code=2).err


def test_check_of_a_method_and_of_a_network(assay) -> None:
    method, network = assay("models", "check", "-m", "gradient", "-m", "digits-cnn", "--json",
                            timeout=250).json["models"][::-1]
    assert method["values"]["relevance"] == "(3, 16, 16)"
    assert (network["ok"], network["values"]["output"]) == (True, "(10,)")
    assert network["values"]["without a rule"] == "nothing"


def test_check_without_names_leaves_out_what_is_not_at_hand(assay, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.cli import models
    from assay.core.registry import registry

    waits = {name: models._waits(registry.load().models[name], registry, named=False)
             for name in ("vgg16", "scenes-vit", "vit-random", "lrp-attn")}
    assert "vgg16-397923af.pth" in waits["vgg16"]
    assert "trained first" in waits["scenes-vit"]
    assert waits["vit-random"] == waits["lrp-attn"] == ""
    assert models._waits(registry.models["vgg16"], registry, named=True) == ""
