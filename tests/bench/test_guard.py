"""The guard alone: readings in, findings out. It counts samples, never averages, and takes unknown for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.roles import SupplyReading
from tui.bench.guard import Commanded, Guard
from tui.bench.messages import Channel
from tui.bench.reading import Reading
from tui.domain.limits import Limits

TOLD = Commanded(output_on=True, voltage_v=3.65, current_a=10.0, since_s=0.0)


class Watch:
    """Feeds a guard one second after another."""

    def __init__(self, *, by_hand: bool = False) -> None:
        self.guard = Guard(Limits(), target_v=3.65, bank_ah=400.0, voltage_step_v=0.01, current_step_a=0.01, by_hand=by_hand)
        self.now_s = 100.0

    def see(self, *, cells=3.40, amps=10.0, supply=3.60, told=TOLD, seconds=1.0, charge_ah=1.0, **supply_fields) -> set[tuple[str, str]]:
        self.now_s += seconds
        answer = SupplyReading(self.now_s, True, 3.65, 10.0, supply, amps, "CC")
        answer = replace(answer, **supply_fields)
        reading = Reading(
            self.now_s,
            answer,
            True,
            output_on=answer.output_on,
            set_voltage_v=answer.set_voltage_v,
            set_current_a=answer.set_current_a,
            supply_v=Channel(supply, "measured", 0.0) if supply is not None else Channel(),
            current_a=Channel(amps, "measured", 0.0) if amps is not None else Channel(),
            cells_v=Channel(cells, "measured", 0.0) if cells is not None else Channel(),
            alarm_v=cells if cells is not None and 0 <= cells <= 5 else None,
        )
        found = self.guard.check(reading, told, charge_ah=charge_ah, supply_answered=True)
        return {(finding.level, finding.code) for finding in found}


def test_quiet_charge_finds_nothing():
    watch = Watch()
    assert all(watch.see() == set() for _ in range(50))


@pytest.mark.parametrize(
    ("cells", "finding"),
    [(3.662, ("warn", "near-over-target")), (3.682, ("trip", "cell-over-target")), (3.71, ("trip", "ceiling"))],
)
def test_over_limit_needs_two_successive_samples(cells, finding):
    watch = Watch()
    watch.see(cells=3.64)
    assert watch.see(cells=cells) == set()
    assert watch.guard.suspicious  # the second read comes at once
    assert finding in watch.see(cells=cells)


def test_one_bad_sample_between_good_ones_is_nothing():
    watch = Watch()
    watch.see(cells=3.60)
    for _ in range(2):
        watch.see(cells=3.60)
        assert watch.see(cells=3.72) == set()
    watch.see(cells=3.60)
    assert len(watch.guard.glitches.news) == 2


def test_exactly_at_a_limit_is_allowed():
    watch = Watch()
    for _ in range(3):
        assert watch.see(cells=3.66) == set()


def test_supply_terminals_count_as_a_point_while_the_output_is_on():
    watch = Watch()
    watch.see(supply=3.69)
    assert ("trip", "cell-over-target") in watch.see(supply=3.69)


def test_impossible_readings_are_glitches_and_three_of_them_a_hold():
    watch = Watch()
    watch.see()
    watch.see()
    for n in range(3):
        found = watch.see(cells=9.9)
        assert found == (set() if n < 2 else {("hold", "glitches")})
        if n < 2:
            watch.see()


def test_unknown_is_neither_alarm_nor_zero():
    watch = Watch()
    for _ in range(10):
        assert watch.see(cells=None, amps=None, supply=None) == set()


def test_current_above_the_set_point():
    watch = Watch()
    watch.see(amps=10.31)
    assert watch.see(amps=10.31) == set()  # 3 % and a count are allowed
    watch.see(amps=10.5)
    assert ("hold", "current") in watch.see(amps=10.5)


def test_negative_current_holds():
    watch = Watch()
    watch.see(amps=-0.2)
    assert ("hold", "negative-current") in watch.see(amps=-0.2)


def test_set_point_read_back_that_differs_by_more_than_a_count_holds():
    assert Watch().see(set_voltage_v=3.66) == set()
    assert ("hold", "set-voltage") in Watch().see(set_voltage_v=3.67)
    assert ("hold", "set-current") in Watch().see(set_current_a=12.0)


def test_an_answer_older_than_the_command_tells_nothing_about_it():
    watch = Watch()
    told = replace(TOLD, voltage_v=3.60, since_s=1000.0)
    assert watch.see(told=told) == set()


def test_sudden_zero_is_an_open_circuit():
    watch = Watch()
    for _ in range(5):
        watch.see(amps=10.0)
    assert watch.see(amps=0.0, supply=3.65) == set()
    assert ("hold", "F-27") in watch.see(amps=0.0, supply=3.65)


def test_a_natural_taper_is_none():
    watch = Watch()
    amps = 10.0
    while amps > 0.02:
        assert watch.see(amps=round(amps, 2), cells=3.64, supply=3.65) == set()
        amps *= 0.5 ** (1 / 200)  # half in 200 s: faster than any real bank


def test_taper_seen_only_every_minute_is_none_either():
    watch = Watch()
    amps = 10.0
    while amps > 0.02:
        assert watch.see(amps=round(amps, 2), cells=3.64, supply=3.65, seconds=60.0) == set()
        amps *= 0.5 ** (60 / 200)


def test_last_counts_flicker_without_alarm():
    watch = Watch()
    for amps in (0.04, 0.03, 0.04, 0.02, 0.03, 0.01, 0.02, 0.0, 0.01, 0.0) * 3:
        assert watch.see(amps=amps, cells=3.65, supply=3.65) == set()


def test_a_new_set_point_may_drop_the_current():
    watch = Watch()
    for _ in range(4):
        watch.see(amps=1.0)
    told = replace(TOLD, voltage_v=3.63, since_s=watch.now_s + 0.5)
    for _ in range(4):
        assert watch.see(amps=0.2, told=told, set_voltage_v=3.63) == set()


def test_more_charge_than_the_bank_holds():
    assert ("warn", "charge-warn") in Watch().see(charge_ah=425.0)
    assert ("trip", "charge-trip") in Watch().see(charge_ah=470.0)


def test_too_long_at_the_top_counts_the_cells_and_not_the_supply():
    watch = Watch()
    for _ in range(500):
        assert watch.see(cells=3.58, supply=3.65, amps=1.0, seconds=60.0) == set()  # thin leads: 8 h
    for _ in range(242):
        watch.see(cells=3.645, supply=3.65, amps=0.3, seconds=60.0)
    assert ("hold", "time-at-top") in watch.see(cells=3.645, supply=3.65, amps=0.3, seconds=60.0)


def test_a_cell_that_was_full_may_settle_for_a_quarter_of_an_hour_while_others_are_charged():
    watch = Watch()
    found = set()
    for n in range(20):
        found |= watch.see(cells=3.40 - 0.004 * n, seconds=20.0)
    assert ("trip", "F-40") not in found


def test_volts_that_fall_under_constant_current_trip():
    watch = Watch()
    for _ in range(50):
        watch.see(cells=3.36, seconds=20.0)
    for n in range(10):
        watch.see(cells=3.36 - 0.002 * n, seconds=20.0)
    found = set()
    for n in range(4):
        found |= watch.see(cells=3.335 - 0.002 * n, seconds=20.0)
    assert ("trip", "F-40") in found


def test_own_protection_of_the_supply_is_a_hold():
    assert ("hold", "protection") in Watch().see(protection="OVP", output_on=False)
