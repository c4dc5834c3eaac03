"""Faults of meters and readings, and what only a person can see, while current flows: each by its number."""

from __future__ import annotations

import itertools

import pytest

from tests.bench.charges import Make, alarm, answer, cells_seen, charge, codes, journal, until_asked, until_said, wait
from tui.bench.guard import Commanded
from tui.bench.guard_meter import MeterWatch
from tui.bench.messages import Channel, Emergency, Present, Resume, TypeReading
from tui.bench.reading import Reading
from tui.domain.limits import Limits
from tui.domain.quantities import parse

BIG = {"cells": 8, "capacity_ah": 280.0, "soc": (0.6, 0.6)}


# --- F-38: one bad sample


@pytest.mark.parametrize("volts", [0.3, -0.3, 0.6, 1.2])
def test_f38_a_single_spike_of_the_meter_is_journalled_and_not_acted_on(drive: Make, volts: float) -> None:
    run = charge(drive)
    run.rig.embedded.meter.inject("meter-spike", number=volts)
    wait(run, 10.0)
    assert run.bench.state == "charging" and run.step_id == "to-knee" and not codes(run)
    lines = journal(run, "glitch")
    assert len(lines) == 1 and "not acted on" in lines[0]["text"]


def test_f38_a_current_of_zero_once_is_a_glitch_and_no_open_circuit(drive: Make) -> None:
    run = charge(drive)
    assert run.wire is not None
    run.wire.inject("current-zero")
    wait(run, 10.0)
    assert run.bench.state == "charging" and not codes(run)
    assert "no current once" in journal(run, "glitch")[0]["text"]


@pytest.mark.parametrize("fault", ["meter-spike", "current-zero"])
def test_f38_three_in_ten_minutes_are_a_hold_and_three_in_an_hour_are_none(drive: Make, fault: str) -> None:
    run = charge(drive)
    on_wire = run.wire if fault == "current-zero" else run.rig.embedded.meter
    assert on_wire is not None
    for _ in range(3):
        assert run.bench.state == "charging"
        on_wire.inject(fault)
        wait(run, 400.0)
    assert run.bench.state == "charging"
    for _ in range(2):
        on_wire.inject(fault)
        wait(run, 60.0)
    assert run.bench.state == "hold" and alarm(run, "glitches").level == "hold"
    assert not run.world.output_on


def test_f38_a_spike_ends_no_charge_of_a_string(drive: Make) -> None:
    run = drive(cells=4, capacity_ah=50.0, soc=(0.93, 0.96), arrangement="4S", bms_v=3.65, procedure="precharge", change=cells_seen)
    run.start()
    run.go_to("to-top")
    wait(run, 60.0)
    run.rig.embedded.meter.inject("meter-spike", number=0.31)
    wait(run, 5.0)
    assert run.step_id == "to-top" and run.bench.state == "charging" and run.world.output_on


# --- F-43: gas, hiss, swelling


def test_f43_the_emergency_command_is_off_latched_and_tells_the_room_what_to_do(drive: Make) -> None:
    run = charge(drive)
    outcome = run.send(Emergency())
    assert not run.world.output_on and "Leave the room" in outcome.message
    wait(run, 3.0)
    found = alarm(run, "F-43")
    assert run.bench.state == "tripped" and found.level == "trip"
    assert "LEAVE" in found.title and "window" in found.text and "mains" in found.text
    assert not run.send(Resume()).ok  # a reason in words
    assert run.send(Resume("the smell came from the solder")).ok
    assert run.step_id == "threads"  # every gate again


def test_f43_by_hand_the_same_words_are_a_call(drive: Make) -> None:
    run = charge(drive, supply="manual", meter=False, settled_s=5.0)
    run.send(Emergency())
    call = run.snapshot().call
    assert run.bench.state == "call" and call is not None and "LEAVE" in call.title and "Leave the room" in call.text


def test_f43_before_a_session_the_words_come_all_the_same(drive: Make) -> None:
    run = drive()
    assert "Leave the room" in run.send(Emergency()).message


@pytest.mark.parametrize(
    ("choice", "state", "code"),
    [
        ("all well", "charging", ""),
        ("a lead or joint is hot", "hold", "hot-joint"),
        ("a cell is warm", "hold", "warm-cell"),
        ("gas, hiss or swelling", "tripped", "F-43"),
    ],
)
def test_f43_a_look_at_the_bank_is_asked_for_beside_the_charge_and_its_answer_followed(
    drive: Make, choice: str, state: str, code: str
) -> None:
    run = drive(soc=(0.96, 0.97))
    run.start()
    until_asked(run, "look-over", longest_s=40_000.0)
    prompt = run.snapshot().prompt
    assert prompt is not None and not prompt.blocking and run.world.output_on
    answer(run, look=choice)
    wait(run, 5.0)
    assert run.bench.state == state and (not code or code in codes(run))
    assert run.world.output_on is (state == "charging")


def test_f43_who_sleeps_on_the_plateau_is_asked_nothing(drive: Make) -> None:
    run = charge(drive, **BIG)
    for _ in range(9 * 120):
        run.step(30.0)
        assert run.snapshot().prompt is None and run.bench.state == "charging"


def test_f43_who_is_about_in_the_last_hours_is_asked_every_half_hour(drive: Make) -> None:
    run = charge(drive, soc=(0.9, 0.9), capacity_ah=100.0)
    asked = []
    for _ in range(2 * 60):
        run.send(Present())
        run.step(60.0)
        prompt = run.snapshot().prompt
        if prompt is not None and prompt.step == "look-over":
            asked.append(run.clock.now_s())
            answer(run)
    assert len(asked) in (3, 4) and all(1800.0 <= later - earlier <= 1930.0 for earlier, later in itertools.pairwise(asked))


def test_f43_a_look_that_nobody_answers_gives_way_to_a_reading_that_is_due(drive: Make) -> None:
    run = drive(soc=(0.96, 0.97), meter=False)
    run.start()
    until_asked(run, "look-over", longest_s=40_000.0)
    run.bench.running.attention.read_s = None  # the reading is due now
    run.step(1.0)
    prompt = run.snapshot().prompt
    assert prompt is not None and any(field.name == "cells_v" for field in prompt.fields)


# --- F-45: a meter that stands elsewhere, or lies


def test_f45_a_meter_at_the_supply_instead_of_the_cells_is_asked_about_with_the_window(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8)
    run.rig.embedded.meter.inject("meter-at-supply")
    wait(run, 90.0)
    found = alarm(run, "F-45")
    assert found.level == "warn" and "supply" in found.text and "Expected now: " in found.text
    prompt = run.snapshot().prompt
    assert prompt is not None and prompt.step == "volts-again" and [field.name for field in prompt.fields] == ["cells_v"]
    answer(run, cells_v=3.342)
    assert journal(run, "answer")[-1]["data"] == {"cells_v": 3.342}
    assert journal(run, "reading")[-1]["cells_v"] > 3.4  # both are kept


def test_f45_a_meter_with_a_low_battery_drifts_away_from_the_supply(drive: Make) -> None:
    run = charge(drive, soc=0.6, cells=8, settled_s=300.0)
    run.rig.embedded.meter.inject("meter-low-battery", number=0.1)
    found = until_said(run, "F-45", longest_s=3600.0)
    assert "battery" in found.text and "more than is there" in found.text
    assert run.bench.state == "charging"


def test_f45_leads_whose_contact_goes_bad_are_told_too(drive: Make) -> None:
    run = charge(drive, soc=0.6, cells=8, settled_s=300.0)
    run.world.inject("leads-worn", volts=8.0)
    wait(run, 30.0)
    assert "contact of the leads is going bad" in alarm(run, "F-45").text


def test_f45_typed_volts_just_as_the_supply_s_are_asked_again_with_the_window(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8, meter=False)
    shown = run.bench.reading.supply_v.value
    outcome = run.send(TypeReading("cells_v", shown))
    assert not outcome.ok and outcome.confirm
    assert "exactly what the supply shows" in outcome.message and "Expected now: " in outcome.message
    assert "cells_v" in str(journal(run, "answer")[-1])  # kept, though not taken
    assert run.send(TypeReading("cells_v", 3.345)).ok
    assert run.bench.running.composer.typed["cells_v"].value == 3.345


def test_f45_a_reading_that_the_charge_since_cannot_explain_is_asked_again(drive: Make) -> None:
    run = charge(drive, meter=False, **BIG)
    assert run.send(TypeReading("cells_v", 3.290)).ok
    wait(run, 600.0, tick_s=10.0)
    outcome = run.send(TypeReading("cells_v", 3.390))
    assert not outcome.ok and outcome.confirm and "more than this charge explains" in outcome.message
    assert "Expected now: 3.240 to 3.3" in outcome.message


# --- F-46: slips of the finger


def test_f46_digits_changed_over_are_asked_again_and_the_correction_refers_to_the_earlier_reading(drive: Make) -> None:
    run = charge(drive, "hold", supply="manual", meter=False, soc=0.99, settled_s=5.0)
    run.go_until(
        lambda run: (run.bench.reading.cells_v.value or 0.0) > 3.635 and run.bench.reading.cells_v.trust == "typed", longest_s=20_000.0
    )
    before = run.bench.running.composer.typed["cells_v"].value
    slip = run.send(TypeReading("cells_v", 3.46))
    assert not slip.ok and slip.confirm and "fall" in slip.message and f"{before:.3f}" in slip.message
    assert run.bench.running.composer.typed["cells_v"].value == before
    assert run.send(TypeReading("cells_v", 3.46, sure=True)).ok
    line = journal(run, "correction")[-1]
    assert line["data"] == {"cells_v": 3.46} and line["corrects"]["value"] == before
    assert any("doubted" in entry.get("text", "") for entry in journal(run, "answer"))


def test_f46_a_slipped_point_is_never_taken_and_a_comma_is_a_point(drive: Make) -> None:
    run = charge(drive, meter=False)
    for sure in (False, True):
        outcome = run.send(TypeReading("cells_v", 36.5, sure=sure))
        assert not outcome.ok and not outcome.confirm and "3.650 V" in outcome.message
    assert "36.5" in str(journal(run, "answer")[-1])  # told, not dropped in silence
    assert "cells_v" not in run.bench.running.composer.typed or run.bench.running.composer.typed["cells_v"].value < 4
    assert parse("3,34V", "voltage") == pytest.approx(3.34)


def test_f46_the_same_holds_for_the_answers_to_questions(drive: Make) -> None:
    run = drive(meter=False, soc=0.97)
    run.start()
    until_asked(run, "to-knee")
    refusal = answer(run, cells_v=33.5)
    assert "cannot be" in refusal
    refusal = answer(run, cells_v=3.59)
    assert refusal and "again" in refusal


def test_f45_a_meter_that_shows_more_than_the_supply_is_doubted() -> None:
    watch, told, found = MeterWatch(Limits(), voltage_step_v=0.01), Commanded(True, 3.65, 10.0, 0.0), []
    for second in range(70):
        cells, supply = Channel(3.42, "measured", 0.0), Channel(3.36, "measured", 0.0)
        amps = Channel(10.0, "measured", 0.0)
        found += watch.check(
            Reading(float(second), output_on=True, supply_v=supply, current_a=amps, cells_v=cells, lead_drop_v=-0.06), told
        )
    assert [finding.code for finding in found] == ["F-45"] and "it shows too much" in found[0].text
