"""The text-line emulator, and both ways in which a driver meets an emulator: pseudo-terminal and memory, with the same bytes."""

from __future__ import annotations

import re
import threading
from functools import reduce
from operator import xor

import pytest
import serial
from simulated_benches import bench

from drivers import proof
from drivers.clock import VirtualClock
from drivers.modbus import read_request, write_request
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.faults import FaultError, parse_fault
from drivers.simulated.lines import MemoryLine, PtyServer, heard
from drivers.simulated.text_line import TextLineEmulator
from drivers.simulated.world import World


def meter(*socs: float, **table: object) -> TextLineEmulator:
    return TextLineEmulator(World(bench(list(socs), meter=table), VirtualClock()))


def test_a_line_carries_counter_volts_and_checksum() -> None:
    emulator = meter(0.9, 0.9)
    assert emulator.message().startswith(b"seq=1 V1=nan*")  # nothing is joined: an open input
    emulator.world.hands("wire-cells")
    line = emulator.message()
    assert re.fullmatch(rb"seq=2 V1=3\.3218\*[0-9A-F]{2}\n", line)
    body, _, checksum = line.strip().rpartition(b"*")
    assert int(checksum, 16) == reduce(xor, body)


def test_meter_stands_where_the_description_says_with_its_errors() -> None:
    emulator = meter(0.9, 0.5, point="cells", gain_error=0.001, offset_v=0.002, resolution_v=0.001)
    assert emulator.message().startswith(b"seq=1 V1=3.3270 V2=3.2830*")
    emulator = meter(0.9, point="supply")
    emulator.world.set_supply(voltage_v=3.65, current_a=1)
    emulator.world.set_output(True)
    assert b" V1=3.6500*" in emulator.message()


def test_meter_on_a_string_shows_pack_volts_or_each_cell_in_order() -> None:
    tables = {"bank": {"arrangement": "16S"}, "bms": {}}
    emulator = TextLineEmulator(World(bench([0.9] * 16, **tables), VirtualClock(), assembled=True))
    assert emulator.message().startswith(b"seq=1 V1=53.1488*")
    emulator = TextLineEmulator(
        World(bench([0.9, 0.5, 0.2], bank={"arrangement": "3S"}, meter={"point": "cells"}), VirtualClock(), assembled=True)
    )
    in_order = b" V1=3.3218 V2=3.2781 V3=3.2296*"
    assert in_order in emulator.message()
    emulator.world.hands("leads-on", cells=("A3",))
    assert in_order in emulator.message()
    emulator.world.hands("take-apart")
    assert in_order in emulator.message()


@pytest.mark.parametrize(
    ("tables", "options"),
    [
        ({}, ""),
        ({"bank": {"arrangement": "2S"}}, "?limit=75&unit=V"),
        ({"bms": {}}, "?limit=75&unit=V"),
        ({"bms": {}, "meter": {"point": "supply"}}, "?point=supply&limit=75&unit=V"),
        ({"bank": {"arrangement": "2S"}, "meter": {"point": "cells"}}, "?point=cells"),
    ],
)
def test_the_meter_s_address_is_ready_for_a_string_where_one_is_expected(tables: dict[str, dict[str, object]], options: str) -> None:
    embedded = EmbeddedBench(bench([0.9, 0.9], **tables), VirtualClock())
    assert embedded.meter_address == "text-line:memory" + options
    assert embedded.meter_address in embedded.memory_lines()


def test_token_is_answered_on_a_line_of_its_own_only() -> None:
    emulator = meter(0.9)
    assert heard(emulator, b"tok") == b""
    assert heard(emulator, proof.REQUEST) == proof.ANSWER
    assert heard(emulator, b"hello\nnot token?\n") == b""


def test_meter_s_faults() -> None:
    emulator = meter(0.9)
    emulator.inject("garbled-crc", number=1)
    body, _, checksum = emulator.message().strip().rpartition(b"*")
    assert checksum != b"%02X" % reduce(xor, body)
    emulator.inject("silence")
    assert emulator.message() == b""
    emulator.undo("silence")
    assert emulator.message().startswith(b"seq=3 ")


def test_memory_line_carries_the_emulator_s_own_bytes() -> None:
    clock = VirtualClock()
    embedded = EmbeddedBench(bench([0.9] * 2), clock)
    lines = embedded.memory_lines()
    assert set(lines) == {"riden:memory", "text-line:memory"}
    assert embedded.supply is not None
    line = lines["riden:memory"]()
    request = read_request(1, 0, 42)
    assert line.ask(request, 89, 0.5) == embedded.supply.answer(request)
    assert line.ask(request, 10, 0.5) == embedded.supply.answer(request)[:10]
    embedded.supply.inject("delayed", number=0.8)
    embedded.supply.answer(request)
    assert line.ask(request, 89, 0.5) == b""
    assert line.ask(request, 89, 1.0) == embedded.supply.answer(request)


def test_memory_line_of_the_meter_gives_one_line_for_each_new_time() -> None:
    clock = VirtualClock()
    line = MemoryLine("memory", EmbeddedBench(bench([0.9]), clock).meter)
    assert line.read_available().startswith(b"seq=1 ")
    assert line.read_available() == b""
    clock.advance(1.0)
    line.write(b"token?\n")
    assert re.fullmatch(rb"# topbal!!\nseq=2 .*\n", line.read_available())


def test_pseudo_terminal_gives_the_same_bytes_to_a_serial_port() -> None:
    embedded = EmbeddedBench(bench([0.9]), VirtualClock())
    assert embedded.supply is not None
    embedded.open_ptys()
    try:
        family, _, path = embedded.supply_address.partition(":")
        assert family == "riden"
        with serial.Serial(path, 115200, timeout=5, exclusive=True) as port:
            for request in (read_request(1, 0, 42), write_request(1, 8, 0x0D0A), write_request(1, 8, 0x0304)):
                expected = embedded.supply.answer(request)  # bytes that a cooked terminal would change or swallow are among them
                port.write(request)
                assert port.read(len(expected)) == expected
        with serial.Serial(path, 115200, timeout=5) as port:  # a client may come again
            port.write(proof.REQUEST)
            assert port.read(len(proof.ANSWER)) == proof.ANSWER
    finally:
        embedded.close()
    embedded.close()
    assert embedded.supply_address == "riden:memory"


def test_meter_on_a_pseudo_terminal_speaks_by_itself_and_answers_for_its_token() -> None:
    server = PtyServer(meter(0.9))
    try:
        with serial.Serial(server.path, 115200, timeout=5) as port:
            assert port.read_until(b"\n").startswith(b"seq=")
            port.write(b"token?\n")
            lines = [port.read_until(b"\n") for _ in range(3)]
            assert b"# topbal!!\n" in lines
    finally:
        server.close()


def test_late_answers_do_not_hold_up_the_terminal() -> None:
    embedded = EmbeddedBench(bench([0.9]), VirtualClock())
    assert embedded.supply is not None
    embedded.supply.inject("delayed", number=0.05)
    server = PtyServer(embedded.supply)
    try:
        with serial.Serial(server.path, 115200, timeout=5) as port:
            port.write(read_request(1, 0, 1))
            assert len(port.read(7)) == 7
    finally:
        server.close()


def test_closing_ends_the_thread_and_pulls_the_cable() -> None:
    before = threading.active_count()
    server = PtyServer(meter(0.9))
    port = serial.Serial(server.path, 115200, timeout=0.2)
    server.close()
    server.close()
    assert threading.active_count() == before
    with pytest.raises((serial.SerialException, OSError)):
        for _ in range(3):
            port.write(b"x")
            port.read(1)
    port.close()


def test_a_supply_without_interface_has_no_line() -> None:
    embedded = EmbeddedBench(bench([0.9], supply={"model": "manual"}), VirtualClock())
    assert embedded.supply_address == "manual"
    assert set(embedded.memory_lines()) == {"text-line:memory"}


def test_faults_go_where_they_belong() -> None:
    embedded = EmbeddedBench(bench([0.9], meter={"point": "supply"}), VirtualClock(), assembled=True)
    assert embedded.meter_address == "text-line:memory?point=supply"
    embedded.inject_fault(parse_fault("lead-falls-off"))
    assert not embedded.world.truth().leads_on
    embedded.inject_fault(parse_fault("silence"))
    assert embedded.supply is not None
    assert embedded.supply.answer(read_request(1, 0, 1)) == b""
    with pytest.raises(FaultError):
        embedded.supply.inject_fault(parse_fault("lead-falls-off"))
