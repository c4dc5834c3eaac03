"""What a review with fresh eyes found: states that must not be left, revived, fooled or stuck."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.bench.messages import Acknowledge, Answer, Finish, OutputOff, Resume, Start, TypeReading
from tui.bench.script import ScriptStuck

from .test_faults import charging, codes, settle  # noqa: F401 - a fixture


def test_a_trip_closes_the_open_question_and_no_answer_goes_on_behind_it(drive):
    bench = drive(supply="manual", meter=False)
    bench.start()
    bench.go_to("charge")
    prompt = bench.snapshot().prompt
    bench.send(TypeReading("surface_c", 50.0))
    settle(bench, 3)
    assert bench.snapshot().state == "tripped"
    assert bench.snapshot().prompt is None
    assert not bench.send(Answer(prompt.id, {})).ok
    settle(bench, 60)
    assert not bench.world.output_on


def test_an_ended_session_is_not_brought_back_by_a_late_alarm(charging):  # noqa: F811
    charging.send(Finish("enough"))
    settle(charging, 5)
    assert charging.snapshot().state == "ended"
    charging.bench.session.composer.type("cells_v", 4.1, charging.clock.now_s())
    charging.wire.inject("panel-output-on")
    settle(charging, 5)
    assert charging.snapshot().state == "ended"
    assert not charging.world.output_on  # switched off again all the same
    assert not charging.send(Resume("really")).ok
    charging.world.hands("leads-apart")
    assert charging.send(Start(charging.plan.to_json())).ok


def test_impossible_volts_in_an_answer_are_not_taken_and_end_nothing(drive):
    bench = drive(meter=False, soc=0.985)
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.snapshot().prompt is None or "cells_v" in {f.name for f in b.snapshot().prompt.fields})
    bench.go_until(lambda b: b.snapshot().prompt is not None, longest_s=7200)
    prompt = bench.snapshot().prompt
    outcome = bench.send(Answer(prompt.id, {"cells_v": 36.5}))
    assert not outcome.ok
    assert "3.650" in outcome.message
    typed = bench.bench.session.composer.typed.get("cells_v")
    assert typed is None or typed.value < 5
    assert bench.snapshot().prompt.refusal


def test_an_over_limit_reading_given_twice_stops_the_charge(drive):
    bench = drive(supply="manual", meter=False, soc=0.99)
    bench.start()
    bench.go_to("hold")
    assert bench.send(TypeReading("cells_v", 3.69)).confirm
    bench.send(TypeReading("cells_v", 3.69, sure=True))
    settle(bench, 2)
    assert bench.snapshot().state == "call"
    assert "cell-over-target" in codes(bench)


def test_live_supply_volts_are_not_hidden_by_an_older_typed_value(drive):
    bench = drive(meter=False, soc=0.99)
    bench.start()
    bench.go_until(lambda b: b.bench.state == "charging" and b.bench.session.composer.smallest_lead_ohm is not None)
    bench.script.next = lambda snapshot: None
    for _ in range(8000):
        bench.step(1.0)
        if bench.bench.state != "charging":
            break
        true_v = max(cell.voltage_v for cell in bench.world.truth().cells)
        if true_v > 3.46:
            assert bench.bench.reading.alarm_v > 3.45
            assert bench.bench.session.attention.interval_s(bench.bench.reading) is not None
    settle(bench, 5)
    assert bench.bench.state in ("hold", "call")  # nobody there, and no reading: off
    assert not bench.world.output_on


def test_finish_waits_for_the_proof_of_off(charging):  # noqa: F811
    charging.wire.inject("output-stuck-on")
    charging.send(Finish("now"))
    assert charging.snapshot().state != "ended"
    settle(charging, 8)
    assert charging.snapshot().state == "call"
    assert "call" in charging.kinds()


def test_a_call_for_a_dead_supply_can_be_ended_by_hand_and_the_session_too(charging):  # noqa: F811
    charging.wire.inject("silence")
    settle(charging, 90)
    assert charging.snapshot().state == "call"
    charging.world.set_output(False)  # the mains switch
    charging.send(Acknowledge(0))
    charging.send(TypeReading("cells_v", 3.33, sure=True))
    settle(charging, 20)
    assert charging.snapshot().call is None
    charging.send(Finish("supply broke"))
    settle(charging, 20)
    assert charging.snapshot().state == "ended"


def test_a_hold_for_a_changed_set_point_can_be_resumed(charging):  # noqa: F811
    charging.wire.inject("panel-set-voltage", number=3.80)
    settle(charging, 5)
    assert charging.snapshot().state == "hold"
    assert charging.send(Resume("the knob was touched by mistake")).ok
    done = charging.go_on()
    assert done.result == "balanced", done.alarms
    assert charging.world.max_cell_voltage_v < 3.66


def test_a_silent_meter_is_no_fall_of_the_volts(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_until(lambda b: b.bench.state == "charging" and (b.bench.reading.cells_v.value or 0) > 3.42)
    bench.rig.embedded.meter.inject("silence")
    settle(bench, 30)
    assert bench.snapshot().state == "charging"
    assert "F-40" not in codes(bench)
    assert bench.snapshot().call is None


def test_after_a_trip_the_rest_is_a_full_rest(drive):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_to("hold")
    bench.world.inject("cv-drift", volts=0.05)
    settle(bench, 30)
    assert bench.snapshot().state == "tripped"
    bench.world.undo("cv-drift")
    assert bench.send(Resume("another supply")).ok
    done = bench.go_on()
    assert done.result == "balanced", done.alarms
    session = bench.bench.session
    assert session.off_since_s is not None
    assert bench.clock.now_s() - session.off_since_s >= bench.plan.rest_s


def test_try_again_after_a_refused_recheck_measures_anew(charging):  # noqa: F811
    charging.world.inject("lead-falls-off")
    settle(charging)
    assert charging.send(Resume()).ok
    charging.world.inject("lead-falls-off", at_s=charging.clock.now_s() + 0.1)
    with pytest.raises(ScriptStuck):
        charging.go_on()
    prompt = charging.snapshot().prompt
    assert [field.name for field in prompt.fields] == ["post_v"]
    charging.world.undo("lead-falls-off")
    assert charging.send(Answer(prompt.id, {"post_v": charging.world.probe("posts")})).ok
    done = charging.go_on()
    assert done.result == "balanced", done.alarms


def test_the_stop_waits_for_no_disk(charging, monkeypatch):  # noqa: F811
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        assert charging.send(OutputOff()).ok
        assert not charging.world.output_on
        assert charging.snapshot().state == "hold"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_supply_by_hand_with_a_live_meter_is_still_asked_for_its_amperes(drive):
    bench = drive(supply="manual", soc=0.985, meter=True)
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms


def test_a_meter_at_the_supply_leaves_the_cells_to_be_read_by_hand(drive):
    bench = drive(soc=0.985, change=lambda d: replace(d, meter=replace(d.meter, point="supply")))
    done = bench.run(bench.plan)
    assert done.result == "balanced", done.alarms
