"""The end of a charge, clause by clause, and the ends that are none."""

from __future__ import annotations

from tui.bench.end_rule import EndRule
from tui.bench.messages import Channel
from tui.bench.reading import Reading
from tui.domain.limits import Limits


def rule(**changes) -> EndRule:
    values = {"target_v": 3.65, "choice": "near-zero", "end_current_a": 0.10, "set_current_a": 10.0, "current_step_a": 0.01}
    values["fastest_taper_s"] = 30.0
    return EndRule(Limits(), **{**values, **changes})


def reading(now_s, *, cells=3.648, amps=0.08, mode="CV", trust="measured", on=True, per_cell=None, current_trust="measured") -> Reading:
    return Reading(
        now_s,
        output_on=on,
        mode=mode,
        cells_v=Channel(cells, trust, 0.0),
        current_a=Channel(amps, current_trust, 0.0),
        per_cell_v={label: Channel(volts, "measured", 0.0) for label, volts in (per_cell or {}).items()},
    )


def hold(under: EndRule, seconds: float, start_s: float = 0.0, step_s: float = 10.0, **values) -> str:
    verdict, now = "", start_s
    while now <= start_s + seconds:
        verdict = under.update(reading(now, **values))
        now += step_s
    return verdict


def test_all_clauses_for_ten_minutes_end_it():
    assert hold(rule(), 590) == ""
    assert hold(rule(), 600) == "end-rule"


def test_each_missing_clause_keeps_it_open():
    for missing in (
        {"cells": 3.63},
        {"amps": 0.12},
        {"trust": "derived"},
        {"trust": "echo"},
        {"trust": "stale"},
        {"mode": "CC"},
        {"on": False},
        {"amps": None},
        {"current_trust": "stale"},
        {"per_cell": {"A1": 3.650, "A2": 3.635}},
    ):
        assert hold(rule(), 900, **missing) == "", missing


def test_a_missing_clause_is_named():
    under = rule()
    hold(under, 60, cells=3.62)
    failed = [clause.text for clause in under.clauses if not clause.ok]
    assert any("3.640" in text for text in failed)


def test_typed_volts_count():
    assert hold(rule(), 600, trust="typed") == "end-rule"


def test_cells_that_cross_are_not_balanced():
    under = rule()
    for n in range(120):
        apart = {"A1": 3.650, "A2": 3.650 if n % 20 else 3.636}
        assert under.update(reading(10.0 * n, per_cell=apart)) == ""


def test_sudden_zero_is_no_end_for_a_hold_time():
    under = rule()
    for n in range(30):
        under.update(reading(float(n), amps=4.0))
    assert hold(under, 590, start_s=30, amps=0.0) == ""


def test_end_current_below_two_counts_is_two_counts():
    assert rule(end_current_a=0.001).end_current_a == 0.02


def test_stop_on_volts_does_not_wait_for_the_current():
    assert hold(rule(choice="volts"), 600, amps=5.0) == "end-rule"


def test_leakage_floor_is_an_end_of_its_own():
    assert hold(rule(), 3700, amps=0.30) == "leakage-floor"


def test_flat_current_above_the_floor_is_none():
    assert hold(rule(), 3700, amps=0.80) == "flat"


def test_flat_current_far_from_the_top_is_normal_on_thin_leads():
    assert hold(rule(), 8000, amps=5.0, cells=3.34) == ""


def test_rising_current_at_the_top():
    under = rule()
    verdict = ""
    for n in range(400):
        verdict = under.update(reading(10.0 * n, amps=0.3 + 0.0004 * n))
        if verdict:
            break
    assert verdict == "rising"


def test_a_taper_goes_on_undisturbed():
    under, amps, now = rule(), 3.0, 0.0
    while amps > 0.101:
        assert under.update(reading(now, amps=round(amps, 2))) == ""
        amps *= 0.5 ** (10 / 1500)
        now += 10
