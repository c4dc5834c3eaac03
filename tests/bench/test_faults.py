"""Faults on the wire and in the physics while the procedure runs: output off where the scenario says so, the right word, nothing lost."""

from __future__ import annotations

import resource

import pytest

from tui.bench.messages import Acknowledge, Finish, Note, OutputOff, Resume, Start, TypeReading
from tui.bench.script import ScriptStuck
from tui.records.journal_reading import verify
from tui.records.sessions import Sessions


def codes(bench) -> set[str]:
    return {alarm.code for alarm in bench.snapshot().alarms}


def settle(bench, seconds: float = 20.0) -> None:
    end = bench.clock.now_s() + seconds
    while bench.clock.now_s() < end:
        bench.step(0.5)


@pytest.fixture
def charging(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 90)
    assert bench.bench.state == "charging"
    assert bench.world.truth().supply_current_a == pytest.approx(10.0, abs=0.02)
    return bench


def test_f27_a_fallen_lead_is_a_hold_and_never_done(charging):
    charging.world.inject("lead-falls-off")
    settle(charging)
    snapshot = charging.snapshot()
    assert snapshot.state == "hold"
    assert "F-27" in codes(charging)
    assert not charging.world.output_on
    assert snapshot.result == ""
    assert charging.send(Resume()).ok
    assert charging.snapshot().prompt.step == "recheck"
    charging.world.undo("lead-falls-off")
    done = charging.go_on()
    assert done.result == "balanced", done.alarms


def test_f27_in_the_tail_is_no_end_of_charge_either(drive):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_to("hold")
    bench.go_until(lambda b: (b.bench.reading.amperes or 9) < 0.6)
    bench.world.inject("lead-falls-off")
    settle(bench, 15)
    assert bench.snapshot().state == "hold"
    assert not bench.world.output_on


def test_f27_a_lead_that_stays_off_is_caught_by_the_recheck(charging):
    charging.world.inject("lead-falls-off")
    settle(charging)
    charging.send(Resume())
    charging.world.inject("lead-falls-off", at_s=charging.clock.now_s() + 0.1)  # falls again under the hands
    with pytest.raises(ScriptStuck):
        charging.go_on()
    assert not charging.world.output_on


def test_f25_supply_thirty_millivolts_high_never_charges_on_unseen(drive):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_to("hold")
    bench.world.inject("cv-drift", volts=0.04)
    settle(bench, 30)
    assert bench.snapshot().state == "tripped"
    assert not bench.world.output_on
    assert bench.world.max_cell_voltage_v < 3.66
    assert not bench.send(Resume()).ok  # a trip asks for a reason
    assert bench.send(Resume("the supply was replaced")).ok
    assert bench.step_id == "threads"  # every gate again


def test_f25_twenty_millivolts_high_warns(drive):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_to("hold")
    bench.world.inject("cv-drift", volts=0.02)
    settle(bench, 10)
    assert "near-over-target" in codes(bench)


def test_f35_voltage_turned_at_the_panel_is_off_and_hold(charging):
    charging.wire.inject("panel-set-voltage", number=3.80)
    settle(charging, 5)
    assert charging.snapshot().state == "hold"
    assert "set-voltage" in codes(charging)
    assert not charging.world.output_on


def test_f35_output_switched_off_at_the_panel_is_a_hold(charging):
    charging.wire.inject("panel-output-off")
    settle(charging, 5)
    assert charging.snapshot().state == "hold"
    assert {"panel-off", "F-27"} & codes(charging)


def test_f34_output_that_comes_on_by_itself_is_switched_off(drive):
    bench = drive()
    bench.start()
    bench.go_to("wire")
    bench.wire.inject("panel-output-on")
    settle(bench, 5)
    assert not bench.world.output_on
    assert "found-on" in codes(bench)


def test_f34_output_found_on_at_the_start_is_not_touched_and_nothing_starts(drive):
    bench = drive()
    bench.wire.inject("panel-output-on")
    outcome = bench.send(Start(bench.plan.to_json()))
    assert not outcome.ok
    assert "on" in outcome.message
    assert bench.world.output_on
    assert bench.snapshot().state == "idle"


def test_f18_power_up_on_is_refused_until_it_is_off(drive):
    bench = drive()
    bench.wire.inject("power-up-on")
    bench.start()
    bench.go_to("supply")
    with pytest.raises(ScriptStuck, match="power"):
        bench.go_on()
    assert bench.step_id == "supply"
    assert not bench.world.output_on


def test_f19_another_device_on_the_port_is_refused_before_anything_is_written(drive):
    bench = drive()
    bench.wire.inject("wrong-model")
    outcome = bench.send(Start(bench.plan.to_json()))
    if outcome.ok:  # an unknown model may be looked at, never set
        with pytest.raises(ScriptStuck):
            bench.go_on()
    assert not bench.world.output_on
    assert bench.world.delivered_ah() == 0.0


def test_silent_supply_at_the_start_is_told(drive):
    bench = drive()
    bench.wire.inject("silence")
    outcome = bench.send(Start(bench.plan.to_json()))
    assert not outcome.ok
    assert "riden:memory" in outcome.message


def test_f29_supply_goes_silent_on_the_plateau_warns_then_calls(charging):
    charging.wire.inject("silence")
    settle(charging, 20)
    assert charging.snapshot().current_a.trust == "stale"
    assert charging.snapshot().current_a.value is None or charging.snapshot().current_a.trust != "measured"
    settle(charging, 70)
    snapshot = charging.snapshot()
    assert snapshot.state == "call"
    assert snapshot.call is not None


def test_lost_reply_is_unknown_and_never_zero_ampere(charging):
    charging.wire.inject("lost-reply", number=3)
    settle(charging, 3)
    assert charging.bench.reading.amperes is None or charging.bench.reading.amperes > 9
    settle(charging, 10)
    assert charging.snapshot().state == "charging"
    assert charging.bench.reading.amperes == pytest.approx(10.0, abs=0.02)


def test_garbled_answers_are_unknown_and_pass(charging):
    charging.wire.inject("garbled-crc", number=3)
    settle(charging, 10)
    assert charging.snapshot().state == "charging"
    assert charging.bench.reading.amperes == pytest.approx(10.0, abs=0.02)


def test_f36_output_that_does_not_switch_off_calls_the_operators_hands(charging):
    charging.wire.inject("output-stuck-on")
    charging.send(OutputOff())
    settle(charging, 4.0)
    assert charging.snapshot().call is None
    settle(charging, 4.0)
    snapshot = charging.snapshot()
    assert snapshot.state == "call"
    assert snapshot.call.asks_point == "cells_v"
    charging.send(TypeReading("cells_v", 3.34))
    assert charging.snapshot().call is not None  # not acknowledged yet
    charging.send(Acknowledge(0))
    charging.send(TypeReading("cells_v", 3.67, sure=True))
    assert charging.snapshot().call is not None  # not a safe reading
    charging.send(TypeReading("cells_v", 3.34, sure=True))
    assert charging.snapshot().call is None
    assert charging.snapshot().state == "hold"


def test_emergency_stop_is_off_within_one_tick_and_proved(charging):
    charging.send(OutputOff())
    assert not charging.world.output_on
    settle(charging, 3)
    assert charging.snapshot().output_on is False
    assert charging.snapshot().state == "hold"
    assert "readback" in charging.kinds()


def test_f03_reversed_leads_are_found_by_the_contact_test(drive):
    bench = drive()
    bench.world.inject("leads-reversed")
    bench.start()
    with pytest.raises(ScriptStuck):
        bench.go_on()
    assert bench.step_id in ("post-polarity", "connect")
    assert not bench.world.output_on


def test_f44_nobody_there_near_the_top_switches_off(drive):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_to("hold")
    asked = bench.script.next
    bench.script.next = lambda snapshot: None
    bench.go_until(lambda b: b.bench.state != "charging", longest_s=3 * 3600)
    bench.script.next = asked
    assert bench.snapshot().state == "hold"
    assert "attention" in codes(bench)
    settle(bench, 5)
    assert not bench.world.output_on


def test_finish_early_switches_off_and_says_stopped(charging, place):
    assert charging.send(Finish("enough for today")).ok
    settle(charging, 5)
    assert charging.snapshot().state == "ended"
    assert not charging.world.output_on
    assert Sessions(place).list()[-1].result == "stopped"


def test_every_hold_can_be_resumed_to_a_balance(charging):
    for fault in ("panel-output-off",):
        charging.wire.inject(fault)
        settle(charging, 5)
        assert charging.send(Resume("looked at it")).ok
        done = charging.go_on()
        assert done.result == "balanced", done.alarms


def test_manual_supply_every_hold_is_a_call(drive):
    bench = drive(supply="manual", soc=0.98, meter=False)
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.bench.state == "charging" and b.bench.reading.amperes is not None)
    bench.send(OutputOff())
    snapshot = bench.snapshot()
    assert snapshot.state == "call"
    assert snapshot.call.asks_point == "current_a"
    bench.send(Acknowledge(0))
    bench.send(TypeReading("current_a", 9.8, sure=True))
    assert bench.snapshot().call is not None
    bench.send(TypeReading("current_a", 0.0, sure=True))
    assert bench.snapshot().call is None
    assert not bench.world.output_on


def test_manual_supply_fallen_lead_typed_as_zero_is_an_open_circuit(drive):
    bench = drive(supply="manual", soc=0.98, meter=False)
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.bench.state == "charging" and b.bench.reading.amperes is not None)
    settle(bench, 600)
    bench.world.inject("lead-falls-off")
    bench.send(TypeReading("current_a", bench.world.probe("panel-a")))
    settle(bench, 2)
    assert "F-27" in codes(bench)
    assert bench.snapshot().state == "call"


def test_f46_typo_in_a_typed_reading_is_asked_again(drive):
    bench = drive(supply="manual", soc=0.98, meter=False)
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.bench.state == "charging")
    for value in (3.95, 1.5):
        outcome = bench.send(TypeReading("cells_v", value))
        assert not outcome.ok
        assert outcome.confirm
    for value in (36.5, 33.1, -3.4):  # no confirmation makes these volts of a cell
        outcome = bench.send(TypeReading("cells_v", value, sure=True))
        assert not outcome.ok
        assert not outcome.confirm
    assert "cells_v" not in bench.bench.session.composer.typed
    assert bench.send(TypeReading("cells_v", 3.36)).ok


def test_f44_overdue_reading_by_hand_warns_then_calls_from_345(drive):
    bench = drive(supply="manual", soc=0.993, meter=False)
    bench.start()
    bench.go_to("hold")
    bench.script.next = lambda snapshot: None
    seen = set()

    def watch(b) -> bool:
        seen.update(codes(b))
        return b.bench.state == "call" or b.bench.state == "hold"

    bench.go_until(watch, longest_s=3600)
    assert "reading-due" in seen or "attention-soon" in seen
    assert bench.snapshot().state == "call"


@pytest.fixture
def full_disk():
    """A real refusal of the system to let any file of this process grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(full: bool) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000 if full else soft, hard))

    yield fill
    fill(False)


def test_f58_full_disk_is_told_at_once_and_nothing_is_lost_on_the_plateau(charging, full_disk):
    full_disk(True)
    settle(charging, 5)
    assert charging.snapshot().journal_problem
    assert charging.snapshot().state == "charging"
    assert "journal" in codes(charging)
    note = charging.send(Note("is this kept?"))
    assert not note.ok  # what cannot be kept is not acknowledged
    full_disk(False)
    settle(charging, 15)
    assert charging.snapshot().journal_problem == ""
    session = charging.bench.session
    report = verify(charging.bench.home.sessions_dir / f"{session.recorder.id}.jsonl")
    assert report.ok


def test_f58_full_disk_holds_near_the_top(drive, full_disk):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_to("hold")
    full_disk(True)
    settle(bench, 10)
    assert bench.snapshot().state == "hold"
    assert not bench.world.output_on
