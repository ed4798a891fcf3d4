import pytest
from ase import Atoms
from ase.data.s22 import s22, s22x5

from assay.atoms import dimers


@pytest.mark.parametrize("name", [*s22, *s22x5])
def test_fragments_make_up_the_dimer_and_are_whole_molecules(name: str) -> None:
    dimer, first, second = dimers.fragments(name)
    assert first + second == dimer
    assert (pieces(first), pieces(second), pieces(dimer)) == (1, 1, 2)


def pieces(atoms: Atoms) -> int:
    """Number of molecules, by covalent radii."""
    from ase.neighborlist import natural_cutoffs, neighbor_list
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    i, j = neighbor_list("ij", atoms, natural_cutoffs(atoms, mult=1.1))
    return int(connected_components(coo_matrix(([1] * len(i), (i, j)), shape=(len(atoms),) * 2))[0])
