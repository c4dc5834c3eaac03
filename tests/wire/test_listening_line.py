"""Lines over TCP: raw frames through socket://, and listen://, where the instrument connects to this computer."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from drivers import protocol_listen
from drivers.catalog import open_supply
from drivers.clock import WallClock
from drivers.line import SerialLine
from drivers.modbus import read_request
from drivers.roles import LostLine, NoAnswer, WrongDevice
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.lines import heard

T = TypeVar("T")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def serve(emulator: object, connection: socket.socket) -> None:
    """An instrument behind one TCP connection, until that ends."""
    with connection:
        try:
            while data := connection.recv(4096):
                if answer := heard(emulator, data):  # type: ignore[arg-type]
                    connection.sendall(answer)
        except OSError:
            return


class Caller:
    """An instrument that connects by itself, as a WiFi module does: it tries until somebody listens."""

    def __init__(self, port: int, emulator: object, *, silent: bool = False) -> None:
        self._port, self._emulator, self._silent = port, emulator, silent
        self._connection: socket.socket | None = None
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                self._connection = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                self.stop.wait(0.02)
                continue
            if self._silent:
                self.stop.wait()
            else:
                serve(self._emulator, self._connection)
            return

    def hang_up(self) -> None:
        self.stop.set()
        if self._connection is not None:
            with contextlib.suppress(OSError):  # the other side was first
                self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        if self._connection is not None:
            self._connection.close()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_listen, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(protocol_listen, "WAIT_S", 0.05)


@pytest.fixture
def bench() -> Iterator[EmbeddedBench]:
    yield EmbeddedBench(describe(cells=2), WallClock(), assembled=True)


def test_raw_frames_over_a_socket(bench: EmbeddedBench) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: serve(bench.supply, server.accept()[0]))
    thread.start()
    supply = open_supply(f"riden:socket://127.0.0.1:{server.getsockname()[1]}", clock=WallClock())
    assert supply.identify().model == "RD6012"
    supply.program(voltage_v=3.65, current_a=2.0, over_voltage_v=3.75, over_current_a=2.2)
    assert supply.read().set_voltage_v == 3.65
    supply.close()
    thread.join()
    server.close()


def test_a_supply_that_connects_to_this_computer(bench: EmbeddedBench, port: int) -> None:
    caller = Caller(port, bench.supply)
    supply = open_supply(f"riden:listen://127.0.0.1:{port}", clock=WallClock())
    assert supply.identify().model == "RD6012"
    supply.prove_writable()
    supply.program(voltage_v=3.65, current_a=2.0)
    supply.switch_output(True)
    assert supply.read().current_a == pytest.approx(2.0, abs=0.02)
    supply.switch_output(False)
    supply.close()
    caller.hang_up()
    with pytest.raises(OSError):  # the door is shut
        socket.create_connection(("127.0.0.1", port), timeout=1.0)


def test_while_nobody_has_connected_that_is_told_and_it_is_listened_on(bench: EmbeddedBench, port: int, quick: None) -> None:
    address = f"riden:listen://127.0.0.1:{port}"
    for _ in range(2):
        with pytest.raises(LostLine, match=rf"no instrument has connected to this computer yet.*port {port}.*firewall") as caught:
            open_supply(address, clock=WallClock())
        assert caught.value.check
    caller = Caller(port, bench.supply)  # it was listened on in between, so it connects at once
    supply = until_connected(lambda: open_supply(address, clock=WallClock()))
    assert supply.identify().model == "RD6012"
    supply.close()
    caller.hang_up()


def test_a_connection_that_ends_is_a_lost_line_and_the_next_one_is_taken(bench: EmbeddedBench, port: int, quick: None) -> None:
    caller = Caller(port, bench.supply)
    line = opened(port)
    request = read_request(1, 0, 4)
    assert len(line.ask(request, 13, 2.0)) == 13
    caller.hang_up()
    with pytest.raises(LostLine, match="the instrument's connection ended"):
        line.ask(request, 13, 1.0)
    with pytest.raises(LostLine, match="no instrument has connected"):
        line.ask(request, 13, 1.0)
    caller = Caller(port, bench.supply)
    answer = until_connected(lambda: line.ask(request, 13, 2.0))
    assert len(answer) == 13
    line.close()
    caller.hang_up()


def test_a_dead_connection_gives_way_to_a_new_one(bench: EmbeddedBench, port: int) -> None:
    """The module starts anew and connects again; the old connection is never ended."""
    dead = Caller(port, bench.supply, silent=True)
    line = opened(port)
    request = read_request(1, 0, 4)
    assert line.ask(request, 13, 0.1) == b""  # silent, and nobody else there
    alive = Caller(port, bench.supply)
    with pytest.raises(LostLine, match="connected anew"):
        for _ in range(100):
            assert line.ask(request, 13, 0.1) == b""
    assert len(line.ask(request, 13, 2.0)) == 13
    line.close()
    alive.hang_up()
    dead.hang_up()


def test_another_caller_does_not_disturb_a_connection_that_answers(bench: EmbeddedBench, port: int) -> None:
    caller = Caller(port, bench.supply)
    line = opened(port)
    other = Caller(port, bench.supply, silent=True)
    for _ in range(3):
        assert len(line.ask(read_request(1, 0, 4), 13, 2.0)) == 13
    line.close()
    caller.hang_up()
    other.hang_up()


def test_another_supply_that_connects_later_is_not_written_to(bench: EmbeddedBench, port: int) -> None:
    caller = Caller(port, bench.supply)
    supply = open_supply(f"riden:listen://127.0.0.1:{port}", clock=WallClock())
    supply.identify()
    other = EmbeddedBench(describe(cells=2, model="RD6018"), WallClock())
    caller.hang_up()
    with pytest.raises((LostLine, NoAnswer)):
        supply.read()
    caller = Caller(port, other.supply)
    with pytest.raises(WrongDevice, match="another supply answers now"):
        until_connected(lambda: supply.switch_output(True))
    assert not other.world.output_on
    supply.close()
    caller.hang_up()


def until_connected(act: Callable[[], T]) -> T:
    """What `act` gives once the caller, which is on its way, is there."""
    deadline_s = time.monotonic() + 10.0
    while True:
        try:
            return act()
        except LostLine:
            assert time.monotonic() < deadline_s


def opened(port: int) -> SerialLine:
    return until_connected(lambda: SerialLine(f"listen://127.0.0.1:{port}", gap_s=0.0))


@pytest.mark.parametrize(
    "url", ["listen://", "listen://127.0.0.1", "listen://127.0.0.1:99999", "listen://:8080", "listen://127.0.0.1:8080/x"]
)
def test_a_wrong_url_says_what_belongs_there(url: str) -> None:
    with pytest.raises(LostLine, match="this is no line"):
        SerialLine(url)


def test_a_port_or_address_that_cannot_be_listened_at(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)), pytest.raises(LostLine, match=rf"cannot listen at 127\.0\.0\.1, port {port}"):
        SerialLine(f"listen://127.0.0.1:{port}")
    with pytest.raises(LostLine, match=r"cannot listen at 192\.0\.2\.1"):
        SerialLine(f"listen://192.0.2.1:{port}")


def test_closing_a_line_again_does_not_shut_the_door_of_the_next_one(bench: EmbeddedBench, port: int, quick: None) -> None:
    caller = Caller(port, bench.supply)
    old = opened(port)
    old.close()
    caller.hang_up()
    with pytest.raises(LostLine):
        SerialLine(f"listen://127.0.0.1:{port}")
    old.close()
    socket.create_connection(("127.0.0.1", port), timeout=1.0).close()  # it is still listened
    opened(port).close()


def test_the_module_is_loaded_only_for_such_a_line() -> None:
    code = """
import sys, drivers.line
try: drivers.line.SerialLine('socket://127.0.0.1:1')
except drivers.line.LostLine: pass
assert 'drivers.protocol_listen' not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
