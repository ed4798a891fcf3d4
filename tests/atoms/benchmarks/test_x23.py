import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay.atoms.benchmarks.x23 import MOLCRYS, X23
from assay.core.errors import AssayError


@pytest.fixture
def copied(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror of the test's own, to damage."""
    target = tmp_path / "mirror" / "molcrys-dmc"
    for path in MOLCRYS.files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(mirror / "molcrys-dmc" / path, target / path)
    monkeypatch.setenv("ASSAY_MIRROR", str(target.parent))
    return target


def test_lists_only_what_it_reads() -> None:
    assert len(MOLCRYS.files) == 71
    assert sum(path.endswith("POSCAR") for path in MOLCRYS.files) == 46


def test_cases_are_the_folders(mirror: Path) -> None:
    cases = X23().checked_cases()
    assert len(cases) == 23
    assert [case.id for case in cases] == sorted(p.name for p in (mirror / "molcrys-dmc/data_dmc/molecule").iterdir())
    assert [case.inputs["number"] for case in cases] == list(range(1, 24))
    ammonia = cases[3]
    assert (ammonia.id, ammonia.tags, ammonia.cost) == ("04ammonia", ("el:H", "el:N"), 16**2)


def test_a_model_that_counts_atoms_has_a_lattice_energy_of_zero(mirror: Path, potential: Callable,
                                                                answer: Callable) -> None:
    record = answer("atoms/x23", potential(pairs=0.0, energy=lambda atoms: -3.0 * len(atoms)), "23Succinic_acid")
    assert record.status == "ok"
    assert record.values["predicted"] == pytest.approx(0.0, abs=1e-6)
    assert record.values["n_molecules"] == 8
    assert set(record.artefacts) == {"crystal", "molecule"}


def test_predicted_is_per_molecule_in_kilojoules(mirror: Path, potential: Callable, answer: Callable) -> None:
    # 1 eV for every periodic structure, nothing for a molecule: 1 eV / 4 molecules.
    record = answer("atoms/x23", potential(pairs=0.0, energy=lambda atoms: float(atoms.pbc.all())), "04ammonia")
    assert record.values["predicted"] == pytest.approx(96.4853 / 4, rel=1e-5)
    assert record.values["reference"] == pytest.approx(-38.1984)
    assert "note" not in record.values


def test_gamma_point_models_carry_a_note(mirror: Path, xtb, answer: Callable) -> None:
    record = answer("atoms/x23", xtb, "07co2")
    assert record.values["note"] == "Gamma only"
    assert record.values["predicted"] == pytest.approx(-25.4, abs=0.2)


def test_half_a_molecule_fails_with_the_reason(copied: Path, potential: Callable,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    poscar = copied / "data_dmc/solid/04ammonia/POSCAR"
    lines = poscar.read_text().splitlines()
    assert lines[6].split() == ["4", "12"]
    lines[6] = "4 10"
    poscar.write_text("\n".join(lines[:8 + 14]) + "\n")
    monkeypatch.setattr(X23, "path", lambda self, name: copied)
    case = next(case for case in X23().cases() if case.id == "04ammonia")
    with pytest.raises(ValueError, match="the cell holds H10N4, which is not a whole number of molecules H3N"):
        X23().calc(potential(), case)


def test_a_missing_file_is_an_error_and_not_a_shift(copied: Path) -> None:
    (copied / "data_dmc/solid/04ammonia/POSCAR").unlink()
    with pytest.raises(AssayError, match="data_dmc/solid/04ammonia/POSCAR: not found") as caught:
        X23().checked_cases()
    assert caught.value.code == 3


def test_a_changed_reference_is_refused(copied: Path) -> None:
    table = copied / "data_figures/diffusion-monte-carlo/DMC"
    table.write_text(table.read_text().replace("-88.3328", "-88.3329"))
    with pytest.raises(AssayError, match="expected sha256"):
        X23().path("x23")


def test_a_case_without_a_result_leaves_the_others_as_they_are(stored: Callable) -> None:
    random = np.random.default_rng(0)
    values = {f"{i:02}": {"reference": -50.0 - i, "predicted": -50.0 - i + error, "experiment": -49.0 - i}
              for i, error in enumerate(random.normal(size=23))}
    errors = {case: v["predicted"] - v["reference"] for case, v in values.items()}
    del values["07"], errors["07"]
    found = X23().analyse(stored(values))
    left = np.array(list(errors.values()))
    assert found["mae"] == pytest.approx(np.abs(left).mean())
    assert found["rmse"] == pytest.approx(np.sqrt((left**2).mean()))
    assert found["me"] == pytest.approx(left.mean())
    assert found["mae_experiment"] == pytest.approx(np.abs(left - 1).mean())


def test_the_figure_of_chgnet_with_d3(mirror: Path, stored: Callable) -> None:
    pytest.importorskip("chgnet")
    pytest.importorskip("dftd3")
    from assay.atoms.evaluate import wrap
    from assay.core.registry import registry

    model = registry.load().model("chgnet-0.3.0+d3")
    evaluator, benchmark = wrap(model.load(), model), X23()
    records = {case.id: benchmark.calc(evaluator, case).checked().values for case in benchmark.cases()}
    # The ASE calculators of chgnet and torch-dftd give 29.64 kJ/mol on the same structures.
    assert benchmark.analyse(stored(records))["mae"] == pytest.approx(29.64, abs=0.01)
