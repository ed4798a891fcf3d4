"""The second row of a model: which there are, and that it costs nothing that the first has paid."""

import pytest
from ase.build import bulk, molecule

from assay.atoms import d3
from assay.atoms.dispersion import FUNCTIONALS, bare, variants
from assay.atoms.evaluate import Evaluator, wrap
from assay.core.errors import LoadError, Skip
from assay.core.model import Model
from assay.core.registry import registry

BARE = Model("copper", "atoms", "assay.atoms.loaders:emt", device="cpu", environment="somewhere", licence="MIT",
             url="https://example.org/w", sha256="0" * 64,
             meta={"functional": "PBE", "dispersion": "none", "packages": ["ase"]})


def corrected(model: Model = BARE) -> Model:
    variant = variants(model)[model.name + "+d3"]
    assert isinstance(variant, Model)
    return variant


def evaluator(model: Model) -> Evaluator:
    return wrap(model.load(), model)


def test_a_model_without_dispersion_offers_a_second_row() -> None:
    second = corrected()
    assert second.name == "copper+d3"
    assert second.meta["dispersion"] == "d3bj-pbe"
    for field in ("family", "device", "environment", "licence", "url", "sha256"):
        assert getattr(second, field) == getattr(BARE, field)
    assert second.digest != BARE.digest
    assert bare(second).digest == BARE.digest
    assert bare(second).name == "copper"


def test_a_corrected_model_is_not_corrected_again() -> None:
    assert variants(corrected()) == {}


@pytest.mark.parametrize(("meta", "said"), [
    ({"dispersion": "included", "functional": "gfn2-xtb"}, "already includes dispersion"),
    ({"dispersion": "d3bj-pbe", "functional": "pbe"}, "already includes dispersion"),
    ({"dispersion": "d4", "functional": "r2scan"}, "D4 is not offered"),
    ({"dispersion": "none", "functional": "unheard-of"}, "no functional"),
    ({"dispersion": "none"}, "no functional"),
    ({"functional": "pbe"}, "does not say"),
])
def test_a_refusal_says_why(meta: dict, said: str) -> None:
    reason = variants(Model("m", "atoms", "a:b", meta=meta))["m+d3"]
    assert isinstance(reason, str)
    assert said in reason
    assert reason.startswith("m ")


def test_every_functional_has_parameters() -> None:
    for functional in FUNCTIONALS:
        assert d3.D3(functional).compute(molecule("CH4"), ["energy"])["energy"] < 0


def test_the_sum_is_the_sum() -> None:
    crystal = bulk("Cu", cubic=True)
    crystal.rattle(0.1, seed=2)
    one, both, alone = evaluator(BARE), evaluator(corrected()), d3.D3("pbe")
    correction = alone.compute(crystal, ["energy", "forces", "stress"])
    assert both.energy(crystal) == pytest.approx(one.energy(crystal) + correction["energy"], abs=1e-12)
    assert both.forces(crystal) == pytest.approx(one.forces(crystal) + correction["forces"], abs=1e-12)
    assert both.stress(crystal) == pytest.approx(one.stress(crystal) + correction["stress"], abs=1e-12)


def test_the_name_of_the_evaluator_is_the_option_it_runs_with() -> None:
    for functional in ("pbe", "r2scan"):
        second = corrected(Model("m", "atoms", BARE.loader, meta={**BARE.meta, "functional": functional}))
        assert second.options["dispersion"] == f"d3bj-{functional}"
        assert set(evaluator(second).evaluations) == {"m", f"d3bj-{functional}"}


def test_after_the_bare_row_nothing_is_evaluated_and_nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    structures = [bulk("Cu"), molecule("H2O")]
    first = evaluator(BARE).energies(structures)
    monkeypatch.setattr("assay.atoms.loaders.emt", pytest.fail)
    second = evaluator(corrected())
    found = second.energies(structures)
    assert second.evaluations == {"copper": {"computed": 0, "cached": 2}, "d3bj-pbe": {"computed": 2, "cached": 0}}
    assert all(both < alone for both, alone in zip(found, first, strict=True))


def test_dispersion_is_shared_by_all_models_of_a_functional() -> None:
    other = Model("argon", "atoms", "assay.atoms.loaders:lennard_jones", {"sigma": 3.4}, meta=BARE.meta)
    evaluator(corrected()).energy(molecule("H2O"))
    second = evaluator(corrected(other))
    second.energy(molecule("H2O"))
    assert second.evaluations == {"argon": {"computed": 1, "cached": 0}, "d3bj-pbe": {"computed": 0, "cached": 1}}


def test_a_base_that_cannot_load_is_a_load_error() -> None:
    model = Model("m", "atoms", "no_such_package.at_all:make", meta=BARE.meta)
    broken = evaluator(corrected(model))
    with pytest.raises(LoadError, match="ModuleNotFoundError"):
        broken.energy(molecule("H2O"))


def test_what_the_base_does_not_cover_is_skipped() -> None:
    with pytest.raises(Skip, match="no parameters for Ar"):
        evaluator(corrected()).energy(bulk("Ar", "fcc", 5.3))


def test_the_registry_offers_rows_and_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.load()
    assert {"chgnet-0.3.0+d3", "chgnet-r2scan+d3", "7net-0+d3"} <= set(registry.models)
    assert not {"gfn2-xtb+d3", "emt+d3", "chgnet-0.3.0+d3+d3"} & set(registry.models)
    assert "already includes dispersion" in registry.refused["gfn2-xtb+d3"]
    assert not [name for name, model in registry.models.items() if "d4" in str(model.meta.get("dispersion"))]
