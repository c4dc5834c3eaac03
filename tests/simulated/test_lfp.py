"""The voltage tables: exact at their points, smooth and rising between them, never clamped beyond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulated.lfp import pchip_slopes, table


@pytest.mark.parametrize(
    ("name", "soc", "voltage_v"),
    [
        ("A", 0.0, 2.0),
        ("A", 0.5, 3.2781),
        ("A", 0.9825, 3.3240),
        ("A", 0.997, 3.4401),
        ("A", 1.0, 3.6486),
        ("A", 1.002, 3.9671),
        ("B", 0.0, 2.0102),
        ("B", 0.995, 3.4181),
        ("B", 1.0, 3.5981),
    ],
)
def test_points_of_the_table_are_met(name: str, soc: float, voltage_v: float) -> None:
    assert table(name).ocv_v(soc) == pytest.approx(voltage_v, abs=1e-9)


@pytest.mark.parametrize(("voltage_v", "soc", "slope_v"), [(3.34, 0.9913, 5.7), (3.40, 0.9958, 26), (3.50, 0.9982, 60), (3.60, 0.9995, 95)])
def test_slope_in_the_knee_is_that_of_the_cell_model(voltage_v: float, soc: float, slope_v: float) -> None:
    found_v, found_slope_v = table("A").ocv_and_slope(soc)
    assert found_v == pytest.approx(voltage_v, abs=0.004)
    assert found_slope_v == pytest.approx(slope_v, rel=0.03)


@pytest.mark.parametrize("name", ["A", "B"])
def test_beyond_its_ends_the_curve_goes_on_with_its_end_slope(name: str) -> None:
    curve = table(name)
    end = 1.002 if name == "A" else 1.0
    _, slope_v = curve.ocv_and_slope(end)
    assert slope_v > 60
    assert curve.ocv_v(end + 0.01) == pytest.approx(curve.ocv_v(end) + 0.01 * slope_v)
    assert curve.ocv_v(-0.01) < curve.ocv_v(0.0) - 0.4
    assert curve.half_gap_v(1.1) == curve.half_gap_v(-0.1) == 0.0


@given(st.sampled_from(["A", "B"]), st.floats(-0.05, 1.1), st.floats(1e-6, 0.01))
def test_the_curve_always_rises(name: str, soc: float, further: float) -> None:
    curve = table(name)
    assert curve.ocv_v(soc + further) > curve.ocv_v(soc)


@given(st.floats(0.0001, 1.0019))
def test_slope_is_the_derivative(soc: float) -> None:
    curve = table("A")
    rise_v = (curve.ocv_v(soc + 1e-7) - curve.ocv_v(soc - 1e-7)) / 2e-7
    assert curve.ocv_and_slope(soc)[1] == pytest.approx(rise_v, rel=1e-2, abs=1e-3)


def test_half_gap_is_flat_on_the_plateau_and_gone_in_the_knee() -> None:
    curve = table("A")
    assert curve.half_gap_v(0.5) == pytest.approx(0.008)
    assert curve.half_gap_v(0.99) == pytest.approx(0.0028)
    assert curve.half_gap_v(0.998) == 0.0


def test_slopes_keep_a_turning_point_flat() -> None:
    assert pchip_slopes([0.0, 1.0, 2.0], [0.0, 1.0, 0.5])[1] == 0.0
