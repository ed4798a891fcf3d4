import numpy as np
import pytest
from ase.build import bulk
from ase.eos import birchmurnaghan
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.atoms.eos import EV_A3_IN_GPA, SCALES, birch_murnaghan, scaled, scan

VOLUMES = st.floats(5.0, 100.0)
MODULI = st.floats(1.0, 400.0)
DERIVATIVES = st.floats(2.0, 8.0)


@settings(deadline=None)
@given(v0=VOLUMES, b0=MODULI, bp=DERIVATIVES, e0=st.floats(-20.0, 0.0), shift=st.floats(0.96, 1.04))
def test_recovers_a_birch_murnaghan_curve(v0: float, b0: float, bp: float, e0: float, shift: float) -> None:
    volumes = SCALES * v0 * shift
    found = birch_murnaghan(volumes, birchmurnaghan(volumes, e0, b0 / EV_A3_IN_GPA, bp, v0))
    assert found is not None
    assert found.v0 == pytest.approx(v0, rel=1e-5)
    assert found.b0 == pytest.approx(b0, rel=1e-4)
    assert found.bp == pytest.approx(bp, rel=1e-2)


def test_agrees_with_the_fit_of_ase() -> None:
    from ase.eos import EquationOfState

    volumes = 16.0 * SCALES
    energies = 0.02 * (volumes - 16.3) ** 2 + 0.002 * (volumes - 16.3) ** 3
    v0, _, b0 = EquationOfState(volumes, energies, eos="birchmurnaghan").fit()
    found = birch_murnaghan(volumes, energies)
    assert found is not None
    assert (found.v0, found.b0) == pytest.approx((v0, b0 * EV_A3_IN_GPA), rel=1e-3)


def test_curve_without_a_minimum_gives_none() -> None:
    x = SCALES ** (-2 / 3)
    assert birch_murnaghan(16.0 * SCALES, x**3 + x) is None


def test_scaling_keeps_the_shape() -> None:
    atoms = bulk("Mg")
    larger = scaled(atoms, 30.0)
    assert larger.get_volume() / len(larger) == pytest.approx(30.0)
    assert larger.cell.angles() == pytest.approx(atoms.cell.angles())
    assert larger.get_scaled_positions() == pytest.approx(atoms.get_scaled_positions())


class Curve:
    """An energy with its minimum at `v0` A^3 per atom, counting how often it is asked."""

    def __init__(self, v0: float) -> None:
        self.v0, self.asked = v0, 0

    def __call__(self, atoms) -> float:
        self.asked += 1
        volume = atoms.get_volume() / len(atoms)
        return float(len(atoms) * birchmurnaghan(volume, -3.0, 0.5, 4.5, self.v0))


@pytest.mark.parametrize(("v0", "scans"), [(16.0, 1), (16.9, 1), (14.6, 2), (18.6, 3), (12.9, 4)])
def test_scan_recentres_until_the_minimum_is_inside(v0: float, scans: int) -> None:
    curve = Curve(v0)
    found = scan(curve, bulk("Al", cubic=True), 16.0)
    assert found.minimum.v0 == pytest.approx(v0, rel=1e-6)
    assert found.minimum.b0 == pytest.approx(0.5 * EV_A3_IN_GPA, rel=1e-4)
    assert found.volumes[0] <= v0 <= found.volumes[-1]
    assert curve.asked == 7 * scans
    assert found.energies.min() == pytest.approx(-3.0, abs=0.01)


def test_scan_gives_up_after_three_recentrings_and_says_where_it_looked() -> None:
    curve = Curve(30.0)
    with pytest.raises(ValueError, match=r"no minimum .* 17\.913 to 20\.200 A\^3/atom, the reference is 16\.000"):
        scan(curve, bulk("Al"), 16.0)
    assert curve.asked == 28


def test_scan_of_a_flat_energy_fails() -> None:
    with pytest.raises(ValueError, match="no minimum"):
        scan(lambda atoms: 0.0, bulk("Al"), 16.0)


def test_scales_are_those_of_the_delta_test() -> None:
    assert pytest.approx([0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06]) == np.asarray(SCALES)
