"""What a second look at the bench with real instruments found: each of these went wrong once."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.roles import MeterProfile, MeterReading, SupplyProfile, SupplyReading
from drivers.simulated.description import describe
from tests.bench.charges import Make, alarm, charge, codes, wait
from tui.bench.guard import Commanded, Guard
from tui.bench.guard_supply import SupplyHeat
from tui.bench.messages import Channel, Start
from tui.bench.output import switch_off
from tui.bench.ports import LockStepPort, ThreadPort
from tui.bench.reading import Composer, Reading
from tui.bench.trim import holds_voltage
from tui.domain import gates
from tui.domain.limits import Limits
from tui.domain.plan import Plan, PlanSupply
from tui.domain.procedure import GateInput

# --- a driver with a defect


class Broken:
    """A supply whose driver runs into a defect when it polls; it can be switched off all the same."""

    address = "riden:/dev/broken"

    def __init__(self) -> None:
        self.off = threading.Event()
        self.polls = 0

    def read(self) -> SupplyReading:
        self.polls += 1
        raise KeyError("a word that nobody foresaw")

    def switch_output(self, on: bool) -> None:
        assert not on
        self.off.set()

    def close(self) -> None:
        return None


def test_a_defect_in_a_driver_does_not_end_the_thread_that_can_switch_off() -> None:
    driver = Broken()
    port: ThreadPort[Any] = ThreadPort(driver, poll_s=0.01)
    try:
        until_s = time.monotonic() + 2.0
        while driver.polls < 2 and time.monotonic() < until_s:
            time.sleep(0.01)
        port.urgent(switch_off)
        assert driver.off.wait(2.0), "the port's thread died of its driver's defect: off never went out"
        assert "nobody foresaw" in port.error and port.senseless >= 1 and port.reading is None
    finally:
        port.close()


def test_a_defect_in_a_driver_is_no_reading_in_lock_step_either() -> None:
    port: LockStepPort[Any] = LockStepPort(Broken())
    port.poll()
    assert port.error and port.senseless == 1


def test_a_port_opens_its_line_again_although_its_opener_has_a_defect() -> None:
    """As a Bluetooth library that cannot be imported any more, or a plug-in of somebody else."""

    def opener() -> Any:
        raise ImportError("no such library")

    port: LockStepPort[Any] = LockStepPort(Broken(), opener)
    port.lost = True
    port.poll()
    assert port.lost and "no such library" in port.error


# --- which channel is which cell


def cells_meter(channels_v: dict[str, float | None], labels: tuple[str, ...], *, series: int = 1, supply_v: float | None = None) -> Reading:
    composer = Composer(labels)
    composer.watch(labels, series)
    supply = None if supply_v is None else SupplyReading(10.0, True, supply_v, 5.0, supply_v, 5.0, "CC")
    profile = SupplyProfile("riden", "RD6012", max_voltage_v=60, max_current_a=12)
    meter = MeterReading(10.0, channels_v)
    return composer.compose(10.0, profile, supply, supply is not None, MeterProfile("text-line", "text line", "cells"), meter, True)


def test_a_channel_that_is_missing_does_not_move_the_others_to_other_cells() -> None:
    """Meter sheet 4.4: channel number = cell number; a channel that is missing from a line is None for that cell."""
    reading = cells_meter({"2": 3.41, "3": 3.42}, ("A1", "A2", "A3"))
    assert {label: channel.value for label, channel in reading.per_cell_v.items()} == {"A1": None, "A2": 3.41, "A3": 3.42}


def test_channels_in_another_order_stay_with_their_cells() -> None:
    reading = cells_meter({"3": 3.43, "1": 3.41, "2": 3.42}, ("A1", "A2", "A3"))
    assert {label: channel.value for label, channel in reading.per_cell_v.items()} == {"A1": 3.41, "A2": 3.42, "A3": 3.43}


@pytest.mark.parametrize("channels_v", [{"1": 3.40, "2": 3.41}, {"1": 3.40, "2": 3.41, "3": None, "4": 3.42}])
def test_the_highest_cell_of_a_string_is_not_known_while_one_of_them_is_not_seen(channels_v: dict[str, float | None]) -> None:
    """The one that nobody sees may be the one that is full."""
    reading = cells_meter(channels_v, ("A1", "A2", "A3", "A4"), series=4, supply_v=13.7)
    assert not reading.cells_trusted
    assert reading.alarm_v is not None and reading.alarm_v >= 3.41  # those that are seen still raise alarms


def test_the_highest_cell_of_a_string_is_known_where_all_are_seen() -> None:
    reading = cells_meter({"1": 3.40, "2": 3.41, "3": 3.44, "4": 3.42}, ("A1", "A2", "A3", "A4"), series=4, supply_v=13.7)
    assert reading.cells_trusted and reading.cells_v.value == 3.44


# --- steps of 0.1 V


def test_a_hand_that_turns_a_coarse_supply_up_by_one_step_is_seen() -> None:
    """F-35: one count of a Manson is 0.1 V; from 3.6 to 3.7 V is the ceiling."""
    guard = Guard(Limits(), target_v=3.6, bank_ah=400.0, voltage_step_v=0.1, current_step_a=0.1, by_hand=False)
    told = Commanded(True, 3.6, 10.0, 0.0)
    for now_s, set_v in ((100.0, 3.6), (101.0, 3.7)):
        answer = SupplyReading(now_s, True, set_v, 10.0, 3.4, 10.0, "CC")
        reading = Reading(
            now_s, answer, True, output_on=True, set_voltage_v=set_v, set_current_a=10.0, supply_v=Channel(3.4, "measured", 0.0),
            current_a=Channel(10.0, "measured", 0.0), cells_v=Channel(3.35, "measured", 0.0), alarm_v=3.35,
        )  # fmt: skip
        found = guard.check(reading, told, charge_ah=1.0, supply_answered=True)
        assert {finding.code for finding in found} == ({"set-voltage"} if set_v > 3.6 else set())


def coarse(target_v: float = 3.6) -> Plan:
    from tests.bench.conftest import CHOICES
    from tui.cli_bench import plan_from

    made = plan_from(describe(cells=2, capacity_ah=20.0), "manson:/dev/x", "", {**CHOICES, "target": target_v, "end_current": 0.2})
    return replace(made, supply=PlanSupply("manson:/dev/x", 32.0, 15.0, 0.1, 0.1))


@pytest.mark.parametrize(("shown_v", "ok"), [(3.60, True), (3.56, True), (3.62, True), (3.66, False), (3.70, False)])
def test_open_leads_far_above_the_target_pass_no_gate_because_the_steps_are_coarse(shown_v: float, ok: bool) -> None:
    """F-01: 3.70 V at the open leads is the ceiling, whatever one count of the supply is."""
    assert gates.open_lead(coarse(), GateInput({"lead_end_v": shown_v}, {}, {"open_lead_supply_v": shown_v})).ok is ok


@pytest.mark.parametrize(("shown_v", "down_v"), [(3.601, 0.0), (3.605, 0.0), (3.609, 0.0), (3.615, -0.1)])
def test_a_few_millivolts_above_are_no_reason_to_go_down_by_a_tenth_of_a_volt(shown_v: float, down_v: float) -> None:
    """At 3.5 V the end rule for 3.6 V is never met: hours for nothing."""
    assert gates.trim_correction_v(coarse(), shown_v) == pytest.approx(down_v)


# --- slow supplies


class Slow:
    """A supply spoken to in text: a poll takes its time."""

    address = "scpi:/dev/slow"

    def read(self) -> SupplyReading:
        time.sleep(0.3)
        return SupplyReading(0.0, True)

    def close(self) -> None:
        return None


def test_three_polls_of_a_slow_supply_are_longer_than_three_of_a_quick_one(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """F-29 calls at once above 3.37 V: one answer that was lost and asked for again is no silence of three polls."""
    from drivers.clock import WallClock
    from tui.bench.instruments import Instruments

    instruments = Instruments(WallClock(), place)
    port: ThreadPort[Any] = ThreadPort(Slow(), poll_s=0.01)
    try:
        until_s = time.monotonic() + 5.0
        while port.fresh_count < 3 and time.monotonic() < until_s:
            time.sleep(0.02)
    finally:
        port.close()
    assert instruments.fresh(port, 1.0)
    now_s = time.monotonic()
    monkeypatch.setattr("tui.bench.instruments.time.monotonic", lambda: now_s + 3.5)
    assert instruments.fresh(port, 1.0)
    monkeypatch.setattr("tui.bench.instruments.time.monotonic", lambda: now_s + 4.5)
    assert not instruments.fresh(port, 1.0)


# --- a meter that answers and shows nothing


def test_a_meter_that_answers_without_volts_is_told_like_a_silent_one(drive: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = charge(drive)
    assert run.bench.meter is not None
    why = "the meter shows -0.01 V, and 0 to 5 V can be true here"
    nothing = lambda: MeterReading(run.clock.now_s(), {"1": None}, "ok", text=why, flags=("out of range",))  # noqa: E731
    monkeypatch.setattr(run.bench.meter.driver, "read", nothing)
    wait(run, 20.0)
    assert "meter-silent" in codes(run)
    assert why in alarm(run, "meter-silent").text
    monkeypatch.undo()
    wait(run, 5.0)
    assert "meter-silent" not in codes(run)


# --- a mode that is only concluded


@pytest.mark.parametrize(("amps", "holds"), [(10.0, False), (9.9, False), (5.0, True)])
def test_volts_near_the_set_point_at_the_whole_current_are_no_constant_voltage(amps: float, holds: bool) -> None:
    """A supply that does not tell its mode is taken for CV within 20 mV of its set-point: at the whole current its terminals tell no error of it."""
    profile = SupplyProfile("hanmatek", "KP 3010", max_voltage_v=30.0, max_current_a=10.0, reports_mode=False)
    reading = Reading(
        100.0,
        mode="CV",
        output_on=True,
        supply_v=Channel(3.638, "measured", 0.0),
        current_a=Channel(amps, "measured", 0.0),
    )
    output = SimpleNamespace(commanded=Commanded(True, 3.65, 10.0, 0.0))
    stage: Any = SimpleNamespace(reading=reading, output=output, profile=profile, running=SimpleNamespace(current_a=10.0))
    assert holds_voltage(stage) is holds


# --- a supply that can only be read


def test_a_supply_whose_model_is_not_known_is_refused_in_words_that_say_so(drive: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.supplies.riden.BY_ID", {})
    run = drive()
    refused = run.send(Start(run.plan.to_json()))
    assert not refused.ok and "unknown Riden" in refused.message and "read" in refused.message
    assert run.world.set_points == (0.0, 0.0) and run.bench.session is None


def test_one_channel_on_each_group_of_a_string_sees_the_highest() -> None:
    """Cells in parallel within a string read alike: one of each group is enough."""
    labels = tuple(f"A{number}" for number in range(1, 9))
    seen = cells_meter({"1": 3.40, "3": 3.44, "5": 3.41, "7": 3.42}, labels, series=4, supply_v=13.7)
    assert seen.cells_trusted and seen.cells_v.value == 3.44
    assert not cells_meter({"1": 3.40, "2": 3.44, "3": 3.41, "4": 3.42}, labels, series=4, supply_v=13.7).cells_trusted


# --- locks


def test_an_address_that_cannot_be_opened_keeps_no_lock(place: Any) -> None:
    from drivers.address import AddressError
    from drivers.clock import WallClock
    from tui.bench.instruments import Instruments
    from tui.bench.port_locks import PortLocks

    instruments = Instruments(WallClock(), place, adapters=lambda: ())
    for opened in (instruments.open_meter, instruments.open_bms):
        with pytest.raises(AddressError):
            opened("text-line:/dev/nowhere?point=nonsense")
        locks = PortLocks(place)
        locks.take("text-line:/dev/nowhere", "/dev/nowhere")
        locks.release()


# --- a supply that folds back and does not tell its mode


@pytest.mark.parametrize(("mode", "supply_v", "told"), [("", 3.40, True), ("CC", 3.40, True), ("CV", 3.65, False), ("", 3.64, False)])
def test_a_supply_that_folds_back_is_told_whether_or_not_it_tells_its_mode(mode: str, supply_v: float, told: bool) -> None:
    """F-42: of a supply whose mode is concluded, neither limit rules while it folds back; so says a Rigol by "UR", too."""
    heat = SupplyHeat(Limits(), current_step_a=0.01, by_hand=False)
    commanded = Commanded(True, 3.65, 10.0, 0.0)
    found = []
    for second in range(40):
        now_s, amps = 20.0 + second, 10.0 if second < 20 else 6.0
        reading = Reading(
            now_s,
            SupplyReading(now_s, True, 3.65, 10.0, supply_v, amps),
            True,
            output_on=True,
            mode="CC" if second < 20 else mode,
            supply_v=Channel(supply_v, "measured", 0.0),
            current_a=Channel(amps, "measured", 0.0),
        )
        found += heat.check(reading, commanded)
    assert bool(found) is told and all(finding.code == "fold-back" for finding in found)
