"""The meters' drivers against our own emulators: in memory on a virtual clock, and over pseudo-terminals."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from drivers.catalog import FAMILIES, open_meter
from drivers.clock import VirtualClock, WallClock
from drivers.roles import GarbledAnswer, InstrumentError, LostLine, Meter, MeterReading, WrongDevice
from drivers.simulated.description import describe, parse
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.families import EMULATED
from drivers.simulated.lines import PtyServer

METERS = [name for name, row in FAMILIES.items() if row.kind == "meter" and row.port is not None]
ASKED = ("owon-xdm", "scpi-dmm")


def in_memory(family: str, options: str = "", **described: object) -> tuple[EmbeddedBench, Meter, VirtualClock]:
    clock = VirtualClock()
    bench = EmbeddedBench(describe(cells=2, meter_family=family, **described), clock, assembled=True)  # type: ignore[arg-type]
    lines = bench.memory_lines()
    address = bench.meter_address + options
    return bench, open_meter(address, clock=clock, line_factory=lambda _: lines[bench.meter_address]()), clock


def until(meter: Meter, clock: VirtualClock, status: str = "ok", polls: int = 12) -> MeterReading:
    for _ in range(polls):
        clock.advance(0.5)
        reading = meter.read()
        if reading.status == status:
            return reading
        assert all(volts is None for volts in reading.channels_v.values())
    raise AssertionError(f"never {status}: {reading}")


@pytest.mark.parametrize("family", METERS)
def test_a_meter_shows_the_bank_and_its_faults_are_told(family: str) -> None:
    bench, meter, clock = in_memory(family)
    profile = meter.identify()
    assert (profile.family, profile.point) == (family, "bank")
    reading = until(meter, clock)
    (truth,) = bench.world.points_v("bank")
    assert truth is not None
    assert list(reading.channels_v.values()) == [pytest.approx(truth, abs=0.001)]
    for fault, statuses in (
        ("meter-overload", ("overload",) if family != "text-line" else ("ok",)),
        ("meter-wrong-function", ("not_dc",) if family != "text-line" else ("ok", "stale", "garbled")),
        ("silence", ("no_answer", "stale") if family in ASKED else ("ok", "stale")),
        ("garbled-crc", ("garbled", "stale") if family != "text-line" else ("ok", "garbled", "stale")),  # one spoilt line ages first
    ):
        bench.meter.inject(fault)
        seen = set()
        for _ in range(24):
            clock.advance(0.5)
            reading = meter.read()
            seen.add(reading.status)
            if family in ASKED or fault != "silence":
                assert reading.channels_v.get("1") is None or reading.time_s < clock.now_s(), fault
        assert seen <= set(statuses) | {"stale", "garbled"} and reading.channels_v == {"1": None}, (fault, seen)
        assert statuses[-1] in seen
        bench.meter.undo(fault)
        for _ in range(40):  # junk is forgotten
            clock.advance(0.5)
            reading = meter.read()
        assert reading.status == "ok" and reading.channels_v["1"] is not None, fault
    meter.close()


@pytest.mark.parametrize("family", METERS)
def test_the_emulator_proves_itself_and_hardware_does_not(family: str) -> None:
    _, meter, _ = in_memory(family, "?speed=60")
    assert meter.identify().emulated
    assert not in_memory(family)[1].identify().emulated


@pytest.mark.parametrize("family", METERS)
def test_a_string_is_read_at_its_posts(family: str) -> None:
    clock = VirtualClock()
    document = {
        "bank": {"arrangement": "8S"},
        "bms": {},
        "meter": {"family": family},
        "cell": [{"capacity_ah": 100.0, "soc": 0.5}] * 8,
    }
    bench = EmbeddedBench(parse(document, "test"), clock, assembled=True)
    lines = bench.memory_lines()
    meter = open_meter(bench.meter_address, clock=clock, line_factory=lambda _: lines[bench.meter_address]())
    volts = until(meter, clock).channels_v["1"]
    assert volts == pytest.approx(bench.world.points_v("bank")[0], abs=0.02)
    assert (volts or 0) > 25.0


@pytest.mark.parametrize("family", METERS)
def test_a_meter_on_one_cell_and_one_that_is_carried(family: str) -> None:
    clock = VirtualClock()
    bench = EmbeddedBench(describe(cells=3, soc=(0.1, 0.9)), clock)
    for point in ("cell", "walk"):
        station = bench.add(family, point=point, cell="A2")
        line = bench.memory_lines()[station.address]
        meter = open_meter(station.address, clock=clock, line_factory=lambda _, line=line: line())
        profile = meter.identify()
        assert (profile.point, profile.cell) == (point, "A2" if point == "cell" else "")
        for cell in ("A2", "A3"):
            station.emulator.carry_to(cell)
            for _ in range(4):
                clock.advance(0.5)
                reading = meter.read()
            true_v = bench.world.points_v("cells")[int(cell[1]) - 1]
            assert reading.channels_v == {"1": pytest.approx(true_v, abs=0.001)}


@pytest.mark.parametrize("model", EMULATED["scpi-dmm"].models)
def test_every_scpi_model_is_set_up_and_read(model: str) -> None:
    clock = VirtualClock()
    bench = EmbeddedBench(describe(cells=2), clock, assembled=True)
    station = bench.add("scpi-dmm", model)
    line = bench.memory_lines()[station.address]
    meter = open_meter(station.address, clock=clock, line_factory=lambda _: line())
    station.emulator.feed(b"CONF:RES\n")  # somebody left it there
    assert until(meter, clock).channels_v["1"] == pytest.approx(bench.world.points_v("bank")[0], abs=0.001)
    meter.close()


def test_a_relative_of_the_owon_is_read_and_left_as_it_is() -> None:
    clock = VirtualClock()
    bench = EmbeddedBench(describe(cells=2), clock, assembled=True)
    station = bench.add("owon-xdm", "XDM3041")
    line = bench.memory_lines()[station.address]
    meter = open_meter(station.address, clock=clock, line_factory=lambda _: line())
    station.emulator.feed(b"CONF:RES\n")
    assert until(meter, clock, "wrong_function").text
    station.emulator.feed(b"CONF:VOLT:DC 50\n")
    assert until(meter, clock).resolution_v == 0.001


# --- over pseudo-terminals ---


@pytest.fixture
def on_ptys() -> Iterator[EmbeddedBench]:
    bench = EmbeddedBench(describe(cells=2), WallClock(), assembled=True)
    yield bench
    bench.close()


def first_value(meter: Meter, seconds: float = 6.0) -> MeterReading:
    end_s = time.monotonic() + seconds
    reading = meter.read()
    while reading.status != "ok" and time.monotonic() < end_s:
        time.sleep(0.05)
        reading = meter.read()
    return reading


@pytest.mark.parametrize("family", METERS)
def test_over_a_pseudo_terminal(family: str, on_ptys: EmbeddedBench) -> None:
    station = on_ptys.add(family)
    on_ptys.open_ptys()
    meter = open_meter(f"{station.address}?speed=2", clock=WallClock())
    assert meter.identify().emulated
    meter.close()
    meter = open_meter(station.address, clock=WallClock())
    assert meter.identify().family == family
    reading = first_value(meter)
    assert reading.channels_v == {"1": pytest.approx(on_ptys.world.points_v("bank")[0], abs=0.001)}
    if family in ASKED:
        begun_s = time.monotonic()
        assert meter.read().status == "ok"
        assert time.monotonic() - begun_s < 0.5
    on_ptys.close()
    with pytest.raises(LostLine):
        meter.read()
    meter.close()


@pytest.mark.parametrize("sent", ["7O1", "8N1"])
@pytest.mark.parametrize("read_as", ["7O1", "8N1"])
def test_a_ut61e_on_a_line_of_eight_bits_is_understood_with_and_without_its_parity(sent: str, read_as: str, on_ptys: EmbeddedBench) -> None:
    """A pseudo-terminal takes the setting of 7 bits with parity and passes 8: the parity then stands in the packet and is checked."""
    server = PtyServer(on_ptys.add("es51922", frame=sent).emulator)
    meter = open_meter(f"es51922:{server.path}?frame={read_as}", clock=WallClock())
    meter.identify()
    assert first_value(meter).channels_v == {"1": pytest.approx(on_ptys.world.points_v("bank")[0], abs=0.001)}
    meter.close()
    server.close()


@pytest.mark.parametrize("family", METERS)
@pytest.mark.parametrize("other", METERS)
def test_a_meter_of_another_family_is_never_taken_for_one(family: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if family == other:
        return
    clock = VirtualClock()
    bench = EmbeddedBench(describe(cells=2), clock, assembled=True)
    station = bench.add(other)
    line = bench.memory_lines()[station.address]
    meter = open_meter(f"{family}:memory", clock=clock, line_factory=lambda _: line())
    for _ in range(6):
        clock.advance(0.5)
        try:
            reading = meter.read()
        except InstrumentError as problem:
            assert isinstance(problem, WrongDevice | GarbledAnswer) or "no answer" in problem.what
            continue
        assert reading.channels_v.get("1") is None


def test_a_siglent_on_its_telnet_port_with_banner_and_prompts(on_ptys: EmbeddedBench) -> None:
    emulator = on_ptys.add("scpi-dmm", prompt="yes").emulator
    heard = b""

    def serve(server: socket.socket) -> None:
        nonlocal heard
        client, _ = server.accept()
        with client:
            client.sendall(b"Welcome to the SCPI instrument 'Siglent SDM3045X'\r\n>>")
            while data := client.recv(4096):
                heard += data
                client.sendall(emulator.feed(data))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        meter = open_meter(f"scpi-dmm:socket://127.0.0.1:{server.getsockname()[1]}", clock=WallClock())
        assert meter.identify().model == "SDM3045X"
        begun_s = time.monotonic()
        assert first_value(meter).channels_v == {"1": pytest.approx(on_ptys.world.points_v("bank")[0], abs=0.001)}
        assert time.monotonic() - begun_s < 3.0
        meter.close()
        thread.join(5.0)
    assert b"SYST:REM" not in heard and b"READ?" in heard
