"""Where the bench process, resume, attention and the faults meet: each of these was wrong once."""

from __future__ import annotations

import pytest

from drivers.clock import VirtualClock
from drivers.roles import InstrumentError
from tests.bench.test_resume import killed, lines, settle
from tui.bench.guard import Finding
from tui.bench.instruments import Instruments
from tui.bench.local import LocalLink
from tui.bench.messages import (
    Abandon,
    Acknowledge,
    Answer,
    Emergency,
    Finish,
    Note,
    OutputOff,
    Resume,
    Start,
    TakeRemedy,
    TypeReading,
)
from tui.records.journal import JournalUnwritable
from tui.records.sessions import Sessions


def to_knee(drive, **choices):
    bench = drive(**{"soc": 0.97, **choices})
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    return bench


# --- taking up -------------------------------------------------------------------------------------------------------


def test_f34_a_session_that_cannot_go_on_leaves_no_output_on(drive, monkeypatch):
    bench = to_knee(drive)
    monkeypatch.setattr("tui.bench.memory.VERSION", 2)
    again = killed(bench)
    settle(again)
    assert "another version" in again.snapshot().unfinished.problem
    assert not again.world.output_on, "it is our own session's supply: off, whether the session can go on or not"
    assert again.bench.stranger is None and again.snapshot().state == "idle"
    settle(again, 60)
    assert not again.snapshot().unfinished.output_on, "seen off"


def test_f34_a_disk_that_takes_no_journal_leaves_no_output_on(drive, monkeypatch):
    bench = to_knee(drive)

    def refuses(*_args, **_more):
        raise JournalUnwritable("the disk is read-only")

    monkeypatch.setattr("tui.bench.recorder.Journal", refuses)
    again = killed(bench)
    settle(again)
    assert "read-only" in again.snapshot().unfinished.problem
    assert not again.world.output_on


def test_f34_off_first_does_not_touch_another_supply(drive, monkeypatch):
    bench = to_knee(drive)
    bench.wire.inject("wrong-model", number=60062)
    monkeypatch.setattr("tui.bench.memory.VERSION", 2)
    again = killed(bench)
    settle(again)
    assert again.world.output_on, "another device answers: hands off"


def test_f32_a_row_that_cannot_be_ended_does_not_hide_the_session_that_charges(drive, place, monkeypatch):
    bench = to_knee(drive)
    Sessions(place).create(bench.plan, started_unix_s=1.0)

    def refuses(*_args):
        raise JournalUnwritable("the disk is full")

    monkeypatch.setattr("tui.bench.left.end", refuses)
    again = killed(bench)
    settle(again)
    assert not again.world.output_on and again.snapshot().state == "hold"


def test_f32_records_that_cannot_be_read_at_the_start_are_told(drive, monkeypatch):
    bench = to_knee(drive)

    def refuses(*_args):
        raise TypeError("a plan of another shape")

    monkeypatch.setattr("tui.bench.left.all_left", refuses)
    again = killed(bench)
    settle(again)
    assert "records" in {alarm.code for alarm in again.snapshot().alarms}


def test_f34_an_off_without_proof_is_not_told_off_after_a_crash(drive):
    bench = to_knee(drive)
    bench.wire.inject("silence")
    bench.send(OutputOff())
    settle(bench, 2)
    assert bench.world.output_on
    again = killed(bench)
    waiting = again.snapshot().unfinished
    assert waiting is not None and waiting.output_on, "told off, never proved"
    assert "switch it off" in again.send(Abandon(waiting.session, "")).message


def test_f34_a_supply_that_was_silent_at_the_start_is_switched_off_when_it_answers(drive):
    bench = to_knee(drive)
    bench.wire.inject("silence")
    again = killed(bench)
    assert again.snapshot().unfinished is not None and again.world.output_on
    bench.wire.undo("silence")
    settle(again, 60)
    assert not again.world.output_on, "nobody may be there to press a key"
    assert again.snapshot().state == "hold"


def test_f32_what_was_held_before_the_crash_is_still_told(drive):
    bench = to_knee(drive)
    bench.send(Emergency())
    settle(bench, 5)
    again = killed(bench)
    settle(again)
    assert again.snapshot().state == "tripped"
    assert {"F-32", "F-43"} <= {alarm.code for alarm in again.snapshot().alarms}
    assert {"F-32", "F-43"} <= {alarm.code for alarm in killed(again).snapshot().alarms}


def test_f32_a_trip_by_hand_stays_latched_over_a_crash(drive):
    bench = to_knee(drive, supply="manual", meter=False)
    bench.send(Emergency())
    assert bench.snapshot().state == "call" and bench.bench.running.latched
    again = killed(bench)
    assert again.bench.running.latched
    again.send(Acknowledge(0))
    again.send(TypeReading("current_a", 0.0, sure=True))
    assert again.snapshot().state == "tripped"


def test_f32_a_charge_that_was_about_to_begin_is_measured_first(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("charge")
    again = killed(bench, gap_s=3600.0)
    settle(again)
    assert again.send(Resume()).ok
    assert again.snapshot().prompt.step == "recheck"
    assert again.go_on().result == "balanced"


def test_f32_a_pause_between_two_stages_is_followed_by_a_measurement(drive):
    bench = drive(soc=(0.95, 0.97), procedure="step-and-pause", derating=0.8)
    bench.start()
    bench.go_until(lambda b: b.step_id.startswith("pause"))
    again = killed(bench, gap_s=3600.0)
    settle(again)
    assert again.send(Resume()).ok
    assert again.snapshot().prompt.step == "recheck"
    done = again.go_on()
    assert done.result == "balanced", (done.alarms, done.prompt)


def test_f32_a_balanced_bank_that_is_ended_after_a_crash_is_balanced(drive, place):
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to("rest")
    settle(bench, 5)
    again = killed(bench)
    settle(again)
    told = again.send(Finish(""))
    settle(again)
    assert "not recorded" not in told.message
    assert Sessions(place).list()[-1].result == "balanced"


def test_f32_a_supply_found_on_in_a_rest_begins_the_rest_anew(drive):
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to("rest")
    settle(bench, 600)
    bench.wire.inject("panel-output-on")
    again = killed(bench, gap_s=60)
    settle(again)
    assert not again.world.output_on
    assert again.clock.now_s() - again.bench.running.off_since_s < 60


def test_f41_a_long_gap_is_no_slow_charge(drive):
    bench = drive(soc=0.90)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    bench.send(OutputOff())
    settle(bench)
    again = killed(bench, gap_s=40 * 3600.0)
    settle(again)
    again.send(Resume())
    again.go_until(lambda b: b.bench.state == "charging")
    settle(again, 1500)
    assert again.bench.state == "charging" and again.bench.reading.amperes > 9.0
    assert "F-41" not in {alarm.code for alarm in again.snapshot().alarms}


def test_f26_a_learned_echo_is_known_after_a_crash(drive):
    bench = to_knee(drive)
    bench.bench.running.composer.learn_echo()
    bench.bench.remember()
    again = killed(bench)
    assert again.bench.running.composer.echoes


def test_cold_cells_keep_their_current_after_a_crash(drive):
    bench = to_knee(drive)
    bench.bench.running.composer.type("surface_c", 3.0, bench.clock.now_s())
    assert bench.bench.running.current_a < 6.0
    bench.bench.remember()
    again = killed(bench)
    session = again.bench.running
    assert session.current_a < 6.0
    assert session.forecaster.current_a == session.end_rule.set_current_a == session.attention.current_a == session.current_a


# --- leaving -----------------------------------------------------------------------------------------------------------


def test_f32_a_program_that_ends_with_knobs_still_on_leaves_the_session_open(drive, place):
    bench = drive(supply="manual", soc=0.985, meter=False)
    bench.bench.takes_up = True
    bench.start()
    bench.go_to("off")
    assert bench.bench.running.outcome == "balanced" and bench.world.output_on
    bench.bench.leave("SIGTERM")
    assert Sessions(place).list()[-1].state == "running", "nobody has switched it off yet"
    again = killed(bench)
    assert again.snapshot().state == "call"


# --- safety ------------------------------------------------------------------------------------------------------------


def test_f43_the_emergency_key_in_a_call_is_a_trip_that_can_be_left(drive):
    bench = to_knee(drive)
    bench.bench.safety.act_on(Finding("call", "reading-overdue", "reading long overdue", "Nobody reads."))
    settle(bench)
    assert bench.snapshot().state == "call" and not bench.world.output_on
    bench.send(Emergency())
    settle(bench)
    assert bench.snapshot().state == "tripped" and bench.snapshot().call is None
    assert bench.send(Resume("the room was aired, nothing was found")).ok


def test_a_stop_at_an_idle_bench_waits_for_no_proof_of_a_supply_that_was_let_go(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("wire")
    bench.send(Finish("enough"))
    settle(bench, 3)
    bench.wire.inject("silence")
    assert not bench.send(Start(bench.plan.to_json())).ok
    assert bench.snapshot().state == "idle"
    bench.send(OutputOff())
    settle(bench)
    assert not bench.bench.output_unproved and not bench.bench.busy


def test_a_defect_in_the_checkpoint_still_holds(drive, monkeypatch):
    bench = to_knee(drive)

    def breaks(*_args, **_more):
        raise ValueError("not to be journalled")

    monkeypatch.setattr("tui.bench.memory.capture", breaks)
    bench.bench.safety.begin_off("defect in the program")
    with pytest.raises(ValueError, match="journalled"):
        bench.bench.safety.crashed()
    assert bench.bench.state == "hold" and bench.bench.running.runner.phase == "paused"


def test_f36_a_strange_output_that_does_not_go_off_calls_for_hands(drive):
    bench = drive()
    bench.wire.inject("panel-output-on")
    bench.send(Start(bench.plan.to_json()))
    settle(bench, 3)
    bench.wire.inject("output-stuck-on")
    bench.send(OutputOff())
    settle(bench, 8)
    assert bench.world.output_on
    assert "mains" in next(alarm.text for alarm in bench.snapshot().alarms if alarm.code == "F-36")
    assert "Nothing was sent" not in bench.snapshot().next


# --- records -----------------------------------------------------------------------------------------------------------


def test_a_note_after_the_end_is_not_acknowledged_and_lost(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("wire")
    bench.send(Finish("enough"))
    settle(bench, 3)
    outcome = bench.send(Note("it smelt"))
    assert outcome.ok is any(line["kind"] == "note" for line in lines(bench))


def test_f58_a_remedy_that_cannot_be_written_down_changes_nothing(drive, monkeypatch):
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to("cell-volts")
    bench.go_until(lambda b: b.snapshot().prompt is not None)
    prompt = bench.snapshot().prompt
    bench.send(Answer(prompt.id, {f.name: (3.05 if n == 0 else 3.35) for n, f in enumerate(prompt.fields)}))
    before, step = bench.bench.running.runner.steps, bench.step_id

    def refuses(*_args, **_more):
        raise JournalUnwritable("the disk is full")

    monkeypatch.setattr(bench.bench.running.recorder._journal, "append", refuses)
    assert not bench.send(TakeRemedy(bench.snapshot().prompt.id)).ok
    assert bench.bench.running.runner.steps == before and bench.step_id == step


def test_f42_by_hand_one_fold_back_is_told_once(drive):
    bench = to_knee(drive, supply="manual", meter=False, soc=0.9)
    for amps, volts in ((10.0, 3.54), (8.2, 3.50), (8.0, 3.50), (8.0, 3.50), (8.0, 3.50)):
        bench.send(TypeReading("supply_v", volts, sure=True))
        bench.send(TypeReading("current_a", amps, sure=True))
        settle(bench, 20.0)
    assert bench.bench.state == "charging", bench.snapshot().call
    assert bench.bench.running.current_a == pytest.approx(8.0)


def test_f34_a_program_that_ends_leaves_a_strange_output_alone(drive):
    bench = drive()
    bench.wire.inject("panel-output-on")
    link = LocalLink(bench.bench).start()
    assert not link.send(Start(bench.plan.to_json())).ok
    assert bench.bench.stranger is not None
    assert link.close() is False, "it is on, and nobody may say that it is off"
    assert bench.world.output_on, "nothing is written to it unasked"


def test_f45_a_meter_that_could_not_be_opened_is_tried_again(place, tmp_path):
    instruments = Instruments(VirtualClock(), place)
    for _ in range(2):
        with pytest.raises(InstrumentError, match="no such port"):
            instruments.open_meter(f"text-line:{tmp_path}/unplugged")
    instruments.release()
