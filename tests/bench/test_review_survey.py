"""What a second look at the finding of instruments found: rows that never come to an end, and a BMS in use."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.roles import NoAnswer, SupplyProfile
from drivers.simulated.description import describe
from tui.bench.headless import Rig, pty_rig
from tui.bench.messages import FindInstruments, TryInstrument

from .test_survey import asked, at, found


@pytest.fixture
def rig(place):  # type: ignore[no-untyped-def]
    made = pty_rig(describe(cells=2, capacity_ah=20.0), place, speed=1.0)
    yield made
    made.close()


class Fails:
    """A supply that takes the write test and is silent behind it, or whose driver has a defect."""

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def identify(self) -> SupplyProfile:
        return SupplyProfile("riden", "RD6012", max_voltage_v=60.0, max_current_a=12.0)

    def prove_writable(self) -> None:
        return None

    def read(self) -> Any:
        raise self.problem

    def close(self) -> None:
        return None


@pytest.mark.parametrize("problem", [NoAnswer("riden:x", "read", "no answer."), KeyError("a defect")])
@pytest.mark.parametrize("writes", [False, True])
def test_a_test_that_goes_wrong_is_told_and_not_asked_for_ever(rig: Rig, monkeypatch, problem: Exception, writes: bool) -> None:
    monkeypatch.setattr("tui.bench.survey.catalog.open_supply", lambda *_, **__: Fails(problem))
    asked(rig, TryInstrument(rig.supply_address, writes=writes))
    row = found(rig)[at(rig.supply_address)]
    assert row.state != "asked" and ("no answer" in row.text or "defect" in row.text), row


def test_asking_that_runs_into_a_defect_leaves_no_row_that_is_asked_for_ever(rig: Rig, monkeypatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("a defect")

    monkeypatch.setattr("tui.bench.survey.find_instruments", broken)
    asked(rig, FindInstruments())
    rows = found(rig)
    assert rows and not [row for row in rows.values() if row.state == "asked"]
    assert all("defect" in row.text for row in rows.values())


def test_a_test_that_must_wait_for_another_changes_no_row(rig: Rig, monkeypatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr("tui.bench.survey.find_instruments", lambda *_, **__: go_on.wait(10.0) and [])
    supply, meter = at(rig.supply_address), at(rig.meter_address)
    assert rig.bench.survey.find((meter,)).ok
    try:
        assert not rig.bench.survey.try_out(rig.supply_address, writes=False).ok
        assert found(rig)[supply].state == "unasked"
    finally:
        go_on.set()
        rig.bench.survey.wait(10.0)


def test_the_bms_of_a_session_is_in_use_like_its_supply(rig: Rig) -> None:
    bench = rig.bench
    bench.session = SimpleNamespace()  # type: ignore[assignment]
    bench.bms = SimpleNamespace(driver=SimpleNamespace(address="jbd:/dev/ttyUSB7"))  # type: ignore[assignment]
    try:
        assert {row.port: row.state for row in bench.survey.found().rows}["/dev/ttyUSB7"] == "in use"
        assert "running session has this instrument" in bench.survey.try_out("jbd:/dev/ttyUSB7", writes=False).message
    finally:
        bench.session = bench.bms = None
