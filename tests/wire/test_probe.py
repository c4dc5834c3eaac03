"""Probing: what is asked, what is left alone, what is said; on scripted lines, and on every emulator that there is."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Iterator
from typing import Any

import pytest

from drivers import probe as probing
from drivers.address import AddressError
from drivers.catalog import open_bms, open_meter, open_supply
from drivers.clock import VirtualClock
from drivers.meters.text_line import TextLineMeter
from drivers.modbus import decode_request, read_reply
from drivers.probe import Ways, budget_s, probe
from drivers.probe_table import LISTEN, PROBES, Probe
from drivers.roles import GarbledAnswer, LostLine
from drivers.serial_ports import SerialPort, port_at, ports
from drivers.simulated.asked import Asked, build, fit
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench, Station
from drivers.simulated.families import EMULATED
from drivers.simulated.lines import MemoryLine
from drivers.stable_id import Adapter

USB = SerialPort("/dev/ttyUSB7", "USB Serial", Adapter("/dev/ttyUSB7", "1A86:7523"))
RIDEN_LOOK = bytes.fromhex("01 03 00 00 00 04 44 09")


class Desk:
    """Lines that answer by a table, on a clock that only listening moves; notes what was sent, and at which settings."""

    def __init__(
        self, answers: dict[bytes, bytes] | None = None, stream: bytes = b"", stray: bytes = b"", gone_after: int | None = None
    ) -> None:
        self.answers, self.stream, self.stray, self.gone_after = answers or {}, stream, stray, gone_after
        self.sent: list[tuple[int, bytes]] = []
        self.opened: list[tuple[int, str, bool, bool]] = []
        self.clock = VirtualClock()
        self.open_now = 0

    def __call__(self, port: SerialPort, probe: Probe) -> DeskLine:
        self.opened.append(probe.settings)
        self.open_now += 1
        assert self.open_now == 1, "a port has one owner"
        return DeskLine(self, probe.baud)

    @property
    def ways(self) -> Ways:
        return Ways(self, self.clock, self.clock.now_s, self.clock.advance)


class DeskLine:
    def __init__(self, desk: Desk, baud: int) -> None:
        self.desk, self.baud, self.url = desk, baud, "desk"

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self.desk.sent.append((self.baud, request))
        if self.desk.gone_after is not None and len(self.desk.sent) > self.desk.gone_after:
            raise LostLine(self.url, "exchange", "the line is gone.", "Is the cable in?")
        return self.desk.answers.get(request, b"")

    def write(self, data: bytes) -> None:
        raise AssertionError("nothing is written")

    def read_available(self) -> bytes:
        stray, self.desk.stray = self.desk.stray, b""
        return stray + self.desk.stream

    def close(self) -> None:
        self.desk.open_now -= 1


def riden_answer(*values: int) -> bytes:
    request = decode_request(RIDEN_LOOK)
    assert request is not None
    return read_reply(request, values)


def test_a_silent_port_is_asked_everything_once_and_told_so() -> None:
    desk, told = Desk(), []
    (found,) = probe([USB], ways=desk.ways, progress=lambda port, words, part: told.append((words, part)))
    assert (found.sure, found.error, found.confirmed) == ("nothing", "Nobody answers.", False)
    assert found.hint
    wanted = [(one.baud, one.request) for one in PROBES if one.request != LISTEN for _ in range(one.tries)]
    assert desk.sent == wanted
    assert (
        len(desk.opened) == len(dict.fromkeys(desk.opened)) + 2
    )  # each setting is opened once, but for the two that are listened at before
    assert desk.clock.now_s() == pytest.approx(sum(one.deadline_s for one in PROBES if one.request == LISTEN), abs=0.5)
    parts = [part for _, part in told]
    assert parts == sorted(parts) and parts[-1] == 1.0
    assert budget_s() > 15.0


def test_nothing_is_sent_to_what_speaks_by_itself() -> None:
    desk = Desk(stream=b"\x80\x12 noise that goes on and on \xff")
    (found,) = probe([USB], ways=desk.ways)
    assert desk.sent == [] and found.sure == "nothing" and "sends by itself" in found.error


def test_lines_of_text_without_volts_are_told_and_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_volts(meter: TextLineMeter) -> None:
        raise GarbledAnswer(meter.address, "identify", "lines, but no volts.")

    monkeypatch.setattr(TextLineMeter, "identify", no_volts)  # on a line in memory it waits for nothing
    desk = Desk(stream=b"fan 1200 rpm 40 percent\n")
    (found,) = probe([USB], ways=desk.ways)
    assert (found.sure, found.family) == ("not identified", "text-line") and desk.sent == []


def test_a_few_stray_bytes_are_no_speaker() -> None:
    desk = Desk(stray=b"\0\0\xff")
    probe([USB], ways=desk.ways)
    assert desk.sent


def test_a_modbus_device_of_another_kind_never_gets_the_question_like_a_write() -> None:
    refusal = bytes.fromhex("01 83 02 c0 f1")
    desk = Desk({RIDEN_LOOK: refusal})
    (found,) = probe([USB], ways=desk.ways)
    assert found.sure == "nothing" and "Something answers" in found.error
    assert not any(one.quiet and (one.baud, one.request) in desk.sent for one in PROBES)
    named = Desk({bytes.fromhex("01 03 12 00 00 10 41 7e"): refusal})
    probe([USB], families=["jk-pb"], ways=named.ways)
    assert any(one.quiet and (one.baud, one.request) in named.sent for one in PROBES)  # its owner says what it is


def test_what_is_recognised_and_does_not_identify_is_told_and_the_search_goes_on() -> None:
    desk = Desk({RIDEN_LOOK: riden_answer(60121, 0, 6464, 142)})
    (found,) = probe([USB], ways=desk.ways)
    assert (found.sure, found.family, found.kind, found.model) == ("not identified", "riden", "supply", "")
    assert found.address == "riden:/dev/ttyUSB7" and "no answer" in found.error.lower()
    assert (9600, b"GMAX\r") in desk.sent
    assert desk.open_now == 0


def test_a_port_that_goes_away_is_told() -> None:
    (found,) = probe([USB], ways=Desk(gone_after=2).ways)
    assert (found.sure, found.error, found.hint) == ("not probed", "The line is gone.", "Is the cable in?")


def test_a_driver_with_a_defect_does_not_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that happens on one port may take the others with it."""

    class Broken:
        def identify(self) -> None:
            raise KeyError("a word that nobody foresaw")

        def close(self) -> None:
            return None

    monkeypatch.setattr("drivers.catalog.open_supply", lambda *_, **__: Broken())
    desk = Desk({RIDEN_LOOK: riden_answer(60121, 0, 1, 142)})
    found = probe([USB, SerialPort("/dev/nothing-here")], families=["riden"], skip={"/dev/nothing-here": "held"}, ways=desk.ways)
    assert [one.sure for one in found] == ["not identified", "not probed"] and "nobody foresaw" in found[0].error


def test_ports_that_are_held_are_left_alone_with_the_reason() -> None:
    desk = Desk()
    (found,) = probe([USB], skip={USB.path: "A session has it."}, ways=desk.ways)
    assert (found.sure, found.error) == ("not probed", "A session has it.") and not desk.opened


def test_a_stop_ends_it() -> None:
    desk, stop = Desk(), threading.Event()
    stop.set()
    (found,) = probe([USB], stop=stop, ways=desk.ways)
    assert not desk.sent and found.error == "Stopped before the end."


def test_families_that_no_question_finds_are_refused_in_words() -> None:
    for family, words in (("manual", "no serial line"), ("ble", "no serial line"), ("nonsense", "is called")):
        with pytest.raises(AddressError, match=words):
            budget_s([family])
    assert budget_s(["jbd"]) < 2.0
    assert probe([]) == []


def test_the_baud_rate_and_the_unit_stand_in_the_address_where_they_are_not_the_usual_ones() -> None:
    seen: list[str] = []

    class Port(probing._Port):
        def _confirmed(self, probe: Probe, family: str) -> probing.Found:
            seen.append(str(self._address(probe, family)))
            return super()._confirmed(probe, family)

    here = Port(USB, PROBES, False, lambda *_: None, threading.Event(), Ways())
    by_name = {(one.families[0], one.baud, one.frame, *one.options.values()): one for one in PROBES}
    assert str(here._address(by_name["wanptek", 2400, "8N1"], "wanptek")) == "wanptek:/dev/ttyUSB7?baud=2400"
    assert str(here._address(by_name["jk-pb", 115200, "8N1", "2"], "jk-pb")) == "jk-pb:/dev/ttyUSB7?address=2"
    assert str(here._address(by_name["scpi-dmm", 9600, "7E2", "7E2"], "scpi-dmm")) == "scpi-dmm:/dev/ttyUSB7?frame=7E2"
    on_network = Port(SerialPort("socket://h:1"), PROBES, False, lambda *_: None, threading.Event(), Ways())
    assert str(on_network._address(by_name["wanptek", 2400, "8N1"], "wanptek")) == "wanptek:socket://h:1"


# --- real ports -----------------------------------------------------------------------------------------------


@pytest.fixture
def silent_pty() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_port_that_another_program_holds_or_that_is_not_there_is_told(silent_pty: tuple[int, str]) -> None:
    from drivers.line import SerialLine

    owner = SerialLine(silent_pty[1])
    held, gone = probe([port_at(silent_pty[1]), port_at("/dev/ttyNOSUCH")], families=["riden"])
    owner.close()
    assert (held.sure, held.error) == ("not probed", "Another program holds the port.") and "Close it" in held.hint
    assert (gone.sure, gone.error) == ("not probed", "There is no such port.")


def test_what_was_sent_is_kept_for_a_bug_report(silent_pty: tuple[int, str]) -> None:
    (found,) = probe([port_at(silent_pty[1])], families=["riden"])
    assert found.sure == "nothing"
    assert [(direction, data) for line in found.lines for _, direction, data in line.trace] == [(">", RIDEN_LOOK), ("<", b"")]


def test_ports_have_their_usb_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    usb = SimpleNamespace(
        device="/dev/ttyUSB7", product="USB Serial", description="USB Serial", vid=0x1A86, pid=0x7523, serial_number=None, location="1-2"
    )
    built_in = SimpleNamespace(
        device="/dev/ttyS0", product=None, description="ttyS0", vid=None, pid=None, serial_number=None, location=None
    )
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [built_in, usb])
    first, second = ports()
    assert (first.path, first.usb) == ("/dev/ttyUSB7", "USB Serial (1A86:7523)")
    assert (second.path, second.usb, second.adapter) == ("/dev/ttyS0", "no USB adapter", None)
    assert port_at("/dev/ttyUSB7") == first
    assert port_at("/dev/pts/9").usb == "pseudo-terminal" and not port_at("/dev/pts/9").has_baud
    assert port_at("rfc2217://h:1").has_baud and not port_at("socket://h:1").has_baud


# --- every emulator that there is -----------------------------------------------------------------------------

ONLY_READ = ("KA3305P", "DP831")  # models that are known and never set
THERE = list(EMULATED)
MODELS = [(family, model) for family in THERE for model in (EMULATED[family].models or ("",))]
PASSING = {"_buffer", "_counted_ah", "_energy_wh", "_sequence", "_errors"}
"""What changes in an emulator by time, or in its list of errors by a question that it does not know. Moments (`_s`) do too, and whatever its own
driver changes by asking who it is, which writes nothing.
"""


class QuietLine(MemoryLine):
    """With the silence in which an answer ends."""

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self._emulator.clock.advance(0.1)  # type: ignore[attr-defined]
        return super().ask(request, expect, deadline_s, end=end, silence_s=silence_s)


def bench_with(family: str, model: str) -> tuple[EmbeddedBench, Station, VirtualClock]:
    clock = VirtualClock()
    asked = [Asked(family, model)]
    bench = build(fit(describe(cells=4, soc=(0.5, 0.5)), asked, own_wiring=True, own_rating=True), asked, clock)
    bench.stations[0].emulator._wall_s = clock.now_s  # which tells one frame from the next by the silence between them
    if EMULATED[family].kind == "supply":
        bench.world.set_supply(voltage_v=13.2 if bench.description.bank.in_series else 3.4, current_a=0.5)
        bench.world.set_output(True)
    return bench, bench.stations[0], clock


def settable(emulator: Any, passing: set[str]) -> dict[str, Any]:
    plain = (int, float, str, bool, bytes, tuple, list, dict, type(None))
    kept = {
        name: value
        for name, value in vars(emulator).items()
        if name not in passing and not name.endswith("_s") and isinstance(value, plain)
    }
    return {name: value.copy() if isinstance(value, (list, dict)) else value for name, value in kept.items()}


def passing(family: str, model: str) -> set[str]:
    _, station, clock = bench_with(family, model)
    before = settable(station.emulator, PASSING)
    driver = {"supply": open_supply, "meter": open_meter, "bms": open_bms}[station.kind](
        f"{family}:memory", clock=clock, line_factory=lambda _: QuietLine("memory", station.emulator)
    )
    driver.identify()  # type: ignore[attr-defined]
    after = settable(station.emulator, PASSING)
    return PASSING | {name for name in after if after[name] != before[name]}


@pytest.mark.parametrize(("family", "model"), MODELS)
def test_every_probe_s_bytes_are_harmless_to_every_emulator(family: str, model: str) -> None:
    bench, station, clock = bench_with(family, model)
    for told in ("set_supply", "set_output", "set_protection"):

        def never(*args: object, told: str = told, **values: object) -> None:
            raise AssertionError(f"{told} while probing")

        setattr(bench.world, told, never)
    if station.kind == "supply" and hasattr(station.emulator, "_write"):
        station.emulator._write = lambda register, value: pytest.fail(f"register {register} was written while probing")
    changing = passing(family, model)
    before = settable(station.emulator, changing), bench.world.set_points, bench.world.output_on, bench.world.tripped
    for one in PROBES:
        for _ in range(one.tries):
            station.emulator.feed(one.request)
            clock.advance(0.5)
            now = settable(station.emulator, changing), bench.world.set_points, bench.world.output_on, bench.world.tripped
            assert now == before, one


@pytest.mark.parametrize(("family", "model"), [(family, model) for family, model in MODELS if EMULATED[family].kind == "supply"])
def test_after_the_whole_table_a_supply_is_set_by_its_driver_as_ever(family: str, model: str) -> None:
    bench, station, clock = bench_with(family, model)
    bench.world.set_output(False)
    line = QuietLine("memory", station.emulator)
    for one in PROBES:
        line.ask(one.request, 600, one.deadline_s)
    driver = open_supply(f"{family}:memory", clock=clock, line_factory=lambda _: line)
    if driver.identify().settable:
        driver.prove_writable()


@pytest.mark.parametrize(("family", "model"), MODELS)
def test_the_whole_table_recognises_every_emulator_as_what_it_is(family: str, model: str) -> None:
    bench, station, clock = bench_with(family, model)
    line = QuietLine("memory", station.emulator)
    found = set()
    for one in PROBES:
        came = b""
        for _ in range(one.tries if one.request else 8):
            clock.advance(0.5)
            came = came + line.read_available() if one.request == LISTEN else one.answered(line.ask(one.request, 600, one.deadline_s))
            found.add(one.recognise(came))
    assert found - {""} == {family}
    bench.close()


@pytest.mark.parametrize(("family", "model"), MODELS)
def test_every_emulator_is_found_on_a_memory_line(family: str, model: str) -> None:
    bench, station, clock = bench_with(family, model)
    ways = Ways(lambda port, one: QuietLine("memory", station.emulator), clock, clock.now_s, clock.advance)
    (found,) = probe([SerialPort("memory")], ways=ways)
    assert (found.confirmed, found.family, found.kind) == (True, family, EMULATED[family].kind), found.error
    assert found.sure == "identified" or model in ONLY_READ
    if EMULATED[family].kind == "supply":
        assert found.model and bench.world.output_on and bench.world.set_points[1] == 0.5


def test_every_emulator_is_found_on_a_pseudo_terminal() -> None:
    """All at once, since each is listened to for some seconds."""
    benches = {family: bench_with(family, "")[0] for family in THERE}
    try:
        for bench in benches.values():
            bench.stations[0].emulator._wall_s = time.monotonic
            bench.open_ptys()
        found = probe([port_at(bench.stations[0].place) for bench in benches.values()])
    finally:
        for bench in benches.values():
            bench.close()
    for family, one in zip(benches, found, strict=True):
        assert (one.sure, one.family, one.emulated) == ("identified", family, True), (family, one.error, one.hint)
        assert one.address == f"{family}:{one.port.path}"
