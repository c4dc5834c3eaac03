"""The gap that the catalogue gives each family is really kept between what came last and the next request, whatever its driver does.

A port that is not there stands under the real line, on a clock of its own: nobody waits.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from drivers.catalog import FAMILIES, open_bms, open_meter, open_supply
from drivers.clock import VirtualClock
from drivers.roles import InstrumentError
from drivers.simulated.asked import Asked, build, fit
from drivers.simulated.description import describe
from drivers.simulated.families import EMULATED
from drivers.simulated.lines import heard

OPEN: dict[str, Any] = {"supply": open_supply, "meter": open_meter, "bms": open_bms}
THERE = [name for name in EMULATED if FAMILIES[name].port]
ON_THE_WIRE_S = 0.02  # from a request to the last byte of its answer


class Time:
    """In the place of the module `time`, for lines and drivers: waiting moves it, and nothing else does."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now_s += max(seconds, 0.0)


class Port:
    """In the place of a pyserial port, with an emulator at its other end. Notes when each request came, and when its answer's last byte did."""

    def __init__(self, emulator: Any, clock: Time, bench: VirtualClock) -> None:
        self.emulator, self.clock, self.bench = emulator, clock, bench
        self.timeout: float | None = 0.0
        self.waiting = b""
        self.last_s = float("-inf")
        self.gaps_s: list[float] = []
        self.answers = 0
        self.spoke_s = clock.now_s
        emulator._wall_s = lambda: clock.now_s  # which tells one frame from the next by the silence between them

    def open(self) -> None: ...

    def close(self) -> None: ...

    @property
    def in_waiting(self) -> int:
        interval_s = self.emulator.interval_s
        while interval_s and self.clock.now_s - self.spoke_s >= interval_s:  # a meter that speaks by itself
            self.spoke_s += interval_s
            self.bench.advance(interval_s)
            self.waiting += self.emulator.message()
        return len(self.waiting)

    def write(self, request: bytes) -> None:
        if self.last_s > float("-inf"):
            self.gaps_s.append(self.clock.now_s - self.last_s)
        self.clock.sleep(ON_THE_WIRE_S)
        self.bench.advance(ON_THE_WIRE_S)
        self.last_s = self.clock.now_s
        answer = heard(self.emulator, request)
        self.answers += bool(answer)
        self.waiting += answer

    def read(self, count: int) -> bytes:
        if len(self.waiting) < count:
            self.clock.sleep(self.timeout or 0.0)
        data, self.waiting = self.waiting[:count], self.waiting[count:]
        return data


@pytest.mark.parametrize("family", THERE)
def test_the_gap_between_requests_is_kept(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [Asked(family)]
    bench_clock = VirtualClock()
    bench = build(fit(describe(cells=4, soc=(0.5, 0.5)), asked, own_wiring=True, own_rating=True), asked, bench_clock)
    clock = Time()
    port = Port(bench.stations[0].emulator, clock, bench_clock)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now_s)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr("serial.serial_for_url", lambda url, **_: port)
    driver = OPEN[EMULATED[family].kind](f"{family}:/dev/ttyUSB7", clock=bench_clock)
    driver.identify()
    for _ in range(3):
        driver.read()
    if EMULATED[family].kind == "supply":
        driver.program(voltage_v=3.6, current_a=1.0, over_voltage_v=3.8, over_current_a=1.5)
        driver.switch_output(True)
        driver.switch_output(False)
        bench.stations[0].emulator.inject("silence")  # after silence the gap holds as well
        with pytest.raises(InstrumentError):
            driver.read()
    driver.close()
    row = FAMILIES[family].port
    assert row is not None
    if port.emulator.interval_s:
        assert port.gaps_s == []  # it speaks by itself and is asked nothing
        return
    assert port.answers >= 4 and len(port.gaps_s) >= 3
    assert min(port.gaps_s) >= row.gap_s - 1e-6
    assert row.gap_s == 0.0 or min(port.gaps_s) < 20 * row.gap_s  # it is the gap that was measured, not some longer wait


def test_the_measurement_sees_a_gap_that_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from drivers.line import SerialLine

    asked = [Asked("riden")]
    clock, bench_clock = Time(), VirtualClock()
    port = Port(
        build(fit(describe(), asked, own_wiring=True, own_rating=True), asked, bench_clock).stations[0].emulator, clock, bench_clock
    )
    monkeypatch.setattr(time, "monotonic", lambda: clock.now_s)
    monkeypatch.setattr("serial.serial_for_url", lambda url, **_: port)
    line = SerialLine("/dev/ttyUSB7", gap_s=0.0)
    line.ask(b"x", 0, 0.0)
    line.ask(b"x", 0, 0.0)
    assert min(port.gaps_s) < 0.001
