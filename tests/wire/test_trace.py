"""What went over a line, as text for a bug report, and how a driver's line is reached."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from drivers import trace
from drivers.catalog import open_meter, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.line import SerialLine
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.supplies.manual import ManualSupply


@pytest.fixture
def path() -> Iterator[str]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_trace_as_text() -> None:
    time_s = time.mktime((2026, 1, 2, 13, 14, 15, 0, 0, -1)) + 0.25
    text = trace.render([(time_s, ">", b"*IDN?\r\n"), (time_s + 0.05, "<", bytes(range(0x3A, 0x4C))), (time_s, "x", b"")], "here")
    assert text.splitlines() == [
        "# here",
        "13:14:15.250 > 2a 49 44 4e 3f 0d 0a                             *IDN?..",
        "13:14:15.300 < 3a 3b 3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49  :;<=>?@ABCDEFGHI",
        "               4a 4b                                            JK",
        "13:14:15.250 x",
    ]


def test_what_steers_a_terminal_is_no_part_of_it() -> None:
    assert "\x1b" not in trace.render([(0.0, "<", b"\x1b[2J\x9b")])


def test_every_driver_s_line_is_reached_the_same_way() -> None:
    bench = EmbeddedBench(describe(cells=1), VirtualClock())
    bench.open_ptys()
    supply, meter = open_supply(bench.supply_address, clock=WallClock()), open_meter(bench.meter_address, clock=WallClock())
    try:
        supply.identify()
        meter.identify()
        for driver, sent in ((supply, True), (meter, False)):
            assert isinstance(trace.line_of(driver), SerialLine)
            assert any(direction == "<" for _, direction, _ in trace.trace_of(driver))
            assert any(direction == ">" for _, direction, _ in trace.trace_of(driver)) is sent
    finally:
        supply.close()
        meter.close()
        bench.close()


def test_a_supply_without_a_line_has_none_and_a_line_in_memory_keeps_nothing() -> None:
    manual = ManualSupply("manual", VirtualClock(), 30.0, 10.0, 0.01, 0.01)
    assert (trace.line_of(manual), trace.trace_of(manual)) == (None, ())
    bench = EmbeddedBench(describe(cells=1), VirtualClock())
    lines = bench.memory_lines()
    supply = open_supply(bench.supply_address, clock=VirtualClock(), line_factory=lambda address: lines[str(address)]())
    assert trace.line_of(supply) is not None and trace.trace_of(supply) == ()


def test_a_third_party_s_driver_is_looked_into() -> None:
    class Driver:
        __hash__ = None  # type: ignore[assignment]

        def __init__(self, line: object) -> None:
            self._line = line

    line = EmbeddedBench(describe(cells=1), VirtualClock()).memory_lines()["riden:memory"]()
    driver = Driver(line)
    trace.remember(driver, line)
    assert trace.line_of(driver) is line


def test_lines_that_are_opened_meanwhile_are_kept_and_others_not(path: str) -> None:
    SerialLine(path).close()
    with trace.kept() as outer, trace.kept() as inner:
        line = SerialLine(path, baud=9600, frame="7E2")
        line.write(b"hello")
        line.close()
        other = threading.Thread(target=lambda: SerialLine(path).close())
        other.start()
        other.join()
    SerialLine(path).close()
    assert (outer, inner) == ([], [line])
    report = trace.report(inner)
    assert f"# {path}, 9600 7E2\n" in report and "68 65 6c 6c 6f" in report and "serial number" in report
