"""Emulators on TCP ports: the same bytes, one client at a time, any client again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from simulated_benches import bench

from drivers import proof
from drivers.catalog import open_meter, open_supply
from drivers.clock import VirtualClock, WallClock
from drivers.modbus import read_request
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.lines import TcpServer


@pytest.fixture
def embedded() -> Iterator[EmbeddedBench]:
    here = EmbeddedBench(bench([0.9, 0.9]), VirtualClock(), assembled=True)
    here.open_sockets([("127.0.0.1", 0)] * 2)
    yield here
    here.close()


def place(embedded: EmbeddedBench, station: int) -> tuple[str, int]:
    host, _, port = embedded.stations[station].place.removeprefix("socket://").rpartition(":")
    return host, int(port)


def test_the_same_bytes_as_on_any_line_and_for_every_client_anew(embedded: EmbeddedBench) -> None:
    request = read_request(1, 0, 42)
    expected = embedded.supply.answer(request)
    for _ in range(2):
        with socket.create_connection(place(embedded, 0), timeout=5) as client:
            client.sendall(request[:3])  # in two pieces, as a network may deliver it
            client.sendall(request[3:])
            came = b""
            while len(came) < len(expected):
                came += client.recv(200)
            assert came == expected
            client.sendall(proof.REQUEST)
            assert client.recv(64) == proof.ANSWER


def test_one_client_at_a_time(embedded: EmbeddedBench) -> None:
    with socket.create_connection(place(embedded, 0), timeout=5) as first:
        first.sendall(proof.REQUEST)
        assert first.recv(64) == proof.ANSWER
        with socket.create_connection(place(embedded, 0), timeout=5) as second:
            assert second.recv(64) == b""  # hung up on
        first.sendall(proof.REQUEST)
        assert first.recv(64) == proof.ANSWER


def test_the_drivers_open_it_as_a_socket(embedded: EmbeddedBench) -> None:
    supply = open_supply(embedded.supply_address, clock=WallClock())
    assert supply.identify().model == "RD6030"
    assert supply.read().output_on is False
    supply.close()
    meter = open_meter(embedded.meter_address, clock=WallClock())
    meter.identify()
    assert meter.read().status == "ok"
    meter.close()


def test_a_meter_speaks_to_nobody_and_then_to_whoever_comes(embedded: EmbeddedBench) -> None:
    with socket.create_connection(place(embedded, 1), timeout=5) as client:
        assert client.recv(64).startswith(b"seq=")


def test_a_late_answer_is_not_for_the_next_client(embedded: EmbeddedBench) -> None:
    embedded.supply.inject("delayed", number=0.1)
    with socket.create_connection(place(embedded, 0), timeout=5) as client:
        client.sendall(read_request(1, 0, 1))
        assert len(client.recv(64)) == 7
        client.sendall(read_request(1, 0, 1))
    with socket.create_connection(place(embedded, 0), timeout=0.3) as client, pytest.raises(TimeoutError):
        client.recv(64)


def test_a_port_that_is_taken_is_told_and_closing_frees_it() -> None:
    before = threading.active_count()
    emulator = EmbeddedBench(bench([0.9]), VirtualClock()).supply
    first = TcpServer(emulator)
    port = int(first.path.rpartition(":")[2])
    with pytest.raises(OSError):
        TcpServer(emulator, port=port)
    first.close()
    first.close()
    TcpServer(emulator, port=port).close()
    assert threading.active_count() == before
