"""An output that is found on (F-34): in our own session, by itself, after a crash (see test_resume), and by somebody else."""

from __future__ import annotations

import pytest

from tests.bench.test_resume import killed, settle
from tui.bench.messages import Finish, OutputOff, Resume, Start


def test_f34_as_commanded_after_the_line_was_away_the_charge_goes_on(drive):
    bench = drive(soc=0.90)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    bench.wire.inject("silence")
    settle(bench, 20)
    bench.wire.undo("silence")
    settle(bench, 10)
    assert bench.snapshot().state == "charging" and bench.snapshot().output_on is True


def test_f34_higher_than_commanded_is_off_and_hold(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    bench.wire.inject("panel-set-voltage", number=3.9)
    settle(bench, 5)
    assert bench.snapshot().state == "hold" and not bench.world.output_on
    assert bench.world.max_cell_voltage_v < 3.66


@pytest.mark.parametrize("step", ["wire", "connect"])
def test_f34_that_comes_on_by_itself_while_no_charge_runs_is_switched_off(drive, step):
    bench = drive()
    bench.start()
    bench.go_to(step)
    bench.wire.inject("panel-output-on")
    settle(bench, 5)
    assert not bench.world.output_on
    assert "found-on" in {alarm.code for alarm in bench.snapshot().alarms}


def test_f34_that_comes_on_by_itself_after_the_end_is_switched_off(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("wire")
    bench.send(Finish("enough"))
    settle(bench, 3)
    assert bench.snapshot().state == "ended"
    bench.wire.inject("panel-output-on")
    settle(bench, 5)
    assert not bench.world.output_on


def test_f34_never_by_us_is_shown_watched_and_asked_about_and_nothing_is_written(drive):
    bench = drive()
    bench.wire.inject("panel-output-on")
    refused = bench.send(Start(bench.plan.to_json()))
    assert not refused.ok and "not by this program" in refused.message
    settle(bench, 30)
    snapshot = bench.snapshot()
    assert snapshot.state == "idle" and snapshot.output_on is True and bench.world.output_on
    assert snapshot.supply_v.value is not None, "it is shown"
    assert "ctrl+x" in snapshot.next
    assert not bench.send(Start(bench.plan.to_json())).ok, "no procedure starts while it is on"
    bench.wire.inject("panel-output-off")
    settle(bench, 5)
    assert bench.bench.stranger is None
    assert bench.send(Start(bench.plan.to_json())).ok


def test_f34_never_by_us_goes_off_on_the_operators_word(drive):
    bench = drive()
    bench.wire.inject("panel-output-on")
    bench.send(Start(bench.plan.to_json()))
    settle(bench, 5)
    bench.send(OutputOff())
    settle(bench, 5)
    assert not bench.world.output_on
    assert bench.send(Start(bench.plan.to_json())).ok


def test_f34_never_by_us_goes_off_over_a_limit(drive):
    bench = drive()
    bench.wire.inject("panel-set-voltage", number=3.60)
    bench.wire.inject("panel-output-on")
    bench.send(Start(bench.plan.to_json()))
    settle(bench, 10)
    assert bench.world.output_on
    bench.wire.inject("panel-set-voltage", number=4.0)
    settle(bench, 5)
    assert not bench.world.output_on
    assert "4.00 V" in next(alarm.text for alarm in bench.snapshot().alarms if alarm.code == "F-34")
    assert bench.send(Start(bench.plan.to_json())).ok


def test_f34_after_a_crash_it_is_off_before_anything_else(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    again = killed(bench, gap_s=10)
    assert not again.world.output_on
    settle(again)
    assert again.send(Resume()).ok


def test_f36_an_output_that_does_not_obey_is_called_and_blamed_on_nobody_at_its_panel(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    bench.wire.inject("output-stuck-on")
    bench.send(OutputOff())
    settle(bench, 30)
    assert bench.snapshot().state == "call"
    assert "found-on" not in [alarm.code for alarm in bench.snapshot().alarms]
