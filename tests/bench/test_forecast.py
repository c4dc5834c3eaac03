"""The forecast stands on the bank model; here the truth is another one: another voltage curve, slow diffusion, a wrong state of charge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.bench import picture
from tui.bench.forecast import Forecaster
from tui.domain.plan import Plan, PlanCell, PlanSupply


@pytest.mark.parametrize(
    ("table", "slow_lag", "typed", "lead_mohm", "cells"),
    [
        ("A", False, (0.96, 0.96), 20, 4),
        ("B", False, (0.96, 0.96), 20, 4),
        ("B", True, (0.94, 0.94), 20, 4),
        ("A", False, (0.975, 0.975), 60, 4),
        ("B", False, (0.96, 0.96), 5, 1),
    ],
    ids=["own curve", "other curve", "other curve, slow, too little typed", "thin leads, too much typed", "one cell"],
)
def test_range_holds_the_truth(drive, table, slow_lag, typed, lead_mohm, cells):
    bench = drive(
        cells=cells,
        soc=0.96,
        lead_mohm=lead_mohm,
        change=lambda d: replace(d, physics=replace(d.physics, table=table, slow_lag=slow_lag)),
        soc_low=typed[0],
        soc_high=typed[1],
    )
    bench.start()
    seen: list[tuple[float, float, float]] = []
    due_s = 0.0
    while bench.step_id != "off":
        bench._serve()
        assert bench.bench.state not in ("hold", "tripped", "call"), bench.snapshot().alarms
        now = bench.clock.now_s()
        if bench.bench.state == "charging" and now >= due_s:
            forecast = picture.forecast(bench.bench)
            assert forecast.low_s <= forecast.high_s
            assert forecast.basis
            seen.append((now, forecast.low_s, forecast.high_s))
            due_s = now + 600
    end_s = bench.clock.now_s()
    inside = [low <= end_s - now <= high for now, low, high in seen]
    assert len(seen) >= 5
    assert sum(inside) >= 0.9 * len(inside), [(round(end_s - now), round(low), round(high)) for now, low, high in seen]


def test_without_a_state_of_charge_the_plateau_says_so(drive):
    bench = drive(soc=0.96, soc_low=None, soc_high=None)
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.bench.state == "charging")
    forecast = bench.snapshot().forecast
    assert forecast.low_s is None and forecast.high_s is None
    assert "plateau" in forecast.basis


def test_a_lift_of_low_cells_is_forecast_by_its_own_charge_and_not_by_a_full_bank():
    low = Plan("Bank", (PlanCell("A1", 280.0),), PlanSupply("manual", 30.0, 10.0), lead_resistance_ohm=0.02, target_v=3.28, soc_low=0.02,
               soc_high=0.12)  # fmt: skip
    forecaster = Forecaster(low, 10.0)
    assert 5 * 3600 < (forecaster.longest_s(0.0) or 0) < 12 * 3600  # 28 Ah at 3.75 to 10 A, and half as much again
    assert (forecaster.longest_s(30.0) or 0) < 4 * 3600
    assert Forecaster(replace(low, soc_low=None), 10.0).longest_s(0.0) is None
