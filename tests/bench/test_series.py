"""A string under its BMS: what the guard and the end of the charge make of cells in series (faults F-27, F-28)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription, MeterDescription
from tests.bench.bench_parts import with_steps
from tests.bench.conftest import Driven
from tui.bench.messages import Answer, Resume
from tui.domain.plan import Plan
from tui.domain.procedure import Field, Part, Step

Make = Callable[..., Driven]


def string(plan: Plan, *, unseen: bool = False) -> tuple[Step, ...]:
    """Wired in series, charged until a cell is full or the BMS opens; behind its gates in the real procedure."""
    part = Part("precharge", "Pre-charge", replace(plan, arrangement=f"{len(plan.cells)}S", procedure="precharge"))
    highest = (Field("cells_v", "Highest cell", "voltage", "V", "highest-cell"),)
    each = tuple(Field(f"cell:{cell.label}", cell.label, "voltage", "V", f"cell:{cell.label}") for cell in plan.cells)
    return (
        Step("wire-series", "Wire", "Wire.", "3.1", confirm="Wired", hands=("wire-series", "leads-on"), action="write-test", part=part),
        Step("charge", "Charge", "Now.", "3.6", confirm="Start", action="charge", part=part),
        Step(
            "to-top",
            "Until the BMS opens",
            "Wait.",
            "3.6",
            fields=highest if unseen else (),
            until="cell-at-target",
            ask_during=unseen,
            opening_ends=True,
            part=part,
        ),
        Step("off", "Off", "Off.", "3.7", action="output-off", part=part),
        Step("opened", "Who was first", "Measure each cell.", "3.7", fields=each, gate="opened", part=part),
        Step("done", "Done", "Mostly charged.", "3.7", confirm="Seen", part=part),
    )


def metered(description: BenchDescription) -> BenchDescription:
    return replace(description, meter=MeterDescription(point="cells"))


def make(drive: Make, *, cells_seen: bool, **more: object) -> Driven:
    chosen: dict[str, object] = {
        "cells": 4,
        "capacity_ah": 50.0,
        "soc": (0.93, 0.96),
        "amps": 10.0,
        "arrangement": "4S",
        "bms_v": 3.65,
        **more,
    }
    return drive(change=metered if cells_seen else None, **chosen)


def test_a_cell_that_reads_the_target_ends_the_charge_without_the_bms(drive: Make) -> None:
    run = make(drive, cells_seen=True, bms_v=3.75)
    with with_steps(string(run.plan)):
        run.start()
        run.go_on()
    session = run.bench.running
    assert session.result == "done"
    assert not run.world.output_on
    assert 3.63 <= run.world.max_cell_voltage_v <= 3.66
    assert [end.reason for end in session.ends.values()] == ["a cell read the target"]


def test_the_bms_opens_first_where_nobody_sees_the_cells_and_that_is_a_normal_end(drive: Make) -> None:
    run = make(drive, cells_seen=False)
    with with_steps(string(run.plan, unseen=True)):
        run.start()
        run.go_on()
    session = run.bench.running
    assert session.result == "done", run.snapshot().alarms
    end = next(iter(session.ends.values()))
    fullest = max(run.world.truth().cells, key=lambda cell: cell.soc).label
    assert end.detail == f"{fullest} first"
    assert not run.world.output_on
    assert run.world.max_cell_voltage_v < 3.70


def test_the_whole_current_goes_through_each_cell(drive: Make) -> None:
    run = make(drive, cells_seen=True)
    before = {cell.label: cell.soc for cell in run.world.truth().cells}
    with with_steps(string(run.plan)):
        run.start()
        run.go_on()
    gained = [50.0 * (cell.soc - before[cell.label]) for cell in run.world.truth().cells]
    assert max(gained) - min(gained) < 0.05
    assert run.bench.running.charge_ah == pytest.approx(gained[0], rel=0.02)


def test_f28_a_bms_that_opens_for_another_reason_is_a_hold(drive: Make) -> None:
    run = make(drive, cells_seen=True, soc=(0.6, 0.63))
    with with_steps(string(run.plan)):
        run.start()
        run.go_to("to-top")
        for _ in range(20):
            run.step()
        run.world.inject("bms-opens")
        run.go_until(lambda run: run.step_id == "opened")
        assert not run.world.output_on
        run.go_until(lambda run: run.snapshot().prompt is not None)
        prompt = run.snapshot().prompt
        assert prompt is not None
        outcome = run.send(Answer(prompt.id, run.script.values(prompt)))
        assert not outcome.ok
        shown = run.snapshot()
        assert shown.state == "hold"
        assert any(alarm.code == "F-28" and alarm.level == "hold" for alarm in shown.alarms)
        # The cause is found: the charge goes on behind a new check, and ends at a full cell.
        run.world.undo("bms-opens")
        run.step()
        assert run.send(Resume("the BMS was too warm")).ok
        run.go_on()
    assert run.bench.running.result == "done"


def test_f27_a_lead_that_falls_off_a_string_is_no_end(drive: Make) -> None:
    run = make(drive, cells_seen=True, soc=(0.6, 0.63))
    with with_steps(string(run.plan)):
        run.start()
        run.go_to("to-top")
        for _ in range(20):
            run.step()
        run.world.inject("lead-falls-off")
        run.go_until(lambda run: run.step_id == "opened" and run.snapshot().prompt is not None)
        prompt = run.snapshot().prompt
        assert prompt is not None
        assert not run.send(Answer(prompt.id, run.script.values(prompt))).ok
        assert run.bench.state == "hold"
        assert run.bench.running.outcome != "balanced"


def test_the_highest_cell_is_asked_for_where_no_meter_sees_each(drive: Make) -> None:
    run = make(drive, cells_seen=False, soc=(0.5, 0.52), capacity_ah=50.0)
    with with_steps(string(run.plan, unseen=True)):
        run.start()
        run.go_to("to-top")
        asked = 0
        start_s = run.clock.now_s()
        while run.clock.now_s() - start_s < 3600.0:
            prompt = run.snapshot().prompt
            if prompt is not None:
                asked += 1
                run.send(Answer(prompt.id, run.script.values(prompt)))
            run.step(5.0)
        assert 5 <= asked <= 8  # every ten minutes, and once at the beginning


def test_a_string_is_shown_with_its_highest_cell_and_its_own_volts(drive: Make) -> None:
    run = make(drive, cells_seen=False, soc=(0.5, 0.52))
    with with_steps(string(run.plan, unseen=True)):
        run.start()
        run.go_to("to-top")
        for _ in range(30):
            run.step()
        shown = run.snapshot()
    assert shown.series == 4
    assert shown.pack_v.trust == "measured" and 13.0 < (shown.pack_v.value or 0) < 13.6
    assert shown.set_voltage_v == 14.6
    assert 3.2 < (shown.cells_v.value or 0) < 3.4
    assert shown.energy_wh == pytest.approx(shown.charge_ah * 4 * 3.3, rel=0.03)  # into the string, not into one cell


def test_where_a_meter_sees_each_cell_the_volts_of_the_string_are_their_sum(drive: Make) -> None:
    run = make(drive, cells_seen=True, soc=(0.5, 0.52))
    with with_steps(string(run.plan)):
        run.start()
        run.go_to("to-top")
        for _ in range(30):
            run.step()
        shown = run.snapshot()
    assert shown.pack_v.trust == "derived" and 13.0 < (shown.pack_v.value or 0) < 13.6


def test_a_supply_that_holds_a_string_too_high_trips(drive: Make) -> None:
    run = make(drive, cells_seen=False, soc=(0.985, 0.986), bms_v=4.2)
    with with_steps(string(run.plan, unseen=True)):
        run.start()
        run.go_to("to-top")
        run.world.inject("cv-drift", volts=0.4)
        run.go_until(lambda run: run.bench.state != "charging" and not run.world.output_on, longest_s=40_000)
        assert run.world.max_cell_voltage_v < 3.80
