"""Which procedures fit a bank and its supply, and their hours."""

from dataclasses import replace

import pytest
from domain_plans import plan
from hypothesis import given
from hypothesis import strategies as st

from tui.domain import charge
from tui.domain.fits import NAMES, Fit, best, fits, power_w
from tui.domain.plan import Plan, PlanCell, PlanSupply

HOUR = 3600.0
HALF_FULL = plan(lead_resistance_ohm=0.005, soc_low=0.475, soc_high=0.555)


def named(chosen: Plan, name: str) -> Fit:
    return next(fit for fit in fits(chosen) if fit.name == name)


def hours(chosen: Plan, name: str) -> float:
    typical_s = named(chosen, name).typical_s
    assert typical_s is not None
    return typical_s / HOUR


def test_every_procedure_and_chain_is_judged_once_in_order() -> None:
    assert tuple(fit.name for fit in fits(HALF_FULL)) == NAMES
    assert all(fit.ok and not fit.why_not and fit.hands_on and fit.note for fit in fits(HALF_FULL))


def test_eight_half_full_cells_need_109_hours_in_parallel_and_23_with_a_pre_charge() -> None:
    assert hours(HALF_FULL, "parallel") == pytest.approx(109, abs=0.5)
    assert hours(HALF_FULL, "precharge+parallel") == pytest.approx(23, abs=0.5)
    choice = best(HALF_FULL)
    assert choice.name == "precharge+parallel"
    assert "34 W" in choice.why and "272 W" in choice.why


def test_34_watts_go_into_a_parallel_bank_at_10_amperes() -> None:
    assert power_w(plan()) == pytest.approx(34)
    assert power_w(plan(), 8) == pytest.approx(272)


def test_the_pre_charge_follows_its_formula() -> None:
    """String time (1 − highest)·Q ÷ I, then the differences to the highest cell."""
    alike = plan(lead_resistance_ohm=0.0, soc_low=0.5, soc_high=0.5)
    assert hours(alike, "precharge") == pytest.approx(0.5 * 28, rel=0.01)
    spread = plan(lead_resistance_ohm=0.0, soc_low=0.4, soc_high=0.5)
    differences_ah = 8 * 280 * 0.05
    assert hours(spread, "precharge+parallel") - hours(alike, "precharge+parallel") == pytest.approx(differences_ah / 10, rel=0.01)


def test_a_soak_is_part_of_the_pre_charge() -> None:
    assert hours(replace(HALF_FULL, soak_s=12 * HOUR), "precharge+parallel") - hours(HALF_FULL, "precharge+parallel") == pytest.approx(12)


def test_a_string_takes_no_more_than_a_fifth_of_one_cell() -> None:
    small = plan(8, 20.0, lead_resistance_ohm=0.0)  # 0.2C of one cell is 4 A
    assert hours(small, "precharge") == pytest.approx((0.5 - 0.0138) * 20 / 4, rel=0.001)


def test_larger_cells_in_the_string_gain_less_and_are_left_for_the_parallel_phase() -> None:
    mixed = plan(lead_resistance_ohm=0.0, soc_low=0.5, soc_high=0.5)
    mixed = replace(mixed, cells=(PlanCell("A1", 200.0), *mixed.cells[1:]))
    left_ah = 7 * 0.5 * (280 - 200)
    alike = hours(plan(lead_resistance_ohm=0.0), "precharge+parallel") - hours(plan(lead_resistance_ohm=0.0), "precharge")
    assert hours(mixed, "precharge+parallel") - hours(mixed, "precharge") == pytest.approx(alike + left_ah / 10, abs=0.2)


@pytest.mark.parametrize(
    ("count", "volts", "rating_v", "fits_it"),
    [(4, "14.60", 15.0, True), (8, "29.20", 30.0, True), (15, "54.75", 30.0, False), (16, "58.40", 30.0, False), (16, "58.40", 60.0, True)],
)
def test_a_pre_charge_needs_the_volts_of_the_string(count: int, volts: str, rating_v: float, fits_it: bool) -> None:
    fit = named(plan(count, supply=PlanSupply("manual", rating_v, 10.0)), "precharge")
    assert fit.ok is fits_it
    if not fits_it:
        assert volts in fit.why_not and "60 V supply" in fit.why_not
        assert fit.low_s is None


def test_groups_in_parallel_shorten_the_string() -> None:
    pairs = plan(16, pack="2P8S")
    assert named(pairs, "precharge").ok
    assert hours(pairs, "precharge") == pytest.approx(0.5 * 56, rel=0.01)


def test_a_pack_that_does_not_fit_the_cells_is_told() -> None:
    fit = named(plan(8, pack="16S"), "precharge")
    assert not fit.ok and "16" in fit.why_not


def test_each_stage_tapers_and_four_fifths_of_the_supply_flow() -> None:
    stepped = plan(lead_resistance_ohm=0.0, stages_v=(3.4, 3.5, 3.6), target_v=3.6, pause_s=0.0)
    assert hours(stepped, "step-and-pause") == pytest.approx(112 / 0.8, rel=0.02)
    paused = replace(stepped, pause_s=HOUR)
    assert hours(paused, "step-and-pause") - hours(stepped, "step-and-pause") == pytest.approx(2)


def test_a_low_stage_creeps_through_thin_leads() -> None:
    thin = plan(lead_resistance_ohm=0.060, stages_v=(3.4, 3.5, 3.6), target_v=3.6)
    assert hours(thin, "step-and-pause") > 5 * hours(replace(thin, lead_resistance_ohm=0.0), "step-and-pause")
    assert "1.2 A" in named(thin, "step-and-pause").note


def test_cells_one_by_one_add_up_and_large_supplies_are_held_to_a_fifth_of_one_cell() -> None:
    strong = plan(lead_resistance_ohm=0.0, supply=PlanSupply("manual", 30.0, 200.0))
    one = charge.course(capacity_ah=280, cells=1, soc=0.5, target_v=3.65, current_a=56, lead_ohm=0.0, end_current_a=0.1)
    assert hours(strong, "single-cell") == pytest.approx(8 * one.total_s / HOUR)


def test_the_range_holds_the_typical_time() -> None:
    for fit in fits(HALF_FULL):
        if fit.typical_s is not None and fit.low_s is not None and fit.high_s is not None:
            assert fit.low_s <= fit.typical_s <= fit.high_s
    assert named(HALF_FULL, "precharge+parallel").hours == "13 to 30 h"


def test_without_an_estimate_no_time_is_told() -> None:
    unknown = plan(soc_low=None)
    assert all(fit.ok and fit.typical_s is None and fit.hours == "unknown" for fit in fits(unknown))
    assert best(unknown).name == "parallel" and "estimate" in best(unknown).why


def test_a_plan_that_is_being_typed_is_answered_with_words() -> None:
    nothing = plan(0)
    assert all(not fit.ok and fit.why_not for fit in fits(nothing))
    assert best(nothing).name == ""
    weak = plan(supply=PlanSupply("manual", 3.0, 10.0))
    assert "3.650 V" in named(weak, "parallel").why_not
    assert not named(plan(supply=PlanSupply("manual", 30.0, 0.0)), "parallel").ok


_NUMBERS = st.floats() | st.sampled_from([0.0, -1.0, 3.33, 3.4, 3.65])


@given(
    st.integers(0, 17),
    st.lists(_NUMBERS, min_size=12, max_size=12),
    st.lists(_NUMBERS, max_size=3),
    st.sampled_from(["", "8S", "2P4S", "x", "1S"]),
)
def test_whatever_stands_in_the_fields_is_answered(count: int, numbers: list[float], stages_v: list[float], pack: str) -> None:
    names = (
        "target_v",
        "lead_resistance_ohm",
        "soc_low",
        "soc_high",
        "end_current_a",
        "derating",
        "c_rate",
        "pause_s",
        "soak_s",
        "cell_limit_a",
    )
    typed = plan(count, supply=PlanSupply("manual", numbers[0], numbers[1]), pack=pack, stages_v=tuple(stages_v))
    typed = replace(typed, **dict(zip(names, numbers[2:], strict=True)))
    found = fits(typed)
    assert all(bool(fit.why_not) is not fit.ok and fit.hours for fit in found)
    assert best(typed, found).why


def test_mostly_charged_cells_are_simply_paralleled() -> None:
    assert best(plan(soc_low=0.95, soc_high=0.97)).name == "parallel"


def test_a_48_volt_bank_on_a_30_volt_supply_is_told_what_it_lacks() -> None:
    choice = best(plan(16))
    assert choice.name == "parallel" and "60 V supply" in choice.why


def test_an_assembled_battery_is_charged_cell_by_cell() -> None:
    assert best(plan(assembled=True)).name == "single-cell"


def test_the_wiring_of_the_present_plan_changes_nothing() -> None:
    assert fits(replace(HALF_FULL, arrangement="8S", procedure="precharge")) == fits(HALF_FULL)
