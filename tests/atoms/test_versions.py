from importlib.metadata import version
from pathlib import Path

import pytest

from assay.atoms.versions import package_version, versions
from assay.core.model import Model


def test_an_entry_names_the_packages_that_compute() -> None:
    model = Model("m", "atoms", "assay.atoms.loaders:emt", meta={"packages": ["ase", "no-such-package"]})
    assert versions(model) == [f"ase=={version('ase')}", "no-such-package=="]


def test_otherwise_it_is_the_package_of_the_loader() -> None:
    assert versions(Model("m", "atoms", "ase.calculators.emt:EMT")) == [package_version("ase")]


def test_a_loader_in_a_loose_file_counts_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "loose_potential.py"
    found = []
    for content in ("a = 1", "a = 1", "a = 2"):
        file.write_text(content)
        found.append(versions(Model("m", "atoms", "loose_potential:make")))
    assert found[0] == found[1] != found[2]
    assert found[0][0].startswith("file:")


def test_a_loader_that_is_nowhere_has_no_version() -> None:
    assert versions(Model("m", "atoms", "nowhere_to_be_found.at_all:make")) == []
