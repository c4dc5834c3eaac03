"""Faults of the link: a supply falls silent, comes back changed, elsewhere or as another one; answers without sense; a port that is taken."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.address import Address
from drivers.clock import ScaledClock, VirtualClock
from drivers.modbus import READ
from drivers.roles import InstrumentError, LostLine, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.lines import MemoryLine, PtyServer
from drivers.simulated.riden import RidenEmulator
from drivers.simulated.world import World
from drivers.stable_id import Adapter
from tests.bench.conftest import Driven
from tui.bench import left
from tui.bench.bench import LET_GO_AFTER_S, Bench
from tui.bench.instruments import Instruments
from tui.bench.messages import Acknowledge, Finish, OutputOff, Resume, Start, TypeReading
from tui.domain.plan import PlanSupply
from tui.records.journal_reading import read

USB0, USB1 = "/dev/ttyUSB0", "/dev/ttyUSB1"


def codes(bench: Driven) -> set[str]:
    return {alarm.code for alarm in bench.snapshot().alarms}


def settle(bench: Driven, seconds: float) -> None:
    end = bench.clock.now_s() + seconds
    while bench.clock.now_s() < end:
        bench.step(0.5)


def idle_hands(bench: Driven) -> None:
    """The operator answers a call without having done what it asks for."""
    do = bench.bench.hands.do
    bench.bench.hands.do = lambda act, **more: None if act == "mains-off" else do(act, **more)


def journal(bench: Driven, kind: str) -> list[dict]:
    session = bench.bench.session
    assert session is not None
    lines = list(read(bench.bench.home.sessions_dir / f"{session.recorder.id}.jsonl"))
    return [line for line in lines if line["kind"] == kind]


def to_the_plateau(bench: Driven) -> Driven:
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 90)
    assert bench.bench.state == "charging"
    assert (bench.bench.reading.alarm_v or 9) < 3.37
    return bench


@pytest.fixture
def plateau(drive) -> Driven:
    return to_the_plateau(drive(soc=0.9))


@pytest.fixture
def near_the_top(drive) -> Driven:
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to("hold")
    assert (bench.bench.reading.alarm_v or 0) > 3.40
    assert bench.bench.state == "charging" and bench.world.output_on
    return bench


# --- F-29: silence ------------------------------------------------------------------------------------------------


def test_f29_silence_on_the_plateau_is_stale_at_once_warned_and_called_after_a_minute(plateau):
    plateau.wire.inject("silence")
    plateau.step(1.0)
    snapshot = plateau.snapshot()
    assert snapshot.current_a.trust == snapshot.supply_v.trust == "stale"
    assert codes(plateau) == {"link"}
    warned = snapshot.alarms[0]
    assert warned.level == "warn" and "no answer" in warned.text and "Trying again" in warned.text
    settle(plateau, 57)
    assert plateau.snapshot().state == "charging"
    assert plateau.snapshot().call is None
    settle(plateau, 5)
    call = plateau.snapshot().call
    assert call is not None and plateau.snapshot().state == "call"
    assert any("mains" in hand for hand in call.hands) and any("+ lead" in hand for hand in call.hands)
    assert len(journal(plateau, "link_lost")) == 1 and journal(plateau, "call")


def test_f29_silence_near_the_top_calls_at_once(near_the_top):
    near_the_top.wire.inject("silence")
    near_the_top.step(1.0)
    assert near_the_top.snapshot().state == "call"
    assert near_the_top.snapshot().call.asks_point == "cells_v"


def test_f29_silence_with_the_volts_unknown_calls_at_once(drive):
    bench = to_the_plateau(drive(soc=0.9))
    bench.rig.embedded.meter.inject("silence")
    settle(bench, 20)
    bench.bench.session.composer.typed.clear()
    bench.bench.reading = dataclasses.replace(bench.bench.reading, alarm_v=None)  # the answer before told no volts …
    bench.wire.inject("silence")  # … and now there is none
    bench.step(0.5)
    assert bench.snapshot().state == "call"


def test_f29_volts_from_the_supply_just_before_it_fell_silent_are_known_volts(drive):
    bench = drive(soc=0.9, meter=False)
    to_the_plateau(bench)
    bench.wire.inject("silence")
    settle(bench, 30)
    assert bench.snapshot().state == "charging" and codes(bench) == {"link"}
    settle(bench, 40)
    assert bench.snapshot().state == "call"


def test_f29_a_link_that_comes_back_in_time_goes_on_with_the_gap_in_the_record(plateau):
    counted_ah = plateau.bench.session.count.charge_ah
    plateau.wire.inject("silence")
    settle(plateau, 40)
    assert plateau.bench.session.count.charge_ah == pytest.approx(counted_ah, abs=0.01)
    plateau.wire.undo("silence")
    settle(plateau, 5)
    assert plateau.snapshot().state == "charging"
    assert plateau.snapshot().current_a.trust == "measured"
    assert "link" not in codes(plateau)
    assert 39 <= journal(plateau, "gap")[-1]["seconds"] <= 43
    assert "read, not assumed" in journal(plateau, "link_back")[-1]["text"]
    assert plateau.go_on().result == "balanced"


def test_f29_set_point_raised_while_the_link_was_down_is_off_and_hold(plateau):
    plateau.wire.inject("silence")
    settle(plateau, 20)
    plateau.wire.inject("panel-set-voltage", number=3.80)
    plateau.wire.undo("silence")
    settle(plateau, 5)
    assert plateau.snapshot().state == "hold"
    assert "set-voltage" in codes(plateau)
    assert not plateau.world.output_on


def test_f29_supply_that_restarted_with_its_output_off_is_a_hold(plateau):
    plateau.wire.inject("silence")
    settle(plateau, 10)
    plateau.world.set_output(False)  # a brown-out: it comes up again with its output off
    plateau.wire.undo("silence")
    settle(plateau, 5)
    snapshot = plateau.snapshot()
    assert snapshot.state == "hold" and snapshot.output_on is False
    assert "mains dip" in next(alarm.text for alarm in snapshot.alarms if alarm.code == "panel-off")
    assert plateau.send(Resume("the mains is back")).ok
    assert plateau.go_on().result == "balanced"


def test_f29_a_warning_that_was_seen_does_not_come_again_until_the_supply_has_answered(plateau):
    plateau.wire.inject("silence")
    settle(plateau, 10)
    assert "does not answer" in plateau.snapshot().next
    plateau.send(Acknowledge(0))
    settle(plateau, 5)
    assert [alarm.acknowledged for alarm in plateau.snapshot().alarms if alarm.code == "link"] == [True]
    plateau.wire.undo("silence")
    settle(plateau, 5)
    assert "link" not in codes(plateau) and "does not answer" not in plateau.snapshot().next


def test_f29_link_that_comes_back_during_the_call_is_switched_off_and_proved(near_the_top):
    bench = near_the_top
    bench.wire.inject("silence")
    settle(bench, 8)
    assert bench.snapshot().state == "call" and bench.world.output_on
    bench.wire.undo("silence")
    settle(bench, 4)
    assert not bench.world.output_on
    assert journal(bench, "readback")[-1]["output_on"] is False
    assert bench.snapshot().state == "call", "seen and a safe reading end it, nothing else"
    bench.send(TypeReading("cells_v", 3.45, sure=True))
    assert bench.snapshot().call is not None
    bench.send(Acknowledge(0))
    bench.send(TypeReading("cells_v", 3.45, sure=True))
    assert bench.snapshot().call is None and bench.snapshot().state == "hold"


def test_f29_supply_found_on_after_the_call_was_answered_by_hand_is_switched_off(near_the_top):
    bench = near_the_top
    bench.wire.inject("silence")
    settle(bench, 8)
    idle_hands(bench)
    bench.send(Acknowledge(0))
    bench.send(TypeReading("cells_v", 3.45, sure=True))
    assert bench.snapshot().state == "hold"
    assert not bench.send(Resume("nothing found")).ok, "a supply that does not answer is no reason to go on"
    bench.wire.undo("silence")
    settle(bench, 4)
    assert not bench.world.output_on
    assert "found-on" in codes(bench)


def test_f29_a_meter_that_goes_silent_is_told_and_readings_are_asked_of_the_operator(plateau):
    plateau.rig.embedded.meter.inject("silence")
    settle(plateau, 5)
    assert "meter-silent" not in codes(plateau)
    settle(plateau, 15)
    assert "meter-silent" in codes(plateau)
    snapshot = plateau.snapshot()
    assert snapshot.state == "charging" and snapshot.cells_v.trust == "derived" and snapshot.reading_due_s is not None
    plateau.rig.embedded.meter.undo("silence")
    settle(plateau, 3)
    assert "meter-silent" not in codes(plateau)


# --- F-29: the port -----------------------------------------------------------------------------------------------


class Sockets:
    """USB sockets with adapters in them; lines in memory, one handle each, all bytes written down."""

    def __init__(self) -> None:
        self.plugged: dict[str, tuple[Adapter, object]] = {}
        self.open: list[SocketLine] = []
        self.asked: list[tuple[object, bytes]] = []

    def plug(self, device: str, emulator: object, *, serial: str = "", socket: str = "1-1") -> None:
        self.plugged[device] = (Adapter(device, "1A86:7523", serial, socket), emulator)

    def pull(self, device: str) -> None:
        del self.plugged[device]

    def adapters(self) -> list[Adapter]:
        return [adapter for adapter, _ in self.plugged.values()]

    def line(self, address: Address) -> SocketLine:
        if address.url not in self.plugged:
            raise LostLine(address.url, "open the line", "there is no such port.")
        assert not [line for line in self.open if line.url == address.url], "the old handle is closed first"
        return SocketLine(self, address.url)

    def writes_to(self, emulator: object) -> list[bytes]:
        return [request for asked, request in self.asked if asked is emulator and request[1] != READ]


class SocketLine:
    def __init__(self, sockets: Sockets, url: str) -> None:
        self.url, self._sockets, self._emulator = url, sockets, sockets.plugged[url][1]
        self._line = MemoryLine(url, self._emulator)
        sockets.open.append(self)

    def _there(self) -> None:
        if self._sockets.plugged.get(self.url, (None, None))[1] is not self._emulator:
            raise LostLine(self.url, "exchange", "the line is gone.")

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self._there()
        self._sockets.asked.append((self._emulator, request))
        return self._line.ask(request, expect, deadline_s)

    def write(self, data: bytes) -> None:
        self._there()
        self._line.write(data)

    def read_available(self) -> bytes:
        self._there()
        return self._line.read_available()

    def close(self) -> None:
        if self in self._sockets.open:
            self._sockets.open.remove(self)


def plug_in(bench: Driven, **options: str) -> Sockets:
    """The bench with supply and meter on USB adapters."""
    sockets = Sockets()
    sockets.plug(USB0, bench.wire, **options)
    sockets.plug("/dev/ttyACM0", bench.rig.embedded.meter, serial="M1")
    bench.bench.instruments = Instruments(bench.clock, bench.bench.home, line_factory=sockets.line, adapters=sockets.adapters)
    bench.plan = dataclasses.replace(
        bench.plan, supply=dataclasses.replace(bench.plan.supply, address=f"riden:{USB0}"), meter="text-line:/dev/ttyACM0"
    )
    return sockets


def another_supply(bench: Driven) -> RidenEmulator:
    return RidenEmulator(World(bench.rig.embedded.description, bench.clock), serial=777)


@pytest.mark.parametrize("serial", ["", "A50285BI"])
def test_f29_port_numbered_anew_is_found_by_its_adapter_and_the_charge_goes_on(drive, serial):
    bench = drive(soc=0.9)
    sockets = plug_in(bench, serial=serial)
    to_the_plateau(bench)
    before = len(sockets.writes_to(bench.wire))
    sockets.pull(USB0)
    settle(bench, 10)
    assert codes(bench) == {"link"}
    assert "1A86:7523" in bench.snapshot().alarms[0].text
    sockets.plug(USB1, bench.wire, serial=serial)
    settle(bench, 5)
    assert bench.snapshot().state == "charging"
    assert bench.snapshot().current_a.trust == "measured"
    assert [line.url for line in sockets.open if "USB" in line.url] == [USB1]
    assert len(sockets.writes_to(bench.wire)) == before, "found on as commanded: nothing is written to it"
    assert journal(bench, "gap")
    bench.send(OutputOff())
    settle(bench, 3)
    assert not bench.world.output_on


def test_f29_a_link_by_id_is_an_address_and_follows_its_adapter(drive, tmp_path):
    bench = drive(soc=0.9)
    sockets = plug_in(bench, serial="A50285BI")
    link = tmp_path / "usb-1a86_USB_Serial_A50285BI-if00-port0"
    link.symlink_to(USB0)
    address = f"riden:{link}?address=1"
    sockets.plugged[str(link)] = (sockets.plugged[USB0][0], bench.wire)  # opening the link opens the port
    bench.plan = dataclasses.replace(bench.plan, supply=dataclasses.replace(bench.plan.supply, address=address))
    to_the_plateau(bench)
    for device in (str(link), USB0):
        sockets.pull(device)
    settle(bench, 5)
    sockets.plug(USB1, bench.wire, serial="A50285BI")
    settle(bench, 5)
    assert bench.snapshot().state == "charging" and bench.snapshot().current_a.trust == "measured"


def test_f29_another_supply_in_its_place_is_never_written_to(drive):
    bench = drive(soc=0.9)
    sockets = plug_in(bench)
    to_the_plateau(bench)
    stranger = another_supply(bench)
    sockets.pull(USB0)
    settle(bench, 5)
    sockets.plug(USB0, stranger)  # the same number, another supply behind the same kind of adapter
    settle(bench, 5)
    assert "serial 00000777" in bench.snapshot().alarms[0].text and "nothing was written" in bench.snapshot().alarms[0].text
    settle(bench, 60)
    assert bench.snapshot().state == "call"
    bench.send(OutputOff())
    settle(bench, 10)
    assert not sockets.writes_to(stranger)
    sockets.plug(USB1, bench.wire, socket="1-2")  # both are plugged in: the right one is picked by what it says of itself
    settle(bench, 5)
    assert not bench.world.output_on
    assert not sockets.writes_to(stranger)


def test_f29_adapter_with_a_number_of_its_own_is_not_mistaken_for_another(drive):
    bench = drive(soc=0.9)
    sockets = plug_in(bench, serial="A50285BI")
    to_the_plateau(bench)
    stranger = another_supply(bench)
    sockets.pull(USB0)
    sockets.plug(USB0, stranger, serial="OTHER")
    settle(bench, 10)
    assert "A50285BI" in bench.snapshot().alarms[0].text
    assert not [asked for asked, _ in sockets.asked if asked is stranger], "not even asked"


def test_f29_another_supply_that_answers_on_the_same_line_is_never_written_to(drive):
    bench = drive(soc=0.9)
    sockets = plug_in(bench)
    to_the_plateau(bench)
    stranger = another_supply(bench)
    line = next(line for line in sockets.open if line.url == USB0)
    line._line = MemoryLine(USB0, stranger)  # swapped behind the adapter: the port itself notices nothing
    line._emulator = stranger
    sockets.plugged[USB0] = (sockets.plugged[USB0][0], stranger)
    settle(bench, 2)
    assert "another supply" in bench.snapshot().alarms[0].text
    bench.send(OutputOff())
    settle(bench, 10)
    assert bench.snapshot().state == "call", "off is not proved, so the hands are called"
    assert not sockets.writes_to(stranger)


@pytest.fixture
def ptys(place):
    """Emulated supplies behind pseudo-terminals, opened by ports with threads of their own."""
    clock, servers = ScaledClock(), []

    def serve(serial: int = 6464) -> tuple[PtyServer, World]:
        world = World(describe(cells=2), clock, assembled=True)
        servers.append(PtyServer(RidenEmulator(world, serial=serial)))
        return servers[-1], world

    yield clock, serve
    for server in servers:
        server.close()


def at(server: PtyServer, options: str = "") -> PlanSupply:
    return PlanSupply(f"riden:{server.path}{options}", 60.0, 12.0)


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition never came"
        time.sleep(0.02)


def test_f29_a_pseudo_terminal_taken_away_and_found_again_under_another_number(ptys, place):
    clock, serve = ptys
    first, _ = serve()
    found = [Adapter(first.path, "1A86:7523", "A50285BI")]
    instruments = Instruments(clock, place, adapters=lambda: found)
    port, profile = instruments.open_supply(at(first))
    try:
        wait_for(lambda: port.reading is not None)
        found.clear()
        first.close()
        wait_for(lambda: port.lost)
        assert not instruments.fresh(port, 1.0), "a lost line is stale at once"
        with pytest.raises(InstrumentError):
            port.call(lambda supply: supply.switch_output(True))
        (stranger, strange), (second, world) = serve(serial=777), serve()
        found.append(Adapter(stranger.path, "1A86:7523", "A50285BI"))
        wait_for(lambda: "serial 00000777" in port.error)
        with pytest.raises(InstrumentError, match="serial 00000777"):  # why, and not that this program has closed the line
            port.call(lambda supply: supply.switch_output(True))
        assert not strange.output_on
        found[:] = [Adapter(second.path, "1A86:7523", "A50285BI")]
        wait_for(lambda: not port.lost and port.error == "")
        assert instruments.fresh(port, 1.0)
        port.call(lambda supply: supply.switch_output(True))
        assert world.output_on and profile.serial == "00006464"
    finally:
        port.close()
        instruments.release()


def test_f29_without_an_adapters_mark_the_same_path_is_tried_again(drive):
    bench = drive(soc=0.9)
    sockets = plug_in(bench)
    bench.bench.instruments = Instruments(bench.clock, bench.bench.home, line_factory=sockets.line, adapters=list)
    to_the_plateau(bench)
    sockets.pull(USB0)
    settle(bench, 5)
    sockets.plug(USB0, bench.wire)
    settle(bench, 3)
    assert bench.snapshot().state == "charging" and bench.snapshot().current_a.trust == "measured"


# --- F-30: answers that make no sense -----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["garbled-crc", "late-answer", "wrong-unit"])
def test_f30_three_answers_without_sense_are_off_and_call_when_off_is_not_confirmed(plateau, fault):
    plateau.wire.inject(fault, number=0)
    settle(plateau, 1.0)
    assert plateau.bench.reading.amperes is None, "unknown, never an old or a wrong number"
    settle(plateau, 2.0)
    assert plateau.snapshot().state == "hold"
    text = next(alarm.text for alarm in plateau.snapshot().alarms if alarm.code == "F-30")
    assert "made no sense" in text and "output goes off" in text
    assert not plateau.world.output_on, "commands still get through"
    settle(plateau, 6.0)
    assert plateau.snapshot().state == "call", "but no answer proves it"
    plateau.wire.undo(fault)
    settle(plateau, 3.0)
    assert plateau.snapshot().output_on is False
    plateau.send(Acknowledge(0))
    plateau.send(TypeReading("cells_v", 3.33, sure=True))
    assert plateau.snapshot().state == "hold"
    assert plateau.send(Resume("another cable")).ok
    assert plateau.go_on().result == "balanced"


@pytest.mark.parametrize("fault", ["garbled-crc", "late-answer", "wrong-unit", "lost-reply"])
def test_f30_a_few_bad_answers_change_nothing(plateau, fault):
    plateau.wire.inject(fault, number=5)
    settle(plateau, 10)
    assert plateau.snapshot().state == "charging"
    assert plateau.bench.reading.amperes == pytest.approx(10.0, abs=0.02)


def test_f30_lost_command_on_is_settled_by_reading_back(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("connect")
    bench.wire.inject("lost-reply", number=1)
    bench.go_to("to-knee")
    settle(bench, 30)
    assert bench.snapshot().state == "charging"


def test_f30_supply_that_hangs_while_it_is_switched_on_is_called(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.world.output_on)
    bench.wire.inject("silence")
    bench.send(OutputOff())
    settle(bench, 4.5)
    assert bench.snapshot().call is None
    settle(bench, 2)
    assert bench.snapshot().state == "call"


def test_f30_impossible_volts_behind_a_good_checksum_are_no_reading(plateau):
    answer = plateau.wire._registers

    def mad() -> list[int]:
        registers = answer()
        registers[10] = 65535
        return registers

    plateau.wire._registers = mad
    plateau.step(1.0)
    assert plateau.bench.reading.supply_v.trust == "stale"
    settle(plateau, 5)
    assert "F-30" in codes(plateau)
    assert not plateau.world.output_on


# --- F-20: one owner ----------------------------------------------------------------------------------------------


def test_f20_a_second_copy_is_refused_with_process_and_session_of_the_first(ptys, place):
    clock, serve = ptys
    server, _ = serve()
    spec = at(server)
    first, second = Instruments(clock, place), Instruments(clock, place)
    port, _ = first.open_supply(spec)
    try:
        with pytest.raises(LostLine, match=rf"another copy .* uses this port \(process {os.getpid()}\)"):
            second.open_supply(spec)
        first.held_by("2026-01-02-a")
        with pytest.raises(LostLine, match=rf"process {os.getpid()}, session 2026-01-02-a.*to look on, start topbalance"):
            second.open_supply(at(server, "?address=1"))
    finally:
        port.close()
        first.release()
    again, _ = second.open_supply(spec)  # free again
    again.close()
    second.release()


def test_f20_another_process_is_refused_by_the_port_itself(ptys, place, tmp_path):
    clock, serve = ptys
    server, _ = serve()
    port, _ = Instruments(clock, place).open_supply(at(server))
    other = {**os.environ, "TOPBALANCE_HOME": str(tmp_path / "other")}  # no lock in common
    root = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-m", "tui", "read", f"riden:{server.path}"], cwd=root, env=other, capture_output=True, text=True, timeout=30
    )
    port.close()
    assert told.returncode == 1
    assert "another program holds the port" in told.stderr


def test_f20_ports_are_let_go_after_the_end_and_what_was_seen_stays(plateau):
    session = plateau.bench.session.recorder.id
    assert plateau.send(Finish("enough")).ok
    settle(plateau, 5)
    assert plateau.snapshot().state == "ended" and not plateau.world.output_on
    assert plateau.bench.supply is not None, "watched for a minute more"
    settle(plateau, LET_GO_AFTER_S)
    assert plateau.bench.supply is None and plateau.bench.meter is None
    shown = plateau.snapshot()
    assert shown.state == "ended" and shown.session == session and shown.result == "stopped"
    assert shown.output_on is False
    assert shown.cells_v.value is not None and shown.cells_v.trust == "stale"
    aged = shown.cells_v.age_s
    settle(plateau, 10)
    assert plateau.snapshot().cells_v.age_s == pytest.approx(aged + 10, abs=1)
    assert plateau.send(OutputOff()).ok, "the stop key does no harm"
    settle(plateau, 10)
    assert plateau.snapshot().call is None
    assert plateau.send(Start(plateau.plan.to_json())).ok


def test_f20_ports_stay_while_off_is_not_proved(plateau):
    plateau.wire.inject("output-stuck-on")
    plateau.send(Finish("enough"))
    settle(plateau, 90)
    assert plateau.bench.supply is not None and plateau.snapshot().state == "call"
    idle_hands(plateau)
    plateau.send(Acknowledge(0))
    plateau.send(TypeReading("cells_v", 3.33, sure=True))
    settle(plateau, 90)
    assert plateau.bench.supply is not None, "it is seen on: whatever the hands did, the program keeps at it"


def test_f20_lines_on_ports_are_free_after_the_end(ptys, place):
    """The same on a real port: another program can open it."""
    clock, serve = ptys
    server, _ = serve()
    instruments = Instruments(clock, place)
    port, _ = instruments.open_supply(at(server))
    port.close()
    instruments.release()
    assert not list(place.locks.glob("*.json"))
    port, _ = Instruments(clock, place).open_supply(at(server))
    port.close()


def test_wrong_device_is_an_error_of_its_own() -> None:
    """What a supply that is not the identified one raises, on a line in memory."""
    clock = VirtualClock()
    embedded = EmbeddedBench(describe(cells=2), clock)
    lines = embedded.memory_lines()
    from drivers.catalog import open_supply

    supply = open_supply(embedded.supply_address, clock=clock, line_factory=lambda address: lines[str(address)]())
    supply.identify()
    embedded.supply.inject("wrong-model", number=60181)
    with pytest.raises(WrongDevice):
        supply.read()
    with pytest.raises(WrongDevice):
        supply.switch_output(True)
    assert not embedded.world.output_on


def test_f29_after_a_crash_the_supply_is_found_at_its_new_number_and_switched_off(drive, monkeypatch):
    bench = drive(soc=0.9)
    sockets = plug_in(bench, serial="A50285BI")
    to_the_plateau(bench)
    dead = bench.bench
    dead.running.recorder.close()
    sockets.open.clear()
    sockets.pull(USB0)
    sockets.plug(USB1, bench.wire, serial="A50285BI")
    instruments = Instruments(bench.clock, dead.home, line_factory=sockets.line, adapters=sockets.adapters)
    all_left = left.all_left
    monkeypatch.setattr(left, "all_left", lambda home: [dataclasses.replace(one, embedded=False) for one in all_left(home)])
    again = Bench(dead.home, bench.clock, instruments, line_now_s=bench.clock.now_s, takes_up=True)  # no hands: as on real instruments
    for _ in range(10):
        bench.clock.advance(0.5)
        again.tick()
    assert again.state == "hold" and not bench.world.output_on
    assert USB1 in again.supply_text
    assert "/dev/ttyACM0" in again.meter_text and again.reading.cells_v.trust == "measured"
