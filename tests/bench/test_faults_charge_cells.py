"""Faults of cells, joints and leads while current flows, each by its number: on the physics, through the real drivers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription
from tests.bench.charges import Make, alarm, answer, cells_seen, charge, codes, journal, until_asked, until_said, wait
from tui.bench.messages import Resume, TypeReading

FEW = {"cells": 8, "capacity_ah": 100.0, "soc": (0.95, 0.96)}


# --- F-24: one cell on a bad joint, or left out


@pytest.mark.parametrize("fault", ["busbar-loose", "cell-forgotten"])
def test_f24_a_cell_that_does_not_follow_the_others_is_a_hold_that_names_it(drive: Make, fault: str) -> None:
    run = drive(change=cells_seen, **{**FEW, "soc": (0.97, 0.975)})
    run.start()
    run.go_to("wire")
    run.world.inject(fault, cell="A3")
    run.go_until(lambda run: run.bench.state == "hold" and not run.bench.output_unproved)
    found = alarm(run, "F-24")
    assert found.level == "hold" and "A3" in found.title and "Tighten" in found.text
    assert not run.world.output_on
    assert max(cell.voltage_v for cell in run.world.truth().cells) < 3.50  # early, not at the top
    assert any("A3" in str(line) for line in journal(run, "hold"))


def test_f24_after_the_joint_is_made_the_posts_are_measured_again_and_the_charge_goes_on(drive: Make) -> None:
    run = drive(change=cells_seen, **{**FEW, "soc": (0.975, 0.98)})
    run.start()
    run.go_to("wire")
    run.world.inject("busbar-loose", cell="A3")
    run.go_until(lambda run: run.bench.state == "hold" and not run.bench.output_unproved)
    assert any("tight" in check for check in run.snapshot().held_checks)
    run.world.undo("busbar-loose")
    assert run.send(Resume("the nut was loose")).ok
    assert run.step_id == "recheck"
    assert run.go_on().result == "balanced", run.snapshot().alarms


def test_f24_sound_joints_hold_nothing_and_name_nobody(drive: Make) -> None:
    run = drive(change=cells_seen, **{**FEW, "soc": (0.96, 0.985)})
    assert run.run(run.plan).result == "balanced", run.snapshot().alarms
    assert not [line for line in journal(run, "warn") if line["data"]["code"] in ("F-15", "F-24", "F-45", "F-26", "F-41", "fold-back")]


def test_f24_without_a_meter_at_each_cell_the_operator_measures_them_once_near_the_knee(drive: Make) -> None:
    run = drive(**FEW)
    run.start()
    until_asked(run, "each-cell", longest_s=80_000.0)
    prompt = run.snapshot().prompt
    assert prompt is not None and not prompt.blocking and "20 mV" in prompt.instruction
    assert (run.bench.reading.cells_v.value or 0.0) < 3.50
    answer(run, each_cell="A3 stands apart")
    assert run.bench.state == "hold" and "A3" in alarm(run, "F-24").title
    wait(run, 3.0)
    assert not run.world.output_on


def test_f24_all_alike_is_asked_only_once(drive: Make) -> None:
    run = drive(**{**FEW, "soc": (0.975, 0.985)})
    done = run.run(run.plan)
    assert done.result == "balanced", done.alarms
    assert len([line for line in journal(run, "answer") if "each_cell" in line["data"]]) == 1


def test_f24_cells_typed_one_by_one_are_judged_too(drive: Make) -> None:
    run = charge(drive)
    for label, volts in (("A1", 3.345), ("A2", 3.346), ("A3", 3.310), ("A4", 3.345)):
        assert run.send(TypeReading(f"cell:{label}", volts)).ok
    wait(run, 3.0)
    assert run.bench.state == "hold" and "A3" in alarm(run, "F-24").title


# --- F-15: both leads at one end


def test_f15_both_leads_at_one_end_warns_with_what_it_costs(drive: Make) -> None:
    def thin(description: BenchDescription) -> BenchDescription:
        return cells_seen(replace(description, bank=replace(description.bank, link_mohm=0.3)))

    run = drive(change=thin, **FEW)
    run.start()
    run.go_to("connect")
    run.world.inject("leads-same-end")
    found = until_said(run, "F-15", longest_s=3600.0)
    assert found.level == "warn" and "from A1 to A8" in found.text and " min more" in found.text
    assert run.bench.state == "charging" and run.world.output_on


# --- F-27: a lead falls off


def test_f27_in_constant_current_needs_volts_by_the_meter_before_it_goes_on(drive: Make) -> None:
    run = charge(drive)
    run.world.inject("lead-falls-off")
    wait(run, 10.0)
    found = alarm(run, "F-27")
    assert found.level == "hold" and "NOT done" in found.text and "open circuit" in found.title
    assert not run.world.output_on and run.snapshot().result == ""
    assert run.send(Resume("bolted on again")).ok
    prompt = run.snapshot().prompt
    assert prompt is not None and prompt.step == "recheck" and "measure at the two posts" in prompt.instruction


# --- F-28: the BMS of a string opens


def string(drive: Make, **more: object):  # type: ignore[no-untyped-def]
    return drive(
        **{
            "cells": 4,
            "capacity_ah": 50.0,
            "soc": (0.93, 0.96),
            "arrangement": "4S",
            "bms_v": 3.65,
            "procedure": "precharge",
            "change": cells_seen,
            **more,
        }
    )


def test_f28_the_supply_stands_behind_the_bms_with_its_own_protection(drive: Make) -> None:
    run = string(drive)
    run.start()
    run.go_to("to-top")
    over_voltage = [line["over_voltage_v"] for line in journal(run, "set") if line.get("over_voltage_v")]
    assert over_voltage[-1] == pytest.approx(4 * 3.65 + 0.10)


def test_f28_a_cell_that_reads_the_target_ends_the_charge_without_waiting_for_the_bms(drive: Make) -> None:
    run = string(drive)
    run.start()
    run.go_to("to-top")
    run.world.inject("bms-stuck")
    run.go_until(lambda run: run.step_id == "opened")
    assert not run.world.output_on and run.world.max_cell_voltage_v < 3.66
    assert "F-28" not in codes(run)


@pytest.mark.parametrize(("minutes", "volts", "ends"), [(1.0, 3.53, True), (5.0, 3.49, True), (1.0, 3.36, False)])
def test_f28_every_cell_is_asked_and_judged_by_the_minutes_since(drive: Make, minutes: float, volts: float, ends: bool) -> None:
    run = string(drive, change=None, meter=False, capacity_ah=280.0, soc=(0.6, 0.62))
    run.start()
    run.go_to("to-top")
    run.go_until(lambda run: run.bench.reading.amperes is not None and run.clock.now_s() - run.bench.running.runner.entered_s > 400)
    run.world.inject("bms-opens")
    run.go_until(lambda run: run.step_id == "opened" and run.snapshot().prompt is not None)
    assert "F-28" in codes(run) and not run.world.output_on
    prompt = run.snapshot().prompt
    assert prompt is not None and {field.name for field in prompt.fields} >= {"cell:A1", "cell:A4"}
    off_s = run.bench.running.off_since_s
    assert off_s is not None
    wait(run, max(0.0, off_s + 60 * minutes - run.clock.now_s()))
    refusal = answer(run, **{"cell:A1": 3.335, "cell:A2": volts, "cell:A3": 3.334, "cell:A4": 3.333})
    if ends:
        assert refusal == "" and next(iter(run.bench.running.ends.values())).detail == "A2 first"
    else:
        assert "BMS fault" in refusal and run.bench.state == "hold"


# --- F-39, F-40: a leak, a short inside


def test_f39_a_small_leak_ends_the_charge_as_leakage_floor(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.99)
    run.world.inject("cell-leak", cell="A2", amperes=0.3)
    done = run.go_on(longest_s=8 * 3600.0)
    assert done.result == "balanced" and "leakage floor" in run.bench.running.why_ended
    assert run.bench.running.last_tail_a == pytest.approx(0.3, abs=0.05)


def test_f39_a_leak_above_half_an_ampere_is_a_hold(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.993, cells=2, capacity_ah=40.0)
    run.world.inject("cell-leak", cell="A2", amperes=0.9)
    found = until_said(run, "F-39")
    assert found.level == "hold" and "does not taper" in found.title
    wait(run, 3.0)
    assert not run.world.output_on and run.snapshot().result == ""


def test_f39_current_that_rises_at_constant_volts_trips(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.993, cells=2, capacity_ah=40.0)
    for n in range(10):
        run.world.inject("cell-leak", at_s=run.clock.now_s() + 600.0 * (n + 1), cell="A2", amperes=0.3 + 0.1 * n)
    found = until_said(run, "F-39")
    assert found.level == "trip" and "rises" in found.title
    assert run.bench.state == "tripped" and not run.send(Resume()).ok
    wait(run, 3.0)
    assert not run.world.output_on


def test_f39_on_thin_leads_a_steady_current_on_the_plateau_is_no_fault(drive: Make) -> None:
    run = charge(drive, lead_mohm=60.0, soc=0.6)
    wait(run, 2 * 3600.0, tick_s=30.0)
    assert run.bench.state == "charging" and "F-39" not in codes(run)


def test_f40_a_cell_that_shorts_inside_trips(drive: Make) -> None:
    run = charge(drive, settled_s=1200.0)
    run.world.inject("cell-short", cell="A2", amperes=150.0)
    run.go_until(lambda run: run.bench.state == "tripped", longest_s=1800.0)
    found = alarm(run, "F-40")
    assert found.level == "trip" and "short" in found.text
    wait(run, 3.0)
    assert not run.world.output_on


def test_leads_that_touch_each_other_trip_at_once(drive: Make) -> None:
    run = charge(drive)
    run.world.inject("leads-short")
    wait(run, 4.0)
    assert run.bench.state == "tripped" and "not through the cells" in alarm(run, "shorted").text
    assert not run.world.output_on
