"""A pre-charge whose BMS is read on its line: what it ends, what it refuses, what it holds, and what becomes of the charge when it falls silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.simulated.description import BenchDescription
from tests.bench.conftest import Driven
from tests.bench.fake_bms import ADDRESS, FakeBms, bms
from tests.bench.test_resume import killed
from tui.bench.messages import Acknowledge, Answer, Present, Resume, Start, TypeReading
from tui.records.journal_reading import read

__all__ = ["bms"]

Make = Callable[..., Driven]
both = pytest.mark.parametrize("supply", ["RD6012", "manual"])
UNSEEN = ("cells_v", "bms_ov_v", "bms_fitted")
"""What nobody may be asked for where the BMS tells it."""


def string(drive: Make, bms: FakeBms, address: str = ADDRESS, **more: object) -> Driven:
    """Four cells for a pre-charge, no meter anywhere, and the BMS on its line."""
    chosen: dict[str, object] = {
        "cells": 4,
        "capacity_ah": 50.0,
        "soc": (0.93, 0.96),
        "arrangement": "4S",
        "bms_v": 3.65,
        "procedure": "precharge",
        "meter": False,
        "bms": address,
        **more,
    }
    run = drive(**chosen)
    bms.world = run.world
    return run


def on_the_way(run: Driven, seconds: float = 420.0) -> None:
    """Into the charge, past what follows the switching on."""
    run.start()
    run.go_to("to-top")
    start_s = run.clock.now_s()
    run.go_until(lambda run: run.clock.now_s() - start_s > seconds)
    assert run.bench.state == "charging", run.snapshot().alarms


def held(run: Driven, code: str) -> str:
    """The text of what holds the session (with knobs a call); "" where nothing of that code does."""
    run.go_until(lambda run: run.bench.state in ("hold", "call", "tripped", "ended"), longest_s=20_000)
    assert run.bench.state in ("hold", "call"), (run.bench.state, run.snapshot().alarms)
    return next((alarm.text for alarm in run.snapshot().alarms if alarm.code == code and alarm.level == "hold"), "")


class Idle:
    """An operator who confirms and measures with a meter, but never types what a BMS could tell."""

    def __init__(self, run: Driven) -> None:
        self.run, self.typed = run, set[str]()

    def serve(self) -> None:
        run = self.run
        prompt = run.snapshot().prompt
        if prompt is not None and not any(f.name in UNSEEN or (prompt.step == "opened") for f in prompt.fields):
            self.typed |= {f.name for f in prompt.fields}
            run.send(Answer(prompt.id, run.script.values(prompt)))
        else:
            if run.snapshot().attention_due_s is not None:
                run.send(Present())
            run.step()


@pytest.mark.parametrize("limit_v", [3.65, 3.60])
def test_a_whole_precharge_is_ended_by_its_bms_without_anything_typed_of_it(drive: Make, bms: FakeBms, limit_v: float) -> None:
    run = string(drive, bms, bms_v=limit_v)
    run.start()
    operator = Idle(run)
    for _ in range(200_000):
        operator.serve()
        if run.bench.state in ("ended", "hold", "tripped", "call"):
            break
    session = run.bench.running
    assert session.result == "done", (run.step_id, run.snapshot().alarms, run.snapshot().prompt)
    fullest = max(run.world.truth().cells, key=lambda cell: cell.soc).label
    end = next(iter(session.ends.values()))
    assert end.detail == f"{fullest} first"
    assert not run.world.output_on and run.world.max_cell_voltage_v < 3.68
    if limit_v < 3.65:
        assert end.reason == "the BMS opened at a full cell"
        assert any(alarm.title == "the BMS ended the charge" for alarm in run.snapshot().alarms)
    assert not operator.typed & set(UNSEEN)
    lines = list(read(run.bench.home.sessions_dir / f"{session.recorder.id}.jsonl"))
    answers = [line for line in lines if line["kind"] == "answer" and line.get("text") == "read from the BMS"]
    assert [line["step_id"] for line in answers] == ["bms", "opened"]
    told = [line["bms"] for line in lines if line["kind"] == "reading" and "bms" in line]
    assert len(told[-1]["cell_voltages_v"]) == 4 and told[0]["charge_fet_on"] is True


@both
def test_a_cut_that_the_current_does_not_show_is_told_by_the_bms(drive: Make, bms: FakeBms, supply: str) -> None:
    """With knobs nobody sees the current stop: the BMS alone tells that one cell is full, and the hands are called to switch off."""
    run = string(drive, bms, bms_v=3.60, supply=supply)
    run.start()
    run.go_to("to-top")
    run.go_until(lambda run: run.step_id != "to-top" or run.bench.state != "charging")
    assert run.step_id == "off" and run.bench.state != "hold", run.snapshot().alarms
    assert run.bench.running.facts["circuit_opened"] == 1.0
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.running.result == "done", run.snapshot().alarms


def test_two_cells_in_parallel_each_time_are_shown_by_the_tap_of_their_group(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, cells=8, arrangement="2P4S")
    on_the_way(run)
    shown = dict(run.snapshot().per_cell_v)
    assert len(shown) == 8 and shown["A1"] == shown["A2"] and shown["A1"].trust == "measured"
    highest = max(cell.voltage_v for cell in run.world.truth().cells)
    assert run.snapshot().cells_v.value == pytest.approx(highest, abs=0.02)
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.running.result == "done", run.snapshot().alarms


def test_live_shows_what_the_bms_says(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms)
    on_the_way(run)
    shown = run.snapshot()
    assert shown.bms == f"Fake 1 · {ADDRESS}"
    assert shown.bms_state == "charge on, limit 3.650 V"
    assert shown.cells_v.trust == "measured" and shown.pack_v.trust == "derived"
    assert shown.reading_due_s is None  # the highest cell is read, so nobody is asked for it


def test_a_meter_at_the_posts_and_the_bms_go_together(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, meter=True)
    on_the_way(run)
    reading = run.bench.reading
    assert reading.posts_v.trust == reading.cells_v.trust == "measured" and reading.bms_whole
    assert reading.lead_drop_v is not None and len(reading.per_cell_v) == 4
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.running.result == "done", run.snapshot().alarms


# --- refusals ----------------------------------------------------------------------------------------------------


def refused_at_the_limit(run: Driven) -> str:
    run.start()
    run.go_until(lambda run: run.step_id == "bms" and run.bench.running.runner.prompt is not None)
    for _ in range(20):
        run.step(1.0)
    assert run.step_id == "bms"
    prompt = run.snapshot().prompt
    assert prompt is not None and not prompt.overridable
    return prompt.refusal


def test_another_number_of_cells_is_refused(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms)
    bms.changes["cell_voltages_v"] = (3.3, 3.3, 3.3)
    assert "counts 3 cells, and 4 are in series" in refused_at_the_limit(run)
    prompt = run.snapshot().prompt
    assert prompt is not None
    assert not run.send(Answer(prompt.id, {"bms_fitted": "yes, fitted and on", "bms_ov_v": 3.65})).ok  # typing does not help either
    bms.changes.clear()  # the sense wire is back: the question answers itself
    for _ in range(10):
        run.step(1.0)
    assert run.step_id == "supply"


@pytest.mark.parametrize(
    ("target_v", "limit_v", "wrong"), [(3.65, 3.651, True), (3.65, 3.65, False), (3.60, 3.64, True), (3.60, 3.62, False)]
)
def test_a_limit_that_was_read_above_what_the_target_allows_is_refused(
    drive: Make, bms: FakeBms, target_v: float, limit_v: float, wrong: bool
) -> None:
    run = string(drive, bms, target_v=target_v, bms_v=3.60)
    bms.changes["limit_v"] = limit_v
    if not wrong:
        run.start()
        run.go_to("supply")
        return
    assert f"opens at {limit_v:.3f} V a cell" in refused_at_the_limit(run)
    prompt = run.snapshot().prompt
    assert prompt is not None
    assert not run.send(Answer(prompt.id, {"bms_fitted": "yes, fitted and on", "bms_ov_v": 3.60})).ok
    bms.changes["limit_v"] = target_v  # set anew in its app: it is read again, and the question answers itself
    for _ in range(20):
        run.step(1.0)
    assert run.step_id == "supply"


def test_a_limit_that_cannot_be_read_is_asked_for_as_ever(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms)
    bms.tells_limit = False
    assert refused_at_the_limit(run) == ""
    prompt = run.snapshot().prompt
    assert prompt is not None
    assert run.send(Answer(prompt.id, {"bms_fitted": "yes, fitted and on", "bms_ov_v": 3.65})).ok
    run.go_to("to-top")


@both
def test_the_output_does_not_go_on_while_the_charge_switch_is_open(drive: Make, bms: FakeBms, supply: str) -> None:
    run = string(drive, bms, supply=supply)
    run.start()
    run.go_to("charge")
    bms.changes.update(charge_fet_on=False, protection=("charge_undertemperature",))
    run.step(1.0)
    prompt = run.snapshot().prompt
    assert prompt is not None
    outcome = run.send(Answer(prompt.id, {}))
    assert not outcome.ok and "too cold to be charged" in outcome.message
    assert not run.world.output_on and run.bench.state != "charging"
    refused = run.snapshot().prompt
    assert refused is not None and not refused.overridable
    bms.changes.clear()
    run.step(1.0)
    assert run.send(Answer(refused.id, {})).ok
    run.go_to("to-top")


def test_a_wrong_address_is_refused_before_the_session_begins(drive: Make, bms: FakeBms) -> None:
    for address, words in (("riden:/dev/ttyUSB0", "a bms is asked for"), ("no-such:/dev/x", "no instrument family")):
        run = string(drive, bms, address)
        outcome = run.send(Start(run.plan.to_json()))
        assert not outcome.ok and words in outcome.message
        assert run.bench.session is None


# --- openings for other reasons ----------------------------------------------------------------------------------


@both
def test_an_opening_without_the_flag_of_a_full_cell_is_a_hold_that_names_the_reason(drive: Make, bms: FakeBms, supply: str) -> None:
    run = string(drive, bms, supply=supply, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    run.world.inject("bms-opens")
    text = held(run, "F-28")
    assert "too warm to be charged" in text
    if supply == "manual":
        run.send(Acknowledge(0))
        run.send(TypeReading("current_a", 0.0, sure=True))
        run.go_until(lambda run: run.bench.state == "hold")
    assert not run.world.output_on
    run.world.undo("bms-opens")
    for _ in range(5):
        run.step(1.0)
    assert run.send(Resume("it was too warm")).ok
    assert run.step_id == "recheck"
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.running.result == "done", run.snapshot().alarms


def test_an_opening_whose_reason_is_not_told_is_a_hold_too(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    run.world.inject("bms-opens")
    bms.changes["protection"] = None
    assert "does not tell why" in held(run, "F-28")


def test_one_odd_frame_is_no_opening(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    bms.changes["charge_fet_on"] = False
    run.step(1.0)
    bms.changes.clear()
    for _ in range(10):
        run.step(1.0)
    assert run.bench.state == "charging" and run.world.output_on


def test_current_past_an_open_charge_switch_is_a_hold(drive: Make, bms: FakeBms) -> None:
    """The black lead on the cell's − instead of P−: the BMS opens, and stops nothing."""
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    bms.changes.update(charge_fet_on=False, protection=("cell_overvoltage",))
    assert "past the BMS" in held(run, "bms-flows")
    run.go_until(lambda run: not run.bench.output_unproved)
    assert not run.world.output_on


def test_a_lead_that_falls_off_is_no_end_though_the_bms_is_well(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    run.world.inject("lead-falls-off")
    assert "BMS fault" in held(run, "F-28")
    assert run.bench.running.outcome != "balanced"


# --- silence -----------------------------------------------------------------------------------------------------


def alarm_of(run: Driven, code: str) -> str:
    return next((alarm.level for alarm in run.snapshot().alarms if alarm.code == code), "")


@both
def test_a_bms_that_falls_silent_is_told_then_held(drive: Make, bms: FakeBms, supply: str) -> None:
    run = string(drive, bms, supply=supply, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    assert run.bench.reading.cells_v.trust == "measured"
    bms.silent = True
    run.step(1.0)
    for _ in range(7):
        run.step(1.0)
    assert run.bench.reading.cells_v.trust != "measured" and run.snapshot().bms_state.startswith("silent for")
    assert alarm_of(run, "bms-silent") == "warn" and run.bench.state == "charging"
    for _ in range(70):
        run.step(1.0)
    assert run.bench.state == ("call" if supply == "manual" else "hold")
    assert alarm_of(run, "bms-silent") == "hold"
    kinds = run.kinds()
    assert "link_lost" in kinds


def test_near_the_top_a_silent_bms_is_held_at_once(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms)
    run.start()
    run.go_to("to-top")
    run.go_until(lambda run: (run.bench.reading.cells_v.value or 0.0) > 3.40)
    bms.silent = True
    for _ in range(8):
        run.step(1.0)
    assert run.bench.state == "hold" and alarm_of(run, "bms-silent") == "hold"


def test_who_types_the_highest_cell_takes_over_from_a_silent_bms(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    bms.silent = True
    for _ in range(10):
        run.step(1.0)
    assert run.send(TypeReading("cells_v", 3.33, sure=True)).ok
    for _ in range(90):
        run.step(1.0)
    assert run.bench.state == "charging" and run.bench.reading.cells_v.trust == "typed"
    bms.silent = False
    for _ in range(5):
        run.step(1.0)
    assert run.bench.reading.cells_v.trust == "measured" and alarm_of(run, "bms-silent") == ""
    assert "link_back" in run.kinds()


def test_a_bms_that_stays_silent_after_the_hold_leaves_the_charge_to_typed_readings(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    bms.silent = True
    held(run, "bms-silent")
    run.go_until(lambda run: not run.bench.output_unproved)
    assert run.send(Resume()).ok
    run.go_to("to-top")
    for _ in range(120):
        run._serve()
    assert run.bench.state == "charging"


def test_a_cell_that_the_bms_does_not_see_leaves_the_highest_unknown(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    told = bms.read().cell_voltages_v
    bms.changes["cell_voltages_v"] = (None, *told[1:])
    for _ in range(3):
        run.step(1.0)
    assert not run.bench.reading.bms_whole and run.bench.reading.cells_v.trust != "measured"
    assert alarm_of(run, "bms-silent") == "warn"
    assert dict(run.snapshot().per_cell_v)["A1"].trust == "unknown"


def test_a_bms_that_never_answers_leaves_the_precharge_as_it_was(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms)
    bms.silent = True
    run.start()
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.running.result == "done", run.snapshot().alarms


def test_another_bms_on_the_line_is_not_believed(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    bms.model = "Another"
    run.bench.bms.driver.look_again()
    run.step(1.0)
    assert "where a Fake 1" in run.bench.bms.error
    assert held(run, "bms-silent")


# --- beside other instruments -----------------------------------------------------------------------------------


def at_each_cell(description: BenchDescription) -> BenchDescription:
    return replace(description, meter=replace(description.meter, point="cells"))


def test_a_bms_clears_no_alarm_of_a_meter(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, meter=True, change=at_each_cell, bms_v=3.65)
    on_the_way(run)
    bms.changes["cell_voltages_v"] = (3.0, 3.0, 3.0, 3.0)
    run.step(1.0)
    meter_v = max(volts for volts in run.bench.reading.meter.channels_v.values())
    assert run.bench.reading.cells_v.value == meter_v and run.bench.reading.alarm_v >= meter_v
    bms.changes["cell_voltages_v"] = (3.3, 3.3, 3.3, 3.72)  # and what it alone sees is an alarm all the same
    for _ in range(4):
        run.step(1.0)
    assert run.bench.state != "charging"
    run.go_until(lambda run: not run.bench.output_unproved)
    assert not run.world.output_on


def test_a_cell_typed_at_the_target_ends_the_charge_behind_a_bms_that_shows_less(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    run.send(TypeReading("cells_v", 3.65, sure=True))
    run.step(1.0)
    run.step(1.0)
    assert run.step_id == "off" or run.bench.output.proving_off or not run.world.output_on


def test_the_balance_behind_the_precharge_does_not_look_at_the_bms(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, procedure="precharge+parallel", soc=(0.985, 0.99), capacity_ah=30.0, rest_s=60.0)
    run.start()
    run.go_until(lambda run: (run.bench.running.series == 1 and run.bench.running.ends) or run.bench.state in ("hold", "call", "tripped"))
    bms.changes.update(charge_fet_on=False, protection=("cell_overvoltage",), cell_voltages_v=(3.72, 3.72, 3.72, 3.72))
    run.step(1.0)
    for _ in range(50):
        run._serve()
        assert not run.bench.reading.bms_whole and run.bench.reading.bms_high_v is None
        assert (run.bench.reading.alarm_v or 0.0) < 3.70
        assert run.snapshot().bms_state == ""
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.running.result == "balanced", run.snapshot().alarms


# --- resume, and the real family ---------------------------------------------------------------------------------


def test_after_a_kill_the_bms_is_opened_again(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, capacity_ah=280.0, soc=(0.6, 0.62))
    on_the_way(run)
    opened = bms.opened
    again = killed(run, gap_s=600.0)
    for _ in range(10):
        again.step(0.5)
    assert again.bench.state == "hold" and bms.opened == opened + 1
    assert again.bench.reading.bms_whole and again.bench.running.whole.bms == ADDRESS
    assert again.send(Resume()).ok
    again.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert again.bench.running.result == "done", again.snapshot().alarms


def test_plans_of_before_have_no_bms(drive: Make, bms: FakeBms) -> None:
    run = string(drive, bms, "")
    document = run.plan.to_json()
    del document["bms"]
    assert run.plan.from_json(document).bms == ""
    assert run.send(Start(document)).ok
    assert run.bench.bms is None and run.snapshot().bms == ""


@pytest.mark.parametrize("limit_v", [3.65, 3.60])
def test_the_same_with_the_protocol_of_jbd(drive: Make, limit_v: float) -> None:
    def on_a_line(description: BenchDescription) -> BenchDescription:
        assert description.bms is not None
        return replace(description, bms=replace(description.bms, family="jbd"))

    run = drive(
        cells=4, capacity_ah=50.0, soc=(0.93, 0.96), arrangement="4S", bms_v=limit_v, procedure="precharge", meter=False, change=on_a_line
    )
    run.plan = replace(run.plan, bms=run.rig.bms_address)
    assert run.plan.bms.startswith("jbd:")
    on_the_way(run, 60.0)
    assert run.snapshot().bms_state.startswith("charge on") and run.bench.reading.cells_v.trust == "measured"
    run.go_until(lambda run: run.bench.state in ("ended", "hold", "tripped", "call"))
    assert run.bench.running.result == "done", run.snapshot().alarms
