"""The main job from end to end on the embedded bench: with a Riden through its real driver, and with a supply that is set and read by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.bench.messages import Start
from tui.records.inventory import Inventory
from tui.records.journal_reading import read, verify
from tui.records.sessions import Sessions


def test_balance_ends_with_full_equal_cells_and_a_complete_record(drive, place):
    bench = drive(cells=4, soc=(0.97, 0.99))
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
    world = bench.world
    assert world.max_cell_voltage_v <= 3.65 + 0.001
    assert world.max_supply_voltage_v <= 3.65 + 0.001
    assert world.truth().soc_spread < 0.001
    assert not world.output_on
    row = Sessions(place).list()[-1]
    assert (row.result, row.state) == ("balanced", "resting")
    assert set(row.before_v) == set(row.end_v) == {"A1", "A2", "A3", "A4"}
    assert row.rests and set(row.rests[0].volts) == {"A1", "A2", "A3", "A4"}
    assert row.rests[0].hours == pytest.approx(1.0, abs=0.05)
    for cell in Inventory(place).list():
        kinds = {entry["kind"] for entry in cell.log}
        assert {"voltage", "rest"} <= kinds
    report = verify(Sessions(place).journal_path(row.id))
    assert report.ok and report.head_hash == row.journal_head


def test_the_charge_counted_is_the_charge_that_went_in(drive):
    bench = drive(cells=4, soc=0.98)
    bench.run(bench.plan)
    assert bench.bench.session.count.charge_ah == pytest.approx(bench.world.delivered_ah(), rel=0.004)


def test_voltage_is_set_and_verified_before_the_leads_touch_the_cells(drive, place):
    bench = drive()
    bench.run(bench.plan)
    lines = list(read(place.sessions_dir / f"{bench.bench.session.recorder.id}.jsonl"))
    first_set = next(n for n, line in enumerate(lines) if line["kind"] == "set" and line.get("voltage_v") == 3.65)
    connected = next(n for n, line in enumerate(lines) if line["kind"] == "step_enter" and line["step_id"] == "connect")
    assert first_set < connected


def test_output_is_on_for_at_most_three_seconds_with_leads_apart(drive, place):
    bench = drive()
    bench.run(bench.plan)
    lines = list(read(place.sessions_dir / f"{bench.bench.session.recorder.id}.jsonl"))
    on = next(line["test_time_s"] for line in lines if line["kind"] == "output_on")
    proved = next(line["test_time_s"] for line in lines if line["kind"] == "readback" and line["test_time_s"] >= on)
    assert proved - on <= 3.0


def test_a_supply_that_holds_five_millivolts_high_is_trimmed_down(drive):
    bench = drive(change=lambda d: replace(d, supply=replace(d.supply, set_point_error_v=0.005)))
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
    assert bench.world.max_cell_voltage_v <= 3.65 + 0.010
    assert bench.bench.session.facts["trimmed_set_v"] == pytest.approx(3.64)


def test_a_supply_that_holds_low_is_lifted_only_by_what_the_meter_showed(drive):
    bench = drive(change=lambda d: replace(d, supply=replace(d.supply, set_point_error_v=-0.010)))
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
    assert bench.bench.session.facts["trimmed_set_v"] == pytest.approx(3.66)
    assert bench.world.max_supply_voltage_v <= 3.65 + 0.001


def test_balance_with_a_supply_set_and_read_by_hand(drive, place):
    bench = drive(supply="manual", soc=0.99, meter=False)
    done = bench.run(bench.plan)
    assert done.result == "balanced", (done.alarms, bench.bench.session.end_rule.clauses)
    assert bench.world.max_cell_voltage_v <= 3.66
    assert not bench.world.output_on
    assert Sessions(place).list()[-1].result == "balanced"


def test_stop_on_volts_ends_without_waiting_for_the_current(drive):
    bench = drive(end_rule="volts")
    done = bench.run(bench.plan)
    assert done.result == "balanced"
    assert bench.bench.session.tail_current_a > 0.1


def test_sixteen_cells_and_one_cell(drive):
    for cells in (1, 16):
        bench = drive(cells=cells, capacity_ah=50.0)
        assert bench.run(bench.plan).result == "balanced"


def test_cells_that_the_built_in_bench_has_not_are_refused_before_anything_is_begun(drive, place):
    run = drive()
    plan = run.plan.to_json()
    named = {**plan, "cells": [{**cell, "label": f"D{number}"} for number, cell in enumerate(plan["cells"], 1)]}
    outcome = run.send(Start(named))
    assert not outcome.ok
    assert "has the cells A1 to" in outcome.message
    assert not list(place.sessions_dir.glob("*.jsonl"))
    assert run.send(Start(plan)).ok


def test_while_the_bench_does_something_by_itself_it_says_what(drive):
    bench = drive()
    bench.start()

    def acts(action: str) -> bool:
        runner = bench.bench.running.runner
        return runner.phase == "act" and runner.step.action == action and not bench.bench.output.proving_off

    bench.go_until(lambda _: acts("open-lead-test"))
    assert "less than 3 s, with the leads apart" in bench.snapshot().next
    bench.go_until(lambda _: acts("contact-test"))
    assert "both leads sit well" in bench.snapshot().next
