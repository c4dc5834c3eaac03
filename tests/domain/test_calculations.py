"""What follows from a plan: the figures of Setup."""

import pytest
from domain_plans import RIDEN, plan

from tui.domain import charge, leads
from tui.domain.arrangement import parse_arrangement
from tui.domain.calculations import (
    charging_time_s,
    current_limit,
    figure,
    figures,
    hours_lost_s,
    knee_v,
    level_until_v,
    lifts,
    off_current_a,
    pack_target_v,
    set_points,
    smallest_end_current_a,
)
from tui.domain.plan import PlanCell, PlanSupply

HOUR = 3600.0


@pytest.mark.parametrize(
    ("text", "cells", "series", "parallel"), [("8P", 8, 1, 8), ("4s", 4, 4, 1), ("2P16S", 32, 16, 2), ("16S2P", 32, 16, 2), ("", 3, 1, 3)]
)
def test_an_arrangement_is_read(text: str, cells: int, series: int, parallel: int) -> None:
    found = parse_arrangement(text, cells)
    assert (found.series, found.parallel) == (series, parallel)


@pytest.mark.parametrize(("text", "cells"), [("8P", 4), ("apart", 4), ("P", 1), ("0P", 1), ("2P4S2P", 16), ("8", 8), ("", 0)])
def test_an_arrangement_that_does_not_fit_is_refused(text: str, cells: int) -> None:
    with pytest.raises(ValueError, match=r"cell|arrangement"):
        parse_arrangement(text, cells)


def test_parallel_capacities_add_up_and_the_smallest_group_decides_in_series() -> None:
    assert figure(plan(), "bank-capacity").value == 2240
    assert parse_arrangement("2P2S", 4).capacity_ah([280, 280, 280, 200]) == 480
    assert parse_arrangement("2P2S", 4).capacity_ah([100, 100, 280, 280]) == 200


@pytest.mark.parametrize(("series", "volts"), [(4, 14.6), (8, 29.2), (15, 54.75), (16, 58.4)])
def test_pack_volts_are_the_series_count_times_the_target(series: int, volts: float) -> None:
    assert figure(plan(), f"pack-{series}s").value == pytest.approx(volts)
    assert pack_target_v(plan(series, arrangement=f"{series}S")) == pytest.approx(volts)


def test_eight_cells_at_3_6_volts_are_28_8_and_four_are_14_4() -> None:
    """The tutorial's line for 24 V prints 3.6 × 4 = 28.8; the sum must follow the series count."""
    gentle = plan(target_v=3.6)
    assert figure(gentle, "pack-8s").value == pytest.approx(28.8)
    assert figure(gentle, "pack-4s").value == pytest.approx(14.4)


@pytest.mark.parametrize(
    ("changes", "winner", "amperes"),
    [
        ({}, "supply", 10.0),
        ({"derating": 0.8}, "supply", 8.0),
        ({"lead_limit_a": 6.0}, "leads", 6.0),
        ({"count": 1, "capacity_ah": 20.0}, "c-rate", 4.0),
    ],
)
def test_the_smallest_bound_wins(changes: dict, winner: str, amperes: float) -> None:
    limit = current_limit(plan(**changes))
    assert (limit.winner, limit.value_a) == (winner, pytest.approx(amperes))


def test_the_c_rate_counts_for_the_whole_bank() -> None:
    assert current_limit(plan()).candidates["c-rate"] == pytest.approx(448.0)


def test_cold_cells_get_a_quarter_of_the_current() -> None:
    assert current_limit(plan(), surface_c=3.0).value_a == pytest.approx(2.5)
    assert current_limit(plan(), surface_c=3.0).winner == "cold"
    assert current_limit(plan(), surface_c=5.0).value_a == 10.0


def test_set_points_are_rounded_down_to_the_supplys_step() -> None:
    coarse = plan(supply=PlanSupply("manual", 30.0, 9.97, voltage_step_v=0.1, current_step_a=0.1))
    assert set_points(coarse) == pytest.approx((3.6, 9.9))
    assert set_points(plan()) == pytest.approx((3.65, 10.0))


def test_leads_drop_heat_and_pace() -> None:
    assert figure(plan(), "lead-drop").value == pytest.approx(0.2)
    assert figure(plan(), "lead-heat").value == pytest.approx(2.0)
    assert figure(plan(), "critical-lead").value == pytest.approx(0.032)
    thin = plan(lead_resistance_ohm=0.060)
    assert figure(thin, "plateau-current").value == pytest.approx(5.33, abs=0.01)
    assert leads.current_at_heat_a(0.05) == pytest.approx(10.0)


def test_unknown_leads_stay_unknown() -> None:
    unknown = plan(lead_resistance_ohm=None)
    assert figure(unknown, "lead-drop").value is None
    assert figure(unknown, "lead-drop").text == "unknown"
    assert hours_lost_s(unknown) is None


def test_half_full_reference_bank_takes_about_112_hours() -> None:
    low, high = charging_time_s(plan(lead_resistance_ohm=0.005)) or (0.0, 0.0)
    assert low / HOUR == pytest.approx(112, abs=1.5)
    assert high / HOUR == pytest.approx(113, abs=2)
    assert figure(plan(), "missing-charge").value == pytest.approx(1120)


@pytest.mark.parametrize(("lead_ohm", "hours"), [(0.005, 19.7), (0.020, 21.1), (0.060, 41.0)])
def test_the_taper_through_the_leads_is_told(lead_ohm: float, hours: float) -> None:
    """Reference bank of the cell model: 190.5 Ah are missing, 19.05 h with ideal leads."""
    course = charge.course(
        capacity_ah=2240, cells=8, soc=1 - 190.5 / 2240, target_v=3.65, current_a=10.0, lead_ohm=lead_ohm, end_current_a=0.1
    )
    assert course.total_s / HOUR == pytest.approx(hours, rel=0.01)
    assert course.charge_ah == pytest.approx(190.5, rel=0.01)


def test_taper_time_constant_agrees_with_the_formula() -> None:
    """At 3.65 V the current of 8 × 280 Ah behind 20 mΩ falls by a factor e in about 24 min, and lag and cells add a fifth."""
    ends = [
        charge.course(capacity_ah=2240, cells=8, soc=0.97, target_v=3.65, current_a=10.0, lead_ohm=0.02, end_current_a=amps).total_s
        for amps in (0.5, 0.5 / 2.71828)
    ]
    assert 24 * 60 < ends[1] - ends[0] < 36 * 60


def test_a_range_of_charge_gives_a_range_of_time() -> None:
    row = figure(plan(soc_low=0.97, soc_high=0.99), "charging-time")
    assert row.low is not None
    assert row.high is not None
    assert row.low < 0.6 * row.high
    assert charging_time_s(plan(soc_low=None)) is None
    assert figure(plan(soc_low=None), "charging-time").text == "unknown"


def test_a_lower_end_current_never_ends_sooner() -> None:
    times = [charging_time_s(plan(end_current_a=amps)) for amps in (1.0, 0.5, 0.1, 0.05)]
    assert times == sorted(times, key=lambda pair: pair or (0, 0))


def test_hours_lost_to_thin_leads() -> None:
    assert (hours_lost_s(plan(lead_resistance_ohm=0.06)) or 0) > 90 * HOUR
    assert (hours_lost_s(plan(lead_resistance_ohm=0.005)) or 0) < HOUR


def test_end_current_is_told_in_amperes_and_of_the_bank() -> None:
    assert figure(plan(), "end-current").text == "0.10 A"
    assert figure(plan(), "end-current-c").value == pytest.approx(0.1 / 2240)
    assert smallest_end_current_a(plan()) == pytest.approx(0.02)


def test_off_is_proved_by_two_counts_of_a_coarse_supply() -> None:
    assert off_current_a(plan()) == pytest.approx(0.05)
    assert off_current_a(plan(supply=PlanSupply("manual", 30, 10, current_step_a=0.1))) == pytest.approx(0.2)


def test_the_knee_stays_below_a_low_target() -> None:
    assert knee_v(plan()) == 3.55
    assert knee_v(plan(target_v=3.50)) == pytest.approx(3.48)


@pytest.mark.parametrize("row", figures(plan()), ids=lambda row: row.id)
def test_each_figure_has_a_formula_and_fits_the_pane(row) -> None:  # type: ignore[no-untyped-def]
    assert row.formula
    assert row.text
    assert len(row.label) <= 14


def test_figures_hold_for_any_bank_that_can_be_planned() -> None:
    for chosen in (plan(1), plan(16, 100.0, supply=RIDEN), plan(4, arrangement="4S"), plan(32, arrangement="2P16S", soc_high=1.0)):
        assert len({row.id for row in figures(chosen)}) == len(figures(chosen))


def test_mixed_cells_add_up() -> None:
    mixed = plan(cells=(PlanCell("A1", 280.0), PlanCell("A2", 100.0)))
    assert figure(mixed, "bank-capacity").value == 380


# --- low cells that are lifted to the others


def test_figures_of_low_cells_are_of_their_lift_and_not_of_a_balance() -> None:
    lift = plan(1, target_v=3.28, soc_low=0.02, soc_high=0.12)
    shown = {row.id: row for row in figures(lift)}
    assert lifts(lift) and not lifts(plan(target_v=3.4, stages_v=(3.4, 3.65))) and not lifts(plan(target_v=3.5))
    assert level_until_v(lift, 3.28) == pytest.approx(3.205)
    assert shown["plateau-current"].value == pytest.approx(10.0)
    assert shown["lead-drop"].text == "200 mV"
    assert shown["critical-lead"].value is None and shown["hours-lost"].value is None
    assert shown["missing-charge"].text == "28.0 Ah"
    assert charging_time_s(lift) == pytest.approx((2.8 * HOUR, 28.0 / 3.75 * HOUR))


def test_the_time_of_a_lift_is_unknown_without_an_estimate() -> None:
    assert charging_time_s(plan(1, target_v=3.28, soc_low=None)) is None
