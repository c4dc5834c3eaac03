"""How an emulator meets a driver: over a pseudo-terminal like any hardware, or over a line in memory with the same bytes."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from typing import Protocol

from drivers import proof
from drivers.clock import Clock


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


class PtyServer:
    """Serves one emulator on a pseudo-terminal in raw mode, from a thread of its own, until `close`.

    `path` is what a driver opens, "/dev/pts/3". Bytes that nobody reads are dropped when the terminal's buffer is full, as on a wire.
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._master, self._slave = os.openpty()  # the slave stays open here, so that a driver may come and go
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._late: list[tuple[float, bytes]] = []  # answers and when they are sent, wall time
        self._thread = threading.Thread(target=self._serve, name=f"emulator {self.path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, take the terminal away: to a driver the cable is pulled. A second call does nothing."""
        if self._wake_write < 0:
            return
        os.close(self._wake_write)
        self._wake_write = -1
        self._thread.join()
        for descriptor in (self._master, self._slave, self._wake_read):
            os.close(descriptor)

    def _serve(self) -> None:
        interval_s = self._emulator.interval_s
        next_message_s = time.monotonic() + interval_s if interval_s else float("inf")
        while True:
            due_s = min([next_message_s, *(when_s for when_s, _ in self._late)])
            wait_s = None if due_s == float("inf") else max(due_s - time.monotonic(), 0.0)
            ready, _, _ = select.select([self._master, self._wake_read], [], [], wait_s)
            if self._wake_read in ready:
                return
            if self._master in ready:
                self._hear()
            now_s = time.monotonic()
            if interval_s and now_s >= next_message_s:
                self._send(self._emulator.message())
                next_message_s = max(next_message_s + interval_s, now_s)
            while self._late and self._late[0][0] <= now_s:
                self._send(self._late.pop(0)[1])

    def _hear(self) -> None:
        try:
            answer = heard(self._emulator, os.read(self._master, 4096))
        except OSError:  # a client closed in between; the next one opens the same terminal
            return
        if answer and self._emulator.delay_s > 0:
            self._late.append((time.monotonic() + self._emulator.delay_s, answer))
        elif answer:
            self._send(answer)

    def _send(self, data: bytes) -> None:
        try:
            if data:
                os.write(self._master, data)
        except BlockingIOError:  # nobody reads
            return


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
