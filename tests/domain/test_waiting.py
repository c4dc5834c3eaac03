"""What waiting still buys, against the simulated bench."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from domain_plans import plan
from hypothesis import given
from hypothesis import strategies as st

from drivers.clock import VirtualClock
from drivers.simulated.charges import Truth
from drivers.simulated.description import parse
from drivers.simulated.world import World
from tui.domain.charge import soc_at, volts_at
from tui.domain.plan import Plan
from tui.domain.waiting import FACTOR, FLOOR, Hookup, rail_steps, waiting

EVERY_S = 300


def taper(chosen: Plan, hookup: Hookup, link_mohm: float, *, until_a: float = 0.3) -> Iterator[Truth]:
    """The true bench every five minutes from the end of constant current on; resistances differ by a tenth up and down."""
    draw = random.Random(7)
    count, low, high = len(chosen.cells), chosen.soc_low or 0.0, chosen.soc_high or 0.0
    cells = [
        {
            "capacity_ah": cell.capacity_ah,
            "soc": low + (high - low) * k / (count - 1),
            "r0_mohm": 182 / cell.capacity_ah * draw.uniform(0.9, 1.1),
        }
        for k, cell in enumerate(chosen.cells)
    ]
    draw.shuffle(cells)
    lead_mohm = (chosen.lead_resistance_ohm or 0.0) * 1000
    bank = {"hookup": hookup, "link_mohm": link_mohm}
    clock = VirtualClock()
    document = {"supply": {"model": "RD6030"}, "leads": {"resistance_mohm": lead_mohm}, "bank": bank, "cell": cells}
    world = World(parse(document, "test"), clock, assembled=True)
    world.set_supply(voltage_v=chosen.target_v, current_a=10.0)
    world.set_output(True)
    while True:
        clock.advance(EVERY_S)
        truth = world.truth()
        if truth.supply_current_a < 9.99:
            yield truth
        if truth.supply_current_a < until_a:
            return


BANKS = [
    (plan(lead_resistance_ohm=0.020, soc_low=0.97, soc_high=0.985), "diagonal", 0.1),
    (plan(lead_resistance_ohm=0.020, soc_low=0.97, soc_high=0.985), "same-end", 0.3),
    (plan(lead_resistance_ohm=0.005, soc_low=0.97, soc_high=0.985), "same-end", 0.1),
    (plan(4, 100.0, lead_resistance_ohm=0.020, soc_low=0.93, soc_high=0.96), "diagonal", 0.1),
    (plan(4, 50.0, lead_resistance_ohm=0.005, soc_low=0.85, soc_high=0.95), "same-end", 0.3),
]


@pytest.mark.parametrize(("chosen", "hookup", "link_mohm"), BANKS)
def test_from_the_end_of_constant_current_on_the_estimate_bounds_the_truth(chosen: Plan, hookup: Hookup, link_mohm: float) -> None:
    course = list(taper(chosen, hookup, link_mohm))
    assert len(course) > 3
    for k, truth in enumerate(course):
        volts = [cell.voltage_v for cell in truth.cells]
        mean_v, current_a = sum(volts) / len(volts), truth.supply_current_a
        known = waiting(chosen, mean_v, current_a, hookup=hookup, link_ohm=link_mohm / 1000)
        seen = waiting(chosen, mean_v, current_a, seen_spread_v=max(volts) - min(volts))
        for estimate in (known, seen):
            assert estimate.now_fraction is not None and estimate.in_an_hour_fraction is not None
            assert truth.soc_spread < FACTOR * estimate.now_fraction
            assert estimate.in_an_hour_fraction <= estimate.now_fraction
            later = k + 3600 // EVERY_S
            if later < len(course):
                assert course[later].soc_spread < FACTOR * estimate.in_an_hour_fraction


def test_in_a_large_bank_the_estimate_is_not_far_above_the_truth_either() -> None:
    chosen = BANKS[0][0]
    for truth in taper(chosen, "diagonal", 0.1, until_a=4.0):
        estimate = waiting(chosen, sum(cell.voltage_v for cell in truth.cells) / 8, truth.supply_current_a)
        assert estimate.now_fraction is not None
        assert truth.soc_spread > estimate.now_fraction / FACTOR


def test_the_cell_models_figures_at_3_40_volts() -> None:
    """0.007 % diagonal with links of 0.1 mΩ, 0.13 % with leads at one end and 0.3 mΩ, at 10 A into eight cells."""
    bank = plan(lead_resistance_ohm=0.005)
    near = waiting(bank, 3.40, 10.0).now_fraction
    far = waiting(bank, 3.40, 10.0, hookup="same-end", link_ohm=0.3e-3).now_fraction
    assert near is not None and far is not None
    assert near == pytest.approx(0.00007, rel=0.5)
    assert far == pytest.approx(0.0013, rel=0.5)


def test_the_rails_are_summed_as_the_ladder_stands() -> None:
    assert list(rail_steps(4, "diagonal")) == [6, 8, 8, 6]
    assert list(rail_steps(4, "same-end")) == [0, 6, 10, 12]


def test_on_the_plateau_volts_tell_nothing() -> None:
    found = waiting(plan(), 3.33, 10.0)
    assert found.now_fraction is None and found.in_an_hour_fraction is None and "knee" in found.words


def test_one_cell_is_level_with_itself() -> None:
    assert waiting(plan(1), 3.6, 2.0).now_fraction == 0.0


def test_a_loose_joint_that_is_seen_counts() -> None:
    sound, loose = waiting(plan(), 3.45, 9.0).now_fraction, waiting(plan(), 3.45, 9.0, seen_spread_v=0.020).now_fraction
    assert sound is not None and loose is not None and loose > 5 * sound


def test_the_words_name_the_charge_and_say_when_nothing_is_left_to_gain() -> None:
    assert "mAh" in waiting(plan(), 3.45, 9.0).words and "in an hour" in waiting(plan(), 3.45, 9.0).words
    assert "nothing more" in waiting(plan(), 3.649, 0.1).words


def test_a_known_time_constant_is_followed() -> None:
    slow, fast = waiting(plan(), 3.45, 9.0, tau_s=36_000.0), waiting(plan(), 3.45, 9.0, tau_s=900.0)
    assert slow.in_an_hour_fraction is not None and fast.in_an_hour_fraction is not None
    assert fast.in_an_hour_fraction < slow.in_an_hour_fraction


@given(st.floats(3.35, 3.65), st.floats(0.0, 60.0), st.none() | st.floats(1.0, 1e6), st.none() | st.floats(0.0, 0.3), st.integers(2, 16))
def test_any_reading_gives_an_estimate_that_time_does_not_worsen(
    volts_v: float, current_a: float, tau_s: float | None, seen_v: float | None, count: int
) -> None:
    found = waiting(replace(plan(count), arrangement="1P" if count == 1 else ""), volts_v, current_a, tau_s, seen_v)
    assert found.words
    if found.now_fraction is not None and found.in_an_hour_fraction is not None:
        assert FLOOR * 0.99 <= found.in_an_hour_fraction <= found.now_fraction


@given(st.floats(0.98, 1.0005))
def test_volts_and_charge_are_each_others_inverse_in_the_knee(soc: float) -> None:
    assert soc_at(volts_at(soc)) == pytest.approx(soc, abs=1e-9)
