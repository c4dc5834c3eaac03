"""A BMS as a port: identified late, found to be the same again, stale after its time, one owner a line; and the option that puts one on a demo."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import click
import pytest

from drivers import catalog
from drivers.clock import ScaledClock
from drivers.roles import BmsProfile, BmsReading, LostLine, NoAnswer, WrongDevice
from tests.choices import CHOICES
from tui.bench.bms_line import BmsLine
from tui.bench.bms_taps import highest, taps, whole
from tui.bench.instruments import Instruments
from tui.cli_bench import description_from, plan_from
from tui.records.places import Home

CELLS = (3.301, 3.302, 3.303, 3.304)


@dataclass
class Told:
    """A driver that does what it is told to."""

    address: str = "told:line"
    model: str = "M"
    fails: Exception | None = None
    calls: list[str] = field(default_factory=list)

    def identify(self) -> BmsProfile:
        self.calls.append("identify")
        self._fail()
        return BmsProfile("told", self.model, poll_s=0.05)

    def read(self) -> BmsReading:
        self.calls.append("read")
        self._fail()
        return BmsReading(time.monotonic(), CELLS)

    def _fail(self) -> None:
        if self.fails is not None:
            raise self.fails

    def close(self) -> None:
        self.calls.append("close")


def test_it_is_identified_when_it_first_answers_and_once_a_line() -> None:
    told = Told(fails=NoAnswer("told:line", "identify", "silence."))
    line = BmsLine(told, lambda: told)
    with pytest.raises(NoAnswer):
        line.read()
    assert line.profile is None
    told.fails = None
    told.calls.clear()
    line.read()
    line.read()
    assert told.calls == ["identify", "read", "read"]
    line.look_again()
    line.read()
    assert told.calls[3:] == ["identify", "read"]


def test_a_lost_line_is_opened_anew_and_another_bms_is_not_believed() -> None:
    first, second = Told(), Told(model="N")
    line = BmsLine(first, lambda: second)
    line.read()
    first.fails = LostLine("told:line", "read", "the cable is out.")
    with pytest.raises(LostLine):
        line.read()
    assert first.calls[-1] == "close"
    with pytest.raises(WrongDevice, match="where a M"):
        line.read()
    second.model = "M"
    assert line.read().cell_voltages_v == CELLS


def test_taps_are_the_cells_of_the_string_in_their_order() -> None:
    reading = BmsReading(10.0, CELLS)
    labels = ("A1", "A2", "A3", "A4")
    seen = taps(labels, 4, reading, True, 11.0)
    assert [channel.value for channel in seen.values()] == list(CELLS)
    assert whole(seen) and highest(seen).value == 3.304 and highest(seen).age_s == 1.0
    groups = taps(tuple(f"A{number}" for number in range(1, 9)), 4, reading, True, 11.0)
    assert [groups[f"A{number}"].value for number in (1, 2, 3, 8)] == [3.301, 3.301, 3.302, 3.304]
    assert not whole(taps(labels, 4, reading, False, 11.0))
    assert taps(labels, 3, reading, True, 11.0) == taps(labels, 1, reading, True, 11.0) == {}
    for wrong in (None, 0.0, 5.0):
        odd = taps(labels, 4, BmsReading(10.0, (*CELLS[:3], wrong)), True, 11.0)
        assert odd["A4"].trust == "unknown" and not whole(odd) and highest(odd).value is None


def test_a_real_line_is_polled_on_its_own_thread_and_has_one_owner(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    family = catalog.Family("told", "bms", "told", port=None, open=lambda _address, _clock, _lines: told)
    monkeypatch.setitem(catalog.FAMILIES, "told", family)  # type: ignore[arg-type]
    monkeypatch.setattr("tui.bench.instruments.POLL_S", 0.05)
    instruments = Instruments(ScaledClock(1.0), place)
    port = instruments.open_bms("told:line")
    try:
        until = time.monotonic() + 5.0
        while not instruments.bms_fresh(port) and time.monotonic() < until:
            time.sleep(0.01)
        assert instruments.bms_fresh(port) and port.driver.profile is not None
        with pytest.raises(LostLine, match="another copy"):
            Instruments(ScaledClock(1.0), place).open_bms("told:line")
        told.fails = NoAnswer("told:line", "read", "silence.")
        time.sleep(0.3)
        assert instruments.bms_fresh(port), "five seconds are allowed"
        monkeypatch.setattr("tui.bench.bms_line.STALE_S", 0.1)
        monkeypatch.setattr("tui.bench.bms_line.STALE_POLLS", 0.0)
        assert not instruments.bms_fresh(port) and "silence" in port.error
    finally:
        port.close()
        instruments.release()


OPTIONS = {
    "bench_file": None,
    "cells": 4,
    "capacity": 280.0,
    "soc": None,
    "supply": "10A",
    "lead": 0.02,
    "seed": 1,
    **CHOICES,
}


def test_a_demo_has_a_bms_on_a_line_where_its_family_is_named() -> None:
    made = description_from({**OPTIONS, "procedure": "precharge", "bms_family": "jbd"})
    assert made.bms is not None and made.bms.family == "jbd" and made.meter.point == "bank"
    assert plan_from(made, "riden:memory", "", {**OPTIONS, "procedure": "precharge"}, "jbd:memory").bms == "jbd:memory"
    plain = description_from({**OPTIONS, "procedure": "precharge"})
    assert plain.bms is not None and plain.bms.family == "" and plain.meter.point == "cells"
    with pytest.raises(click.UsageError, match="in series"):
        description_from({**OPTIONS, "bms_family": "jbd"})
    with pytest.raises(click.UsageError, match="family"):
        description_from({**OPTIONS, "procedure": "precharge", "bms_family": "no-such"})
