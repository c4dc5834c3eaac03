"""The bench finds instruments at its lines, remembers them, gives them roles, tests them, and leaves those of a session alone."""

from __future__ import annotations

import pytest

from drivers.simulated.description import describe
from tui.bench.commands import handle
from tui.bench.headless import pty_rig
from tui.bench.messages import FindInstruments, GiveRole, InstrumentRow, SaveTrace, Start, TryInstrument
from tui.bench.port_locks import PortLocks
from tui.cli_bench import plan_from
from tui.records.known_instruments import KnownInstruments

from .conftest import CHOICES


@pytest.fixture
def rig(place):
    made = pty_rig(describe(cells=2, capacity_ah=20.0), place, speed=1.0)
    yield made
    made.close()


def found(rig) -> dict[str, InstrumentRow]:
    rows = rig.bench.survey.found().rows
    return {row.port: row for row in rows}


def asked(rig, command) -> None:
    outcome = handle(rig.bench, command)
    assert outcome.ok, outcome.message
    rig.bench.survey.wait(30.0)


def at(address: str) -> str:
    return address.partition(":")[2].partition("?")[0]


def test_supply_and_meter_are_found_and_serve_from_then_on(rig, place):
    supply, meter = at(rig.supply_address), at(rig.meter_address)
    assert {row.state for row in found(rig).values()} == {"unasked"}
    asked(rig, FindInstruments())
    rows = found(rig)
    assert (rows[supply].family, rows[supply].model, rows[supply].kind) == ("riden", "RD6012", "supply")
    assert rows[supply].address == rig.supply_address and "60V/10A" not in rows[supply].text
    assert rows[meter].family == "text-line"
    assert not rig.embedded.world.output_on and rig.embedded.world.set_points == (0.0, 0.0)  # nothing was changed by asking
    assert handle(rig.bench, GiveRole(rows[supply].mark, "supply")).ok
    assert not handle(rig.bench, GiveRole(rows[supply].mark, "meter")).ok
    assert found(rig)[supply].role == "supply"
    serving = KnownInstruments(place).serving("supply")
    assert serving is not None and (serving.address, serving.rating) == (rig.supply_address, "60V/12A")
    assert handle(rig.bench, GiveRole(rows[supply].mark, "")).ok
    assert found(rig)[supply].role == ""
    assert not handle(rig.bench, GiveRole("nobody", "supply")).ok


def test_a_reading_and_the_write_test_which_needs_the_output_off(rig):
    asked(rig, TryInstrument(rig.supply_address))
    assert "Output off" in found(rig)[at(rig.supply_address)].text
    asked(rig, TryInstrument(rig.supply_address, writes=True))
    assert "reads back 1 V and 0.1 A" in found(rig)[at(rig.supply_address)].text
    assert rig.embedded.world.set_points == (1.0, 0.1) and not rig.embedded.world.output_on
    rig.embedded.world.set_output(True)
    rig.embedded.world.set_supply(voltage_v=0.5, current_a=0.05)
    asked(rig, TryInstrument(rig.supply_address, writes=True))
    assert "output is not off" in found(rig)[at(rig.supply_address)].text
    assert rig.embedded.world.set_points == (0.5, 0.05)
    assert not handle(rig.bench, TryInstrument(rig.meter_address, writes=True)).ok
    assert not handle(rig.bench, TryInstrument("nonsense:x")).ok
    asked(rig, TryInstrument(rig.meter_address))
    assert "touch nothing" in found(rig)[at(rig.meter_address)].text
    rig.embedded.world.hands("wire-cells")
    asked(rig, TryInstrument(rig.meter_address))
    assert found(rig)[at(rig.meter_address)].text.startswith("3.")


def test_a_silent_line_and_one_in_other_hands_are_told_apart(rig, place, monkeypatch):
    rig.embedded.supply.inject("silence")
    monkeypatch.setattr("drivers.probe.LONGEST_ANSWER", 64)
    locks = PortLocks(place)
    locks.take(rig.meter_address, at(rig.meter_address))
    try:
        asked(rig, FindInstruments((at(rig.meter_address),)))
        assert found(rig)[at(rig.meter_address)].state == "busy"
        assert "nother copy" in found(rig)[at(rig.meter_address)].text
    finally:
        locks.release()
    asked(rig, FindInstruments((at(rig.supply_address),)))
    row = found(rig)[at(rig.supply_address)]
    assert (row.state, row.mark) == ("silent", "") and "Nobody answers" in row.text


def test_the_session_s_own_instruments_are_not_asked_and_their_bytes_are_live(rig, place):
    plan = plan_from(rig.embedded.description, rig.supply_address, rig.meter_address, CHOICES)
    assert handle(rig.bench, Start(plan.to_json())).ok
    rows = found(rig)
    assert {rows[at(address)].state for address in (rig.supply_address, rig.meter_address)} == {"in use"}
    refused = handle(rig.bench, FindInstruments())
    assert not refused.ok and "session has them all" in refused.message
    assert not handle(rig.bench, TryInstrument(rig.supply_address)).ok
    lines = rig.bench.survey.trace(rig.supply_address)
    assert lines and lines[0].direction == ">" and lines[0].data.startswith("0103")
    saved = handle(rig.bench, SaveTrace(rig.supply_address))
    assert saved.ok
    text = (place.logs / saved.message.rpartition("/")[2]).read_text(encoding="utf-8")
    assert "01 03 00 00" in text
    assert not handle(rig.bench, SaveTrace("/dev/nothing")).ok


def test_what_was_found_is_known_to_the_next_program(rig, place):
    asked(rig, FindInstruments((at(rig.supply_address),)))
    mark = found(rig)[at(rig.supply_address)].mark
    assert handle(rig.bench, GiveRole(mark, "supply")).ok
    rig.bench.survey.__init__(rig.bench)  # type: ignore[misc]  # as a new program
    row = found(rig)[at(rig.supply_address)]
    assert (row.mark, row.role, row.state) == (mark, "supply", "unasked")
