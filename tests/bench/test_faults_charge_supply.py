"""Faults of the supply while current flows, each by its number: on the emulated supply's real wire, and by hand where it has none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from drivers.simulated.description import BenchDescription, MeterDescription
from tests.bench.charges import Make, alarm, answer, charge, codes, journal, until_asked, until_said, wait
from tests.bench.conftest import Driven
from tui.bench.messages import Answer, Finish, OutputOff, Resume, TypeReading


def meter_at(point: str):  # type: ignore[no-untyped-def]
    return lambda description: replace(description, meter=MeterDescription(point=point))


# --- F-25: constant voltage too high


def test_f25_what_the_meter_shows_at_the_terminals_is_taken_off_the_set_point(drive: Make) -> None:
    run = drive(soc=0.985, change=meter_at("supply"))
    run.start()
    run.go_to("to-knee")
    run.world.inject("reference-drift", volts=0.02)
    run.go_to("trim")
    wait(run, 5.0)
    assert run.bench.reading.mode == "CV"
    answer(run)
    wait(run, 30.0)
    assert run.world.set_points[0] == pytest.approx(3.63)
    assert "3.67" in alarm(run, "trim").text or "3.670" in alarm(run, "trim").text
    assert run.bench.state == "charging"


def test_f25_the_trim_is_asked_again_every_quarter_of_an_hour_while_no_meter_is_at_the_cells(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.985, meter=False)
    trims: list[float] = []

    def third_trim(run: Driven) -> bool:
        last_s = run.bench.running.last_trim_s
        if last_s is not None and last_s not in trims:
            trims.append(last_s)
        return len(trims) >= 3

    run.go_until(third_trim, longest_s=4000.0)
    assert all(890.0 < later - earlier < 910.0 for earlier, later in pairwise(trims) if later - earlier > 10.0)
    assert len([line for line in journal(run, "answer") if "trim_v" in line["data"]]) >= 2


def test_f25_terminals_measured_above_the_limit_trip(drive: Make) -> None:
    run = drive(soc=0.985)
    run.start()
    run.go_to("to-knee")
    run.world.inject("reference-drift", volts=0.05)
    run.go_to("trim")
    prompt = run.snapshot().prompt
    assert prompt is not None
    assert not run.send(Answer(prompt.id, {"trim_v": 3.70})).ok
    wait(run, 3.0)
    assert run.bench.state == "tripped" and not run.world.output_on


# --- F-26: the supply repeats its set-point


def test_f26_a_display_that_repeats_the_set_point_is_found_out_in_constant_current(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8)
    assert run.snapshot().supply_v.trust == "measured"
    run.world.inject("echo")
    wait(run, 120.0)
    found = alarm(run, "F-26")
    assert found.level == "warn" and "meter" in found.text and "3.650 V" in found.text
    assert run.bench.state == "charging" and run.snapshot().supply_v.trust == "echo"


def test_f26_equal_numbers_in_constant_voltage_are_what_a_good_supply_shows(drive: Make) -> None:
    run = drive(soc=0.985)
    assert run.run(run.plan).result == "balanced"
    assert run.snapshot().supply_v.trust != "echo"
    assert not [line for line in journal(run, "warn") if line["data"]["code"] == "F-26"]


def test_f26_an_echo_ends_nothing_and_asks_for_the_cells_by_meter(drive: Make) -> None:
    run = drive(soc=0.9, cells=8, meter=False)
    run.start()
    run.go_to("to-knee")
    run.world.inject("echo")
    until_asked(run, "volts-again", longest_s=3600.0)
    assert "F-26" in codes(run)
    prompt = run.snapshot().prompt
    assert prompt is not None and [field.name for field in prompt.fields] == ["cells_v"]
    wait(run, 5.0)
    reading = run.bench.reading
    assert reading.supply_v.trust == "echo" and reading.lead_resistance_ohm is None
    run.bench.running.composer.typed.pop("cells_v", None)  # nobody types
    wait(run, 5.0)
    assert run.step_id == "to-knee" and not run.bench.reading.cells_trusted


# --- F-35: hands at the panel


@pytest.mark.parametrize(
    ("fault", "number", "code"),
    [
        ("panel-set-voltage", 3.80, "set-voltage"),
        ("panel-set-voltage", 3.50, "set-voltage"),
        ("panel-set-current", 12.0, "set-current"),
        ("panel-set-current", 2.0, "set-current"),
        ("panel-output-off", None, "panel-off"),
    ],
)
def test_f35_whatever_is_turned_at_the_panel_is_off_and_hold_and_told_as_panel(
    drive: Make, fault: str, number: float | None, code: str
) -> None:
    run = charge(drive)
    assert run.wire is not None
    run.wire.inject(fault, number=number)
    wait(run, 5.0)
    assert run.bench.state == "hold" and alarm(run, code).level == "hold"
    assert not run.world.output_on
    held = [line for line in journal(run, "hold") if line["data"]["code"] == code]
    assert held and held[0]["data"]["by"] == "panel"


def test_f35_a_mains_dip_leaves_the_output_off_and_holds(drive: Make) -> None:
    run = charge(drive)
    assert run.wire is not None
    run.wire.inject("brown-out", number=4.0)
    wait(run, 12.0)
    assert run.bench.state == "hold" and "panel-off" in codes(run)
    assert journal(run, "link_lost") and journal(run, "link_back")
    assert not run.world.output_on


# --- F-36: off that is none


def test_f36_a_flag_that_says_off_proves_nothing_while_the_current_flows(drive: Make) -> None:
    run = charge(drive)
    assert run.wire is not None
    run.wire.inject("relay-welded")
    run.send(OutputOff())
    wait(run, 2.5, tick_s=0.25)
    assert run.bench.output_unproved and run.bench.reading.output_on is False
    wait(run, 5.0, tick_s=0.25)
    assert run.world.set_points == (0.0, 0.0)  # only the second path stops it, and only then it counts as off
    assert run.world.truth().supply_current_a == 0.0 and not run.bench.output_unproved
    run.world.set_supply(voltage_v=3.65, current_a=5.0)  # whoever sets it again finds the relay shut
    wait(run, 12.0, tick_s=0.25)
    assert run.world.set_points == (0.0, 0.0) and "Disconnect the + lead" in alarm(run, "negative-current").text


def test_f36_three_tries_then_the_second_path_then_the_hands_within_five_seconds(drive: Make) -> None:
    run = charge(drive)
    assert run.wire is not None
    run.wire.inject("output-stuck-on")
    began_s = run.clock.now_s()
    run.send(OutputOff())
    while run.bench.state != "call":
        run.step(0.25)
        assert run.clock.now_s() - began_s < 7.0
    assert run.clock.now_s() - began_s >= 5.0
    call = run.snapshot().call
    assert call is not None and any("mains" in hand for hand in call.hands) and any("+ lead" in hand for hand in call.hands)
    assert run.world.set_points == (0.0, 0.0)  # the second path


# --- F-37: cells feed the supply


def test_f37_current_with_the_output_off_is_a_hold_that_names_the_lead(drive: Make) -> None:
    run = charge(drive)
    assert run.send(Finish("enough")).ok
    wait(run, 20.0)
    assert run.bench.state == "ended"
    run = charge(drive, soc=0.98)
    run.send(OutputOff())
    wait(run, 30.0)
    run.bench.safety.clear()
    run.world.inject("back-feed", amperes=0.4)
    wait(run, 5.0)
    found = alarm(run, "negative-current")
    assert found.level == "hold" and "Disconnect the + lead" in found.text and "0.40 A" in found.text
    wait(run, 8.0)
    call = run.snapshot().call  # off changes nothing about it
    assert call is not None and any("+ lead" in hand for hand in call.hands)


def test_f37_by_hand_a_typed_negative_current_calls_the_hands(drive: Make) -> None:
    run = charge(drive, supply="manual", meter=False, settled_s=5.0)
    assert not run.send(TypeReading("current_a", -0.4)).ok  # doubted first
    assert run.send(TypeReading("current_a", -0.4, sure=True)).ok
    wait(run, 1.0)
    run.send(TypeReading("current_a", -0.4, sure=True))
    wait(run, 2.0)
    assert run.bench.state == "call" and "Disconnect the + lead" in alarm(run, "negative-current").text


def test_f37_volts_that_fall_half_an_hour_after_the_charge_are_a_hold(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.99, cells=2, capacity_ah=20.0)
    until_asked(run, "disconnect", longest_s=20_000.0)
    wait(run, 1900.0, tick_s=10.0)
    assert "negative-current" not in codes(run)  # their own relaxation is over
    run.world.inject("cell-leak", cell="A1", amperes=6.0)
    wait(run, 900.0, tick_s=10.0)
    assert alarm(run, "negative-current").level == "hold"


def test_f37_leads_left_on_after_the_end_are_warned_of_once_after_half_an_hour(drive: Make) -> None:
    run = charge(drive, "hold", soc=0.99)
    until_asked(run, "disconnect", longest_s=20_000.0)
    wait(run, 1500.0, tick_s=10.0)
    assert "leads-left-on" not in codes(run)
    wait(run, 400.0, tick_s=10.0)
    found = alarm(run, "leads-left-on")
    assert found.level == "warn" and "Take the + lead off" in found.text
    run.go_on()
    assert run.snapshot().result == "balanced"


# --- F-41: far too slow


def test_f41_leads_far_worse_than_planned_are_told_with_the_cause_and_the_faster_way(drive: Make) -> None:
    run = drive(soc=(0.6, 0.6), cells=8, capacity_ah=280.0, lead_mohm=200.0, volts=60.0)
    run.plan = replace(run.plan, lead_resistance_ohm=0.010)
    run.start()
    found = until_said(run, "F-41", longest_s=7200.0)
    assert found.level == "warn" and "The leads lose" in found.text and "were planned" in found.text
    assert "pre-charge in series" in found.text
    assert run.bench.state == "charging" and run.world.output_on


def test_f41_cold_cells_take_a_quarter_and_are_told_as_the_cause(drive: Make) -> None:
    def cold(description: BenchDescription) -> BenchDescription:
        return replace(description, bank=replace(description.bank, ambient_c=3.0))

    run = drive(soc=(0.6, 0.6), change=cold)
    run.start()
    found = until_said(run, "F-41", longest_s=7200.0)
    assert "cold cells" in found.text and "2.50 A instead of 10.00 A" in found.text


def test_f41_a_charge_at_its_planned_pace_is_not_called_slow(drive: Make) -> None:
    run = charge(drive, soc=(0.6, 0.6), cells=8, capacity_ah=280.0)
    wait(run, 4 * 3600.0, tick_s=30.0)
    assert "F-41" not in codes(run)


# --- F-42: the supply folds back


def test_f42_a_supply_that_folds_back_gets_four_fifths_and_the_charge_goes_on(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8)
    run.world.inject("supply-hot", amperes=8.5)
    wait(run, 240.0)
    assert "fold-back" in codes(run) and "8.00 A" in alarm(run, "fold-back").text
    assert run.bench.state == "charging" and run.world.set_points[1] == pytest.approx(8.0)
    assert run.world.truth().supply_current_a == pytest.approx(8.0, abs=0.02)
    wait(run, 600.0, tick_s=10.0)
    assert run.bench.state == "charging"
    run.send(OutputOff())
    wait(run, 5.0)
    assert run.send(Resume("looked at its fan")).ok
    run.go_until(lambda run: run.bench.state == "charging", longest_s=600.0)
    assert run.world.set_points[1] == pytest.approx(8.0)  # also after a hold


def test_f42_a_supply_that_folds_back_again_and_again_is_held(drive: Make) -> None:
    run = charge(drive, soc=0.9, cells=8)
    run.world.inject("supply-hot", amperes=2.0)
    wait(run, 1800.0)
    assert run.bench.state == "hold" and "let it cool" in alarm(run, "F-42").text
    assert not run.world.output_on


def test_f42_heat_inside_lowers_the_current_and_then_holds(drive: Make) -> None:
    run = charge(drive, soc=0.9)
    assert run.wire is not None
    run.wire.inject("inside-hot", number=68.0)
    wait(run, 5.0)
    assert run.bench.state == "charging" and run.world.set_points[1] == pytest.approx(8.0)
    run.wire.inject("inside-hot", number=78.0)
    wait(run, 5.0)
    assert run.bench.state == "hold" and "78 °C" in alarm(run, "inside-hot").text
    assert not run.world.output_on


def test_f42_by_hand_the_operator_is_told_how_far_to_turn_the_current_down(drive: Make) -> None:
    run = charge(drive, supply="manual", meter=False, soc=0.9, settled_s=30.0)
    for amps, volts in ((10.0, 3.54), (8.2, 3.50)):
        run.send(TypeReading("supply_v", volts, sure=True))
        run.send(TypeReading("current_a", amps, sure=True))
        wait(run, 20.0)
    assert "down to 8.0 A" in alarm(run, "fold-back").text and run.bench.state == "charging"


# --- F-47: volts go up with the output off only


def test_f47_a_lifted_set_point_goes_up_with_the_output_off(drive: Make) -> None:
    run = drive(soc=0.985, change=lambda d: replace(d, supply=replace(d.supply, set_point_error_v=-0.010)))
    run.start()
    set_v, rises = 0.0, 0
    while run.bench.state != "ended":
        now_v, on = run.world.set_points[0], run.world.output_on and run.world.truth().leads_on
        if 3.6 < set_v < now_v:
            rises += 1
            assert not on, f"{set_v} to {now_v} V with the output on the cells"
        set_v = now_v
        run._serve()
        assert run.bench.state not in ("hold", "tripped", "call"), run.snapshot().alarms
    assert rises == 1 and run.bench.running.facts["trimmed_set_v"] == pytest.approx(3.66)
    assert run.bench.running.result == "balanced"
