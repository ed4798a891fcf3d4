from ase import Atoms

from assay.atoms import tags


def test_every_element_once_and_sorted() -> None:
    assert tags.of(Atoms("OHH"), Atoms("CH4")) == ("el:C", "el:H", "el:O")


def test_a_charged_species_marks_the_case() -> None:
    assert tags.of(Atoms("H"), Atoms("Cl", info={"charge": -1})) == ("el:Cl", "el:H", "charged")
    assert "charged" not in tags.of(Atoms("Cl", info={"charge": 0}))
