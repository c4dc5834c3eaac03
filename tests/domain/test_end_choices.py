"""The ways to end a charge, with their consequences."""

import pytest
from domain_plans import plan

from tui.domain.end_choices import EndChoice, at_volts_a, choices, makers_rule_words
from tui.domain.plan import PlanSupply


def by_id(found: tuple[EndChoice, ...]) -> dict[str, EndChoice]:
    return {choice.id: choice for choice in found}


def test_three_rules_and_the_compromise_are_offered() -> None:
    assert [choice.id for choice in choices(plan())] == ["near-zero", "fixed", "volts", "compromise"]
    assert [choice.id for choice in choices(plan(target_v=3.6))] == ["near-zero", "fixed", "volts"]


def test_each_is_told_in_amperes_and_in_c_of_the_bank() -> None:
    for choice in choices(plan()):
        assert choice.end_c == pytest.approx(choice.end_a / 2240)
        assert choice.words.endswith(".")
    assert by_id(choices(plan()))["near-zero"].end_c == pytest.approx(0.1 / 2240)


def test_waiting_for_less_current_takes_longer_puts_in_more_and_brings_the_cells_closer() -> None:
    found = by_id(choices(plan()))
    near, fixed, volts = found["near-zero"], found["fixed"], found["volts"]
    assert near.after_volts_s > fixed.after_volts_s >= volts.after_volts_s == 0
    assert near.extra_ah > fixed.extra_ah >= volts.extra_ah == 0
    assert near.spread_fraction is not None and volts.spread_fraction is not None
    assert near.spread_fraction <= volts.spread_fraction < 0.0001


def test_the_volts_are_reached_when_the_leads_drop_ten_millivolts() -> None:
    assert at_volts_a(plan(lead_resistance_ohm=0.020)) == pytest.approx(0.5)
    assert at_volts_a(plan(lead_resistance_ohm=0.005)) == pytest.approx(2.0)
    assert at_volts_a(plan(lead_resistance_ohm=0.0)) == 10.0
    assert "2.00 A still flow" in by_id(choices(plan(lead_resistance_ohm=0.005)))["volts"].words


def test_with_these_leads_the_current_falls_to_near_zero_within_the_tutorials_hour() -> None:
    assert by_id(choices(plan(lead_resistance_ohm=0.005)))["near-zero"].after_volts_s < 3600


def test_a_fixed_end_above_what_still_flows_is_met_at_once() -> None:
    fixed = by_id(choices(plan(lead_resistance_ohm=0.020, end_rule="fixed", end_current_a=2.0)))["fixed"]
    assert fixed.end_a == 2.0 and fixed.after_volts_s == 0.0 and "as soon as" in fixed.words


def test_the_compromise_is_ten_millivolts_and_a_fraction_of_an_ampere_hour_less() -> None:
    found = by_id(choices(plan()))["compromise"]
    assert found.target_v == 3.64 and found.rule == "near-zero"
    assert "0.24 Ah of 2240 Ah" in found.words


def test_the_datasheets_rule_is_112_amperes_for_eight_cells_and_met_at_once() -> None:
    words = makers_rule_words(plan())
    assert "112 A" in words and "0.0045C" in words and "before any taper" in words


def test_a_strong_supply_on_small_cells_meets_the_datasheets_rule_in_the_taper() -> None:
    words = makers_rule_words(plan(4, 20.0, supply=PlanSupply("manual", 30.0, 10.0)))
    assert "4 A" in words and "in the course of the taper" in words


def test_a_supply_with_coarse_amperes_does_not_offer_less_than_it_shows() -> None:
    coarse = plan(supply=PlanSupply("manual", 30.0, 10.0, 0.01, 0.1))
    assert by_id(choices(coarse))["near-zero"].end_a == pytest.approx(0.2)
