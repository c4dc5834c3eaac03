"""Faults of cells in series and of charges in several parts, each by its number, in the procedures as they are and for both kinds of supply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription, MeterDescription
from tests.bench.conftest import Driven
from tui.bench.messages import Acknowledge, Answer, Override, Resume, TypeReading

Make = Callable[..., Driven]
both = pytest.mark.parametrize("supply", ["RD6012", "manual"])


def cells_seen(description: BenchDescription) -> BenchDescription:
    return replace(description, meter=MeterDescription(point="cells"))


def string(drive: Make, supply: str = "RD6012", *, seen: bool = True, **more: object) -> Driven:
    chosen: dict[str, object] = {
        "cells": 4,
        "capacity_ah": 50.0,
        "soc": (0.93, 0.96),
        "arrangement": "4S",
        "bms_v": 3.65,
        "procedure": "precharge",
        "supply": supply,
        "change": cells_seen if seen else None,
        "meter": seen,
        **more,
    }
    return drive(**chosen)


def answer(run: Driven, **wrong: float | str) -> str:
    """Answer what is asked now, as the meters show it but for what is given; the refusal, or ""."""
    prompt = run.snapshot().prompt
    assert prompt is not None
    outcome = run.send(Answer(prompt.id, {**run.script.values(prompt), **wrong}))
    return "" if outcome.ok else outcome.message


def call_answered(run: Driven) -> None:
    """With knobs every hold is a call: the hands switch off and read the panel."""
    if run.bench.safety.call is not None:
        run.send(Acknowledge(0))
        run.send(TypeReading("current_a", 0.0, sure=True))
        for _ in range(10):
            run.step()


def to_the_end(run: Driven) -> str:
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.state == "ended", (run.step_id, run.snapshot().alarms, run.snapshot().prompt)
    return run.bench.running.result


@both
def test_f07_a_cell_left_out_of_the_string_is_found_before_the_leads_go_on(drive: Make, supply: str) -> None:
    run = string(drive, supply)
    run.start()
    run.world.inject("wrong-count")
    run.go_to("post-polarity")
    run.go_until(lambda run: run.snapshot().prompt is not None)
    assert "fits 3 cells in series, not 4" in answer(run)
    prompt = run.snapshot().prompt
    assert prompt is not None and not prompt.overridable
    assert not run.send(Override(prompt.id, "it is right so")).ok
    assert not run.world.truth().leads_on and run.step_id == "post-polarity"
    run.world.undo("wrong-count")
    assert answer(run) == ""
    assert to_the_end(run) == "done"


@both
def test_f07_the_slip_of_a_volt_a_cell_is_found_at_the_open_leads(drive: Make, supply: str) -> None:
    run = string(drive, supply)
    run.start()
    run.go_to("lead-volts")
    run.go_until(lambda run: run.snapshot().prompt is not None)
    assert "not 14.600 V" in answer(run, lead_end_v=14.40)
    assert not run.world.truth().leads_on


@both
def test_f08_no_series_charge_without_a_bms_that_would_open(drive: Make, supply: str) -> None:
    run = string(drive, supply)
    run.start()
    run.go_to("bms")
    run.go_until(lambda run: run.snapshot().prompt is not None)
    assert "Without a BMS" in answer(run, bms_fitted="no BMS")
    assert "protects nothing" in answer(run, bms_ov_v=3.9)
    prompt = run.snapshot().prompt
    assert prompt is not None and not run.send(Override(prompt.id, "I watch it")).ok
    assert answer(run, bms_ov_v=3.75) == ""
    assert any("stands behind the target" in alarm.text for alarm in run.snapshot().alarms)


@both
@pytest.mark.parametrize(("capacity_ah", "soc"), [(280.0, (0.975, 0.985)), (50.0, (0.9, 0.96)), (20.0, (0.95, 0.96))])
def test_f08_with_a_bms_that_never_opens_the_typed_cell_ends_the_charge(
    drive: Make, supply: str, capacity_ah: float, soc: tuple[float, float]
) -> None:
    """Nothing else slows the last climb of a cell in series: readings are asked for the sooner, the nearer it is and the faster it is charged."""
    run = string(drive, supply, seen=False, capacity_ah=capacity_ah, soc=soc)
    run.start()
    run.go_to("to-top")
    run.world.inject("bms-stuck")
    run.go_until(lambda run: run.step_id == "opened" or run.bench.state in ("call", "hold", "tripped"))
    assert run.step_id == "opened", run.snapshot().alarms
    assert run.world.max_cell_voltage_v < 3.70
    assert not run.world.output_on


@both
@pytest.mark.parametrize("cells", [4, 8])
def test_f08_a_string_that_nobody_reads_is_switched_off_before_a_cell_far_ahead_is_lost(drive: Make, supply: str, cells: int) -> None:
    def one_ahead(description: BenchDescription) -> BenchDescription:
        return replace(description, cells=(*(replace(cell, soc=0.6) for cell in description.cells[:-1]), description.cells[-1]))

    run = string(
        drive, supply, seen=False, capacity_ah=280.0, soc=(0.9, 0.95), cells=cells, arrangement=f"{cells}S", volts=60.0, change=one_ahead
    )
    run.start()
    run.go_to("to-top")
    run.world.inject("bms-stuck")
    left_s = run.clock.now_s()
    while run.bench.state == "charging":  # the operator types nothing at all
        run.step(10.0)
        assert run.clock.now_s() - left_s < 7200.0
    assert run.bench.state == ("call" if supply == "manual" else "hold")
    assert run.world.max_cell_voltage_v < 3.65


def test_f08_far_from_the_top_the_operator_of_a_string_may_sleep(drive: Make) -> None:
    run = string(drive, seen=False, capacity_ah=280.0, soc=(0.2, 0.22))
    run.start()
    run.go_to("to-top")
    slept_s = run.clock.now_s()
    while run.clock.now_s() - slept_s < 6 * 3600.0:
        run.step(30.0)
        assert run.bench.state == "charging", run.snapshot().alarms


@both
def test_f27_a_lead_that_falls_off_a_string_is_a_hold_and_never_an_end(drive: Make, supply: str) -> None:
    run = string(drive, supply, capacity_ah=280.0, soc=(0.6, 0.62))
    run.start()
    run.go_to("to-top")
    run.go_until(lambda run: run.bench.reading.amperes is not None and run.clock.now_s() - run.bench.running.runner.entered_s > 400)
    run.world.inject("lead-falls-off")
    run.go_until(lambda run: run.step_id == "opened" and run.snapshot().prompt is not None)
    assert not run.world.output_on
    assert "BMS fault" in answer(run)
    call_answered(run)
    assert run.bench.state == "hold" and run.bench.running.outcome == "stopped"
    assert any(alarm.code == "F-28" and alarm.level == "hold" for alarm in run.snapshot().alarms)
    run.send(Resume("the ring was loose"))
    assert run.step_id == "recheck"
    assert to_the_end(run) == "done"


@both
@pytest.mark.parametrize("seen", [True, False])
def test_f28_a_full_cell_that_opens_the_bms_is_the_normal_end(drive: Make, supply: str, seen: bool) -> None:
    run = string(drive, supply, seen=seen, bms_v=3.60)
    run.start()
    assert to_the_end(run) == "done"
    end = next(iter(run.bench.running.ends.values()))
    fullest = max(run.world.truth().cells, key=lambda cell: cell.soc).label
    assert end.detail == f"{fullest} first"
    if supply != "manual":  # amperes typed minutes apart count roughly
        assert end.charge_ah == pytest.approx(run.world.delivered_ah(), rel=0.05)
    assert run.world.max_cell_voltage_v < 3.68


@both
def test_f28_a_bms_that_opens_for_a_fault_holds_with_the_charge_going_on_behind_new_checks(drive: Make, supply: str) -> None:
    run = string(drive, supply, capacity_ah=280.0, soc=(0.6, 0.62))
    run.start()
    run.go_to("to-top")
    run.go_until(lambda run: run.bench.reading.amperes is not None and run.clock.now_s() - run.bench.running.runner.entered_s > 400)
    run.world.inject("bms-opens")
    run.go_until(lambda run: run.step_id == "opened" and run.snapshot().prompt is not None)
    assert "BMS fault" in answer(run)
    call_answered(run)
    assert run.bench.state == "hold"
    run.world.undo("bms-opens")
    run.send(Resume("the BMS was cold"))
    assert run.step_id == "recheck"
    assert to_the_end(run) == "done"


@both
def test_f47_the_volts_go_up_only_with_the_output_proved_off(drive: Make, supply: str) -> None:
    run = drive(
        cells=2, capacity_ah=30.0, soc=(0.97, 0.98), procedure="step-and-pause", derating=0.8, pause_s=60.0, rest_s=60.0, supply=supply
    )
    run.start()
    set_v, rises = 0.0, 0
    while run.bench.state != "ended":
        truth, (now_v, _) = run.world.truth(), run.world.set_points
        if now_v > set_v + 0.02 and set_v > 3.0:
            rises += 1
            assert not (truth.output_on and truth.leads_on), f"{set_v} to {now_v} V with the output on the cells"
        if truth.leads_on and truth.output_on:
            assert now_v <= run.bench.running.plan.target_v + 0.031
        set_v = now_v
        run._serve()
        assert run.bench.state not in ("hold", "tripped", "call"), run.snapshot().alarms
    assert rises >= 2
    assert run.bench.running.result == "balanced"


def test_f47_a_supply_that_stays_on_gets_no_higher_volts(drive: Make) -> None:
    run = drive(cells=2, capacity_ah=30.0, soc=(0.97, 0.98), procedure="step-and-pause", derating=0.8, pause_s=60.0, rest_s=60.0)
    run.start()
    run.go_to("hold-stage@2")
    assert run.wire is not None
    run.wire.inject("output-stuck-on")
    run.go_until(lambda run: run.bench.state == "call")
    for _ in range(600):
        run.step()
        assert run.world.set_points[0] <= 3.45 + 1e-6
    assert run.bench.running.part.id == "stage-1"
