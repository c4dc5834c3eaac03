"""Serial input of any length: an endless stream without an end of line, megabytes that wait, a stranger that never stops talking."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
import tty
from collections.abc import Iterator

import pytest
import serial

from drivers.address import Address
from drivers.catalog import open_meter, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.line import MOST_TRACED_BYTES, MOST_WAITING_BYTES, SerialLine
from drivers.meters.text_line import TextLineMeter
from drivers.roles import InstrumentError, LostLine
from drivers.simulated.description import describe
from drivers.simulated.riden import RidenEmulator
from drivers.simulated.text_line import TextLineEmulator
from drivers.simulated.world import World

GROWTH_BYTES = 3_000_000


class Flood:
    """A pseudo-terminal whose other end never stops sending the same bytes."""

    def __init__(self, data: bytes) -> None:
        self._fd, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._fd, False)
        self.path, self._data, self.sent = os.ttyname(self._slave), data, 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        while not self._ending.is_set():
            try:
                self.sent += os.write(self._fd, self._data)
            except BlockingIOError:
                time.sleep(0.0005)

    def close(self) -> None:
        self._ending.set()
        self._thread.join()
        os.close(self._fd)
        os.close(self._slave)


@pytest.fixture(params=[b"V1=3.4 " * 500, b"\0" * 4000, b"\n" * 4000, b"\xff" * 4000], ids=["no-end", "nul", "only-ends", "high"])
def flood(request: pytest.FixtureRequest) -> Iterator[Flood]:
    made = Flood(request.param)
    yield made
    made.close()


def grown_by(act) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_meter_that_never_ends_its_line_takes_no_more_memory_and_gives_no_volts(flood: Flood) -> None:
    meter = open_meter(f"text-line:{flood.path}", clock=WallClock())

    def read_on() -> None:
        end_s = time.monotonic() + 1.0
        while time.monotonic() < end_s:
            assert all(volts is None for volts in meter.read().channels_v.values())

    assert grown_by(read_on) < GROWTH_BYTES
    assert flood.sent > 100_000
    meter.close()


def test_a_stranger_that_never_stops_talking_is_told_by_a_supplys_driver_in_time(flood: Flood) -> None:
    supply = open_supply(f"riden:{flood.path}", clock=WallClock())
    begun_s = time.monotonic()

    def ask() -> None:
        with pytest.raises(InstrumentError):
            supply.identify()

    assert grown_by(ask) < GROWTH_BYTES
    assert time.monotonic() - begun_s < 5.0
    supply.close()


class Heap:
    """A port with megabytes waiting, as a network bridge may have."""

    timeout = None

    def __init__(self, size: int, error: Exception | None = None) -> None:
        self.left, self.error = size, error

    @property
    def in_waiting(self) -> int:
        return self.left

    def read(self, count: int) -> bytes:
        if self.error is not None:
            raise self.error
        taken = min(count, self.left)
        self.left -= taken
        return b"x" * taken

    def write(self, data: bytes) -> int:
        return len(data)

    def open(self) -> None:
        return None

    def close(self) -> None:
        return None


def on(heap: Heap, monkeypatch: pytest.MonkeyPatch) -> SerialLine:
    monkeypatch.setattr("serial.serial_for_url", lambda *arguments, **options: heap)
    return SerialLine("socket://heap:1")


def test_megabytes_that_wait_are_taken_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    heap = Heap(50_000_000)
    line = on(heap, monkeypatch)
    assert len(line.read_available()) == MOST_WAITING_BYTES
    assert len(line.read_available()) == MOST_WAITING_BYTES
    assert len(line.ask(b"ask", 89, 0.1)) == 89
    assert max(len(data) for _, _, data in line.trace) == MOST_TRACED_BYTES
    meter = TextLineMeter(line, address=Address.parse("text-line:heap"), clock=VirtualClock(), line_clock=VirtualClock(), in_memory=True)

    def read_all() -> None:
        while heap.left:
            meter.read()

    assert grown_by(read_all) < GROWTH_BYTES


def test_f20_what_the_system_says_of_two_readers_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    said = serial.SerialException("device reports readiness to read but returned no data (device disconnected or multiple access on port?)")
    line = on(Heap(1, said), monkeypatch)
    with pytest.raises(LostLine, match="another program reads from this port, or the cable was pulled") as caught:
        line.ask(b"ask", 4, 0.1)
    assert "terminal program" in caught.value.check and "readiness" not in str(caught.value)


def test_emulators_keep_no_more_than_a_request() -> None:
    world = World(describe(cells=2), VirtualClock())
    for emulator in (RidenEmulator(world), TextLineEmulator(world)):
        assert grown_by(lambda emulator=emulator: [emulator.feed(b"\x01\x10" * 2000) for _ in range(200)]) < GROWTH_BYTES
