"""Drills: every fault can be played on the embedded bench through a Command, at its time, and put right; real instruments refuse."""

from __future__ import annotations

import pytest

from drivers.simulated.faults import FAULTS
from tests.bench.test_faults import codes, settle
from tui.bench.bench import Bench
from tui.bench.commands import handle
from tui.bench.instruments import Instruments
from tui.bench.messages import Acknowledge, Inject, Mend, OutputOff, Resume, Start, TypeReading
from tui.domain.drills import DRILLS, drill
from tui.records.journal_reading import read

NAMES = [*FAULTS, "meter:silence"]


@pytest.fixture
def charging(drive):
    """Two small cells: what follows a drill is soon over."""
    bench = drive(cells=2, capacity_ah=40.0, soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 30)
    assert bench.bench.state == "charging"
    return bench


def notes(bench) -> list[str]:
    """What the session's journal tells of drills."""
    session = bench.bench.session
    lines = read(bench.bench.home.sessions_dir / f"{session.recorder.id}.jsonl")
    return [line["text"] for line in lines if line["kind"] == "note" and line["text"].startswith("drill: ")]


def test_every_fault_has_a_drill_and_every_drill_a_fault():
    assert set(FAULTS) <= set(DRILLS)
    assert set(DRILLS) <= set(FAULTS)
    for name, row in DRILLS.items():
        assert row.title and row.answer and row.shows, name
        assert all(shown.startswith("F-") and 1 <= int(shown[2:]) <= 62 for shown in row.shows), name


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_played_by_a_command_and_put_right(drive, name):
    arrangement = "4S" if name.startswith("bms-") or name == "wrong-count" else ""
    bench = drive(arrangement=arrangement)
    assert bench.send(Inject(name)).ok
    bench.step()
    waits = not drill(name).at_once
    assert (name in bench.snapshot().drills_waiting) is waits
    assert (name in bench.snapshot().drills) is not waits
    assert bench.send(Mend(name)).ok
    assert bench.snapshot().drills == bench.snapshot().drills_waiting == ()
    assert bench.send(Inject(f"{name}@0s")).ok  # a time is one in the charge, also for a fault of the set-up
    assert bench.snapshot().drills_waiting == (name,)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("bms-") and name != "wrong-count"])
def test_a_drill_in_the_charge_strikes_at_once_and_the_charge_can_go_on_after_it(charging, name):
    assert charging.send(Inject(name)).ok
    assert charging.snapshot().drills == (name,)
    assert any(drill(name).title in note for note in notes(charging))
    settle(charging, 30)
    if name in charging.snapshot().drills:
        assert charging.send(Mend(name)).ok
    settle(charging, 5)
    call = charging.snapshot().call
    if call is not None:
        charging.send(Acknowledge(0))
        assert charging.send(TypeReading(call.asks_point, 0.0 if call.asks_point == "current_a" else 3.36, sure=True)).ok
        settle(charging, 5)
    if charging.bench.state in ("hold", "tripped"):
        outcome = charging.send(Resume("the drill is over"))
        assert outcome.ok, outcome.message
    charging.go_until(lambda run: run.bench.state in ("charging", "ended"))
    settle(charging, 300)
    assert charging.bench.state in ("charging", "resting", "preparing", "ended"), charging.snapshot().alarms
    assert charging.snapshot().drills == ()


def test_real_instruments_refuse_drills_with_words(place):
    from drivers.clock import ScaledClock

    clock = ScaledClock()
    real = Bench(place, clock, Instruments(clock, place), line_now_s=clock.now_s)
    for command in (Inject("lead-falls-off"), Mend("lead-falls-off")):
        outcome = handle(real, command)
        assert not outcome.ok
        assert "built-in bench" in outcome.message
    real.tick()
    assert real.drills.running == real.drills.waiting == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lead", "Known faults"),
        ("lead-falls-off=A1", "takes nothing"),
        ("cell-leak=Z9", "no cell 'Z9'"),
        ("meter:lead-falls-off", "not at the meter"),
        ("meter:power-up-on", "a meter cannot"),
        ("power-up-on=5", "takes nothing"),
        ("", "is not a fault"),
    ],
)
def test_what_this_bench_cannot_have_is_refused_before_it_waits(drive, text, words):
    bench = drive()
    outcome = bench.send(Inject(text))
    assert not outcome.ok
    assert words in outcome.message
    assert bench.snapshot().drills_waiting == ()


def test_a_supply_without_interface_has_no_fault_of_its_wire_but_the_meter_has(drive):
    bench = drive(supply="manual")
    outcome = bench.send(Inject("silence"))
    assert not outcome.ok
    assert "meter:silence" in outcome.message
    assert bench.send(Inject("meter:silence@1h")).ok


def test_nothing_is_put_right_where_no_drill_runs(drive):
    outcome = drive().send(Mend("silence"))
    assert not outcome.ok
    assert "No drill" in outcome.message


def test_a_drill_waits_from_the_start_for_its_time_in_the_charge(drive):
    bench = drive(soc=0.95)
    assert "5 min" in bench.send(Inject("lead-falls-off@5m")).message
    bench.start()
    bench.go_to("to-knee")
    began_s = bench.clock.now_s()
    assert bench.snapshot().drills_waiting == ("lead-falls-off",)
    bench.go_until(lambda b: b.bench.state == "hold")
    assert 290 < bench.clock.now_s() - began_s < 400
    assert "F-27" in codes(bench)
    assert bench.snapshot().drills == ("lead-falls-off",)
    assert notes(bench) == ["drill: the + lead comes off (lead-falls-off)"]
    settle(bench, 5)
    assert bench.send(Resume()).ok
    bench.step()
    assert bench.snapshot().drills == ()  # the hands put it on again with the step that is asked now


def test_a_set_up_drill_of_before_the_session_stands_in_its_journal(drive):
    bench = drive()
    assert bench.send(Inject("power-up-on")).ok
    bench.start()
    bench.step()
    assert any("since before this session" in note for note in notes(bench))


def test_an_output_switched_on_at_the_panel_stops_the_start_until_it_is_put_right(drive):
    bench = drive()
    assert bench.send(Inject("panel-output-on")).ok
    assert not bench.send(Start(bench.plan.to_json())).ok
    assert bench.send(Mend("panel-output-on")).ok
    assert bench.send(Start(bench.plan.to_json())).ok


def test_the_meter_falls_silent_alone(charging):
    assert charging.send(Inject("meter:silence")).ok
    settle(charging, 10)
    assert not charging.bench.reading.meter_fresh
    assert charging.bench.reading.supply_fresh
    assert charging.send(Mend("meter:silence")).ok
    settle(charging, 10)
    assert charging.bench.reading.meter_fresh


def test_a_fallen_lead_that_is_put_right_lies_where_it_lay(charging):
    charging.send(Inject("lead-falls-off"))
    assert not charging.world.truth().leads_on
    charging.send(Mend("lead-falls-off"))
    assert charging.world.truth().leads_on
    charging.world.hands("leads-apart")
    charging.world.undo("lead-falls-off")
    assert not charging.world.truth().leads_on  # hands have moved them since


def test_f36_an_output_that_stays_on_is_one_call_which_the_hands_of_the_bench_end(charging):
    assert charging.send(Inject("output-stuck-on")).ok
    charging.send(OutputOff())
    settle(charging, 12)
    assert charging.snapshot().state == "call"
    assert "set-current" not in codes(charging)  # volts and amperes were set to zero by the program itself
    assert charging.world.output_on
    charging.send(Acknowledge(0))
    assert charging.send(TypeReading("cells_v", 3.35, sure=True)).ok
    assert not charging.world.output_on
    settle(charging, 12)
    assert charging.snapshot().state == "hold"
    assert charging.send(Mend("output-stuck-on")).ok
    assert charging.send(Resume()).ok
    assert charging.go_on().result == "balanced"


def test_a_passing_drill_that_stops_nothing_is_told_of_for_some_minutes(charging):
    assert charging.send(Inject("lost-reply")).ok
    settle(charging, 60)
    assert charging.snapshot().drills == ("lost-reply",)
    settle(charging, 300)
    assert charging.snapshot().drills == ()
    assert charging.bench.state == "charging"


def test_volts_typed_before_the_charge_do_not_stand_for_the_cells_when_the_meter_falls_silent(charging):
    assert charging.send(Inject("meter:silence")).ok
    settle(charging, 30)
    shown = charging.snapshot().cells_v
    assert shown.trust == "derived"
    truth = charging.world.truth()
    assert shown.value == pytest.approx(max(cell.voltage_v for cell in truth.cells), abs=0.01)
