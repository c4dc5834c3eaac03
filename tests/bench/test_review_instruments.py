"""What a second look at the bench with real instruments found: each of these went wrong once."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from drivers.roles import MeterProfile, MeterReading, SupplyProfile, SupplyReading
from drivers.simulated.description import describe
from tui.bench.guard import Commanded, Guard
from tui.bench.messages import Channel
from tui.bench.output import switch_off
from tui.bench.ports import LockStepPort, ThreadPort
from tui.bench.reading import Composer, Reading
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
