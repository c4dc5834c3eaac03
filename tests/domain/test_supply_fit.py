"""What a supply can do: balance, pre-charges, shorting of leads, hours against amperes."""

from dataclasses import replace

import pytest
from domain_plans import RIDEN, plan

from tui.domain.plan import PlanSupply
from tui.domain.supply_fit import PLOT_AMPERES, class_needed_v, hours_by_amps, shorting_of, supply_fit


@pytest.mark.parametrize(("volts", "rated"), [(3.65, 15), (14.6, 15), (29.2, 30), (29.9, 60), (54.75, 60), (58.4, 60), (60.0, None)])
def test_the_class_of_supply_leaves_a_little_to_spare(volts: float, rated: float | None) -> None:
    assert class_needed_v(volts) == rated


@pytest.mark.parametrize(("rating_v", "reached"), [(15.0, {4}), (30.0, {4, 8}), (60.0, {4, 8, 15, 16})])
def test_30_volts_do_for_12_and_24_volt_packs_and_60_for_48(rating_v: float, reached: set) -> None:
    found = supply_fit(plan(supply=PlanSupply("manual", rating_v, 10.0)))
    assert found.ok
    assert {pack.series for pack in found.packs if pack.ok} == reached
    for pack in found.packs:
        assert pack.needs_v == pytest.approx(pack.series * 3.65)
        assert ("no, a 60 V supply is needed" in pack.words) is (not pack.ok and pack.series >= 15)


def test_the_volts_follow_the_target() -> None:
    needs = {pack.series: pack.needs_v for pack in supply_fit(plan(target_v=3.6)).packs}
    assert needs == pytest.approx({4: 14.4, 8: 28.8, 15: 54.0, 16: 57.6})


def test_a_supply_at_the_very_end_of_its_range_is_told() -> None:
    pack = supply_fit(plan(supply=PlanSupply("manual", 29.3, 10.0))).packs[1]
    assert pack.ok and not pack.has_margin and "just" in pack.words and pack.class_v == 30


def test_another_pack_is_judged_as_well() -> None:
    assert [(pack.name, pack.series) for pack in supply_fit(plan(12)).packs][-1] == ("this pack", 12)
    assert len(supply_fit(plan(16, pack="2P8S")).packs) == 4


def test_both_limits_are_required_of_a_supply() -> None:
    without = supply_fit(plan(), has_cv_and_cc=False)
    assert not without.ok and "Both are needed" in without.words
    assert "CV" in supply_fit(plan()).words and "CV" not in supply_fit(plan(), has_cv_and_cc=True).words


def test_a_supply_below_the_target_of_one_cell_is_refused() -> None:
    assert not supply_fit(plan(supply=PlanSupply("manual", 3.3, 10.0)), has_cv_and_cc=True).ok


def test_no_leads_are_shorted_where_a_fifth_of_a_cell_is_more_than_the_supply_gives() -> None:
    needed, words = shorting_of(plan())
    assert not needed and "56 A" in words and "fully up" in words


def test_leads_are_shorted_for_small_cells_on_knobs_and_never_on_a_serial_line() -> None:
    small = plan(8, 20.0)
    needed, words = shorting_of(small)
    assert needed and "4.00 A" in words
    assert not shorting_of(replace(small, supply=RIDEN))[0]


def test_a_derated_supply_needs_its_current_set() -> None:
    assert shorting_of(plan(derating=0.8))[0]


def test_hours_fall_with_amperes_until_the_leads_hold_them() -> None:
    points = hours_by_amps(plan(lead_resistance_ohm=0.0))
    assert [amps for amps, _ in points] == list(PLOT_AMPERES)
    hours = dict(points)
    assert hours[10.0] == pytest.approx(112, rel=0.02)
    assert hours[20.0] == pytest.approx(56, rel=0.03)
    thick, thin = dict(hours_by_amps(plan(lead_resistance_ohm=0.005))), dict(hours_by_amps(plan(lead_resistance_ohm=0.060)))
    assert thin[60.0] > 0.9 * thin[6.0]
    assert thick[60.0] < 0.25 * thick[10.0]


def test_without_an_estimate_there_is_no_plot() -> None:
    assert hours_by_amps(plan(soc_low=None)) == ()
    assert "sweet spot" in supply_fit(plan(soc_low=None)).sweet_spot


def test_the_sweet_spot_is_argued_with_this_banks_hours_and_leads() -> None:
    words = supply_fit(plan()).sweet_spot
    assert "at 10 A" in words and "no more than 16 A" in words
