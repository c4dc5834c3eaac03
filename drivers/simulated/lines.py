"""How an emulator meets a driver: over a pseudo-terminal like any hardware, over TCP, or over a line in memory with the same bytes."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
import tty
from abc import ABC, abstractmethod
from typing import Protocol

from drivers import proof
from drivers.clock import Clock

LOOPBACK = "127.0.0.1"


class Emulator(Protocol):
    """An instrument that is not there."""

    clock: Clock
    interval_s: float | None  # wall seconds between two messages that it sends by itself; None: it speaks only when asked

    @property
    def delay_s(self) -> float:
        """Wall seconds by which its answers come late."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take bytes, give the answers."""
        ...

    def message(self) -> bytes:
        """What it sends by itself now."""
        ...


def heard(emulator: Emulator, data: bytes) -> bytes:
    """What an emulator answers to bytes, or its proof that it is one: the same for every family, on every kind of line."""
    return proof.ANSWER if data == proof.REQUEST else emulator.feed(data)


class Server(ABC):
    """Serves one emulator from a thread of its own, until `close`. A subclass joins it to whoever opens `path`.

    Bytes that nobody reads are dropped when there is no more room for them, as on a wire.
    """

    path: str

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._wake_read, self._wake_write = os.pipe()
        self._late: list[tuple[float, bytes]] = []  # answers and when they are sent, wall time

    @abstractmethod
    def _inputs(self) -> list[int]:
        """The descriptors on which something may come, in the order in which they are looked at."""

    @abstractmethod
    def _ready(self, descriptor: int) -> None:
        """Something came there."""

    @abstractmethod
    def _send(self, data: bytes) -> None:
        """To whoever listens; nothing is waited for."""

    @abstractmethod
    def _let_go(self) -> None:
        """Close what this server has opened."""

    def close(self) -> None:
        """End the thread, take the line away: to a driver the cable is pulled. A second call does nothing."""
        if self._wake_write < 0:
            return
        os.close(self._wake_write)
        self._wake_write = -1
        self._thread.join()
        self._let_go()
        os.close(self._wake_read)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._serve, name=f"emulator {self.path}", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        interval_s = self._emulator.interval_s
        next_message_s = time.monotonic() + interval_s if interval_s else float("inf")
        while True:
            due_s = min([next_message_s, *(when_s for when_s, _ in self._late)])
            wait_s = None if due_s == float("inf") else max(due_s - time.monotonic(), 0.0)
            inputs = self._inputs()
            ready, _, _ = select.select([*inputs, self._wake_read], [], [], wait_s)
            if self._wake_read in ready:
                return
            for descriptor in inputs:
                if descriptor in ready:
                    self._ready(descriptor)
            now_s = time.monotonic()
            if interval_s and now_s >= next_message_s:
                self._send(self._emulator.message())
                next_message_s = max(next_message_s + interval_s, now_s)
            while self._late and self._late[0][0] <= now_s:
                self._send(self._late.pop(0)[1])

    def _hear(self, data: bytes) -> None:
        answer = heard(self._emulator, data)
        if answer and self._emulator.delay_s > 0:
            self._late.append((time.monotonic() + self._emulator.delay_s, answer))
        elif answer:
            self._send(answer)


class PtyServer(Server):
    """On a pseudo-terminal in raw mode. `path` is what a driver opens, "/dev/pts/3"."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self._master, self._slave = os.openpty()  # the slave stays open here, so that a driver may come and go
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._start()

    def _inputs(self) -> list[int]:
        return [self._master]

    def _ready(self, descriptor: int) -> None:
        try:
            data = os.read(self._master, 4096)
        except OSError:  # a client closed in between; the next one opens the same terminal
            return
        self._hear(data)

    def _send(self, data: bytes) -> None:
        try:
            if data:
                os.write(self._master, data)
        except BlockingIOError:  # nobody reads
            return

    def _let_go(self) -> None:
        os.close(self._master)
        os.close(self._slave)


class TcpServer(Server):
    """On a TCP port, bytes as they are: an instrument on the network, or one behind a serial server. `path` is "socket://127.0.0.1:5025".

    Port 0 takes any free one. One client at a time, as on a cable; whoever comes besides is hung up on. Raises OSError where the port is taken.
    """

    def __init__(self, emulator: Emulator, host: str = LOOPBACK, port: int = 0) -> None:
        six = ":" in host
        self._listener = socket.create_server((host, port), family=socket.AF_INET6 if six else socket.AF_INET)
        super().__init__(emulator)
        self._client: socket.socket | None = None
        self.path = f"socket://{f'[{host}]' if six else host}:{self._listener.getsockname()[1]}"
        self._start()

    def _inputs(self) -> list[int]:
        """The client first: one that hangs up makes room for the next."""
        return [one.fileno() for one in (self._client, self._listener) if one is not None]

    def _ready(self, descriptor: int) -> None:
        self._listen()
        if descriptor == self._listener.fileno():
            self._pick_up()

    def _listen(self) -> None:
        """Take what the client sent, and notice that it hung up."""
        while self._client is not None:
            try:
                data = self._client.recv(4096)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self._hear(data)
            else:
                self._hang_up()

    def _pick_up(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:  # gone again before it was picked up
            return
        if self._client is not None:
            client.close()
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client

    def _send(self, data: bytes) -> None:
        try:
            if data and self._client is not None:
                self._client.send(data)
        except BlockingIOError:  # nobody reads
            return
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        self._late.clear()
        if client is not None:
            client.close()

    def _let_go(self) -> None:
        self._hang_up()
        self._listener.close()


class MemoryLine:
    """A line in memory, with an emulator at its other end; implements `roles.Line`. Nothing waits: an answer is there at once or never."""

    def __init__(self, url: str, emulator: Emulator) -> None:
        self.url = url
        self._emulator = emulator
        self._waiting = b""
        self._spoke_s: float | None = None

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        """The emulator's answer, at most `expect` bytes; b"" when it would come after the deadline (the late answer is dropped)."""
        self._waiting = b""
        answer = heard(self._emulator, request)
        if self._emulator.delay_s > deadline_s:
            return b""
        return answer[:expect]

    def write(self, data: bytes) -> None:
        self._waiting += heard(self._emulator, data)

    def read_available(self) -> bytes:
        """What waits, and one message of an emulator that speaks by itself for each new bench time."""
        waiting, self._waiting = self._waiting, b""
        now_s = self._emulator.clock.now_s()
        if self._emulator.interval_s is not None and now_s != self._spoke_s:
            self._spoke_s = now_s
            waiting += self._emulator.message()
        return waiting

    def close(self) -> None:
        self._waiting = b""
