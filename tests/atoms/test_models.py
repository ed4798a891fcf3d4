"""The shipped models: what the entries say, and that the models that can run here do."""

from pathlib import Path

import pytest
from ase.data import chemical_symbols

from assay.atoms import check
from assay.atoms.evaluate import wrap
from assay.core.model import Environment, Model, read_toml

FILE = Path(check.__file__).with_name("models.toml")
MODELS = {model.name: model for model in read_toml(FILE)[0]}
ENVIRONMENTS: dict[str, Environment] = {item.name: item for item in read_toml(FILE)[1]}
HERE = [name for name, model in MODELS.items() if model.environment is None]
ENERGIES = {"chgnet-0.3.0": -14.8, "chgnet-0.2.0": -14.5, "chgnet-r2scan": -15.3, "gfn1-xtb": -156.97,
            "gfn2-xtb": -137.97, "emt": 2.6}  # eV, of water
META = {"functional": str, "dispersion": str, "periodic_only": bool, "gamma_only": bool, "charge": bool,
        "isolated_atoms": bool, "datasets": list, "level": str, "elements": list, "packages": list, "code": str,
        "requires": list}


def test_these_models_are_shipped() -> None:
    assert set(MODELS) == {
        "chgnet-0.3.0", "chgnet-0.2.0", "chgnet-r2scan", "gfn1-xtb", "gfn2-xtb", "emt", "lj",
        "7net-0", "7net-l3i5", "7net-mf-0-pbe", "7net-mf-0-r2scan",
        "mace-mp-0b3", "orb-v3-conservative-inf-omat", "mattersim-v1-5m"}
    assert set(HERE) == {"chgnet-0.3.0", "chgnet-0.2.0", "chgnet-r2scan", "gfn1-xtb", "gfn2-xtb", "emt", "lj"}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_an_entry_is_complete(model: Model) -> None:
    assert model.family == "atoms"
    assert model.licence
    for name in set(META) - {"functional", "elements", "requires"}:
        assert isinstance(model.meta[name], META[name]), name
    assert set(model.meta) <= set(META)
    assert model.meta["dispersion"] in ("none", "included", "d4")
    assert set(model.meta.get("elements", [])) <= set(chemical_symbols[1:])
    if model.environment:
        requires = ENVIRONMENTS[model.environment].requires
        assert all("==" in requirement for requirement in requires)
        assert "torch==2.13.0" in requires
    assert model.needs_weights == bool(model.url)


def test_elements_nobody_trained_on_are_not_claimed() -> None:
    for name in ("chgnet-0.3.0", "chgnet-0.2.0", "chgnet-r2scan", "7net-0"):
        elements = set(MODELS[name].meta["elements"])
        assert not elements & {"Po", "At", "Rn", "Fr", "Ra"}
        assert elements >= {"H", "Cs", "Pu"}
    assert "Yb" not in MODELS["chgnet-r2scan"].meta["elements"]


def test_chgnet_has_reference_energies_for_what_it_claims() -> None:
    """Elements that its training set lacks have an untouched, zero reference energy in the transferred model."""
    network = MODELS["chgnet-r2scan"].load()
    references = network.composition_model.fc.weight.detach().numpy().ravel()
    learned = {chemical_symbols[i + 1] for i, value in enumerate(references) if abs(value) > 1e-6}
    assert learned == set(MODELS["chgnet-r2scan"].meta["elements"])


@pytest.mark.parametrize("name", HERE)
def test_a_model_answers_the_check(name: str) -> None:
    model = MODELS[name]
    evaluator = wrap(model.load(), model)
    cases = check.Check().checked_cases()
    assert len(cases) == 1
    record = check.Check().calc(evaluator, cases[0]).checked()
    assert record.status == "ok"
    assert [version.partition("==")[0] for version in record.values["versions"]] == model.meta["packages"]
    if name in ENERGIES:
        assert record.values["energy"] == pytest.approx(ENERGIES[name], abs=0.1)


@pytest.mark.parametrize("name", [name for name in HERE if name.startswith("gfn")])
def test_tight_binding_knows_86_elements(name: str) -> None:
    assert MODELS[name].meta["elements"] == chemical_symbols[1:87]
    assert MODELS[name].meta["gamma_only"]
    assert MODELS[name].meta["charge"]


def test_an_orb_function_and_file_go_together() -> None:
    model = MODELS["orb-v3-conservative-inf-omat"]
    assert model.options["architecture"] == model.name.replace("-", "_")
    assert model.name in model.url
