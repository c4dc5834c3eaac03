"""The bench on its own thread, its instruments behind pseudo-terminals: the same bytes through the real drivers, in (scaled) real time."""

from __future__ import annotations

import time

import pytest

from drivers.simulated.description import describe
from tui.bench.bench import Bench
from tui.bench.headless import pty_rig
from tui.bench.instruments import Instruments
from tui.bench.local import LocalLink
from tui.bench.messages import Note, Start
from tui.bench.script import Script
from tui.cli_bench import plan_from
from tui.records.sessions import Sessions

from .conftest import CHOICES


def wait_for(condition, seconds: float = 20.0):
    """Give the bench's thread time until `condition` holds; a deadline, not a delay."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("the condition never came")


@pytest.fixture
def rig(place):
    description = describe(cells=4, capacity_ah=20.0, soc=(0.995, 0.995), supply_current_a=10.0, lead_mohm=10.0)
    made = pty_rig(description, place, speed=900.0)
    yield made, plan_from(description, made.supply_address, made.meter_address, CHOICES)
    made.close()


def charge(rig, plan):
    """A link whose session charges."""
    link, script = LocalLink(rig.bench).start(), Script()
    assert link.send(Start(plan.to_json())).ok

    def charging():
        command = script.next(link.snapshot())
        if command is not None:
            link.send(command)
        return link.snapshot().state == "charging"

    wait_for(charging, 40)
    return link


def test_one_owner_a_stop_that_overtakes_and_a_close_that_proves_off(rig, place):
    made, plan = rig
    link = charge(made, plan)
    second = LocalLink(Bench(place, made.clock, Instruments(made.clock, place), line_now_s=time.monotonic)).start()
    refused = second.send(Start(plan.to_json()))
    assert not refused.ok
    assert "another" in refused.message
    second.close()
    assert made.embedded.world.output_on
    link.stop_output()
    wait_for(lambda: not made.embedded.world.output_on, 2)
    wait_for(lambda: link.snapshot().state == "hold" and link.snapshot().output_on is False, 5)
    assert link.close()
    assert not link.send(Note("too late")).ok


def test_closing_in_mid_charge_proves_the_output_off_and_keeps_the_session(rig, place):
    made, plan = rig
    link = charge(made, plan)
    assert made.embedded.world.output_on
    assert link.close()
    assert not made.embedded.world.output_on
    row = Sessions(place).list()[-1]
    assert row.result == "unfinished"
    assert row.charge_ah is not None


def test_a_defect_in_the_bench_switches_off_and_holds(rig, monkeypatch):
    made, plan = rig
    link = charge(made, plan)
    session = made.bench.session
    monkeypatch.setattr(session.end_rule, "update", lambda reading: 1 / 0)
    wait_for(lambda: link.snapshot().state == "hold", 10)
    assert not made.embedded.world.output_on
    assert "defect" in {alarm.code for alarm in link.snapshot().alarms}
    link.close()


def test_the_steps_that_a_remedy_puts_in_are_told_to_the_screen(place):
    made = pty_rig(describe(cells=3, capacity_ah=20.0, soc=(0.02, 0.5), arrangement="apart"), place, speed=900.0)
    plan = plan_from(made.embedded.description, made.supply_address, made.meter_address, {**CHOICES, "procedure": "level"})
    link, script = LocalLink(made.bench).start(), Script()
    try:
        assert link.send(Start(plan.to_json())).ok

        def told():
            command = script.next(link.snapshot())
            if command is not None and link.card().revision == 0:
                link.send(command)
            return link.snapshot().revision == 1 and link.card()

        card = wait_for(told, 40)
        wait_for(lambda: link.card().revision == 1)
        assert link.snapshot().steps[0].id in [step.id for step in link.card().steps]
        assert card.session == link.card().session
    finally:
        link.close()
        made.close()
