"""What every emulator shares: its lock, its faults, how bytes reach it; and what every emulated supply shares: rating, knobs, output, display."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from drivers import modbus
from drivers.roles import Mode
from drivers.simulated.faults import Fault, make_fault
from drivers.simulated.wire_faults import WireFaults
from drivers.simulated.world import World

FRAME_PAUSE_S = 0.05  # a longer silence inside a binary frame means that its rest was lost
LONGEST_LINE = 256


class EmulatedInstrument(ABC):
    """One instrument on the bench. Thread-safe: `feed`, `message` and the faults hold the lock, what a family gives is called inside it."""

    interval_s: float | None = None  # wall seconds between two messages that it sends by itself; None: it speaks only when asked

    def __init__(self, world: World, *, wall_s: Callable[[], float] = time.monotonic) -> None:
        self.world, self.clock = world, world.clock
        self.faults = WireFaults(world.clock)
        self._lock = threading.RLock()
        self._wall_s = wall_s
        self._buffer, self._heard_s = b"", 0.0

    @property
    def delay_s(self) -> float:
        """Wall seconds by which answers come late."""
        return self.faults.delay_s

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the line; gives the answers to the requests that became whole."""
        with self._lock:
            now_s = self._wall_s()
            if now_s - self._heard_s > FRAME_PAUSE_S:
                self._paused()
            self._heard_s = now_s
            self._buffer += data
            answers = b""
            while (length := self._request_length(self._buffer)) and len(self._buffer) >= length:
                request, self._buffer = self._buffer[:length], self._buffer[length:]
                answers += self.answer(request)
            return answers

    def answer(self, request: bytes) -> bytes:
        """The answer to one whole request; b"" is silence."""
        with self._lock:
            self._happen()
            return b"" if self.faults.gone else self.faults.spoil(self._answer(request))

    def message(self) -> bytes:
        """What it sends by itself now."""
        return b""

    # --- what a family gives ---

    @abstractmethod
    def _request_length(self, buffer: bytes) -> int:
        """Bytes of the request that begins here; 0 while that cannot be told."""

    @abstractmethod
    def _answer(self, request: bytes) -> bytes:
        """The answer to one whole request, before faults of the wire."""

    def _paused(self) -> None:
        """Nothing came for a while: binary devices forget the beginning of a frame, those that read lines keep it."""
        self._buffer = b""

    def _begin(self, fault: Fault) -> None:  # noqa: B027 - most families have none of their own
        """The part of a fault that is this instrument's own."""

    def _end(self, name: str) -> None:  # noqa: B027
        """The same, put right."""

    # --- faults ---

    def inject(self, name: str, at_s: float | None = None, *, number: float | None = None) -> None:
        """Let a fault of the wire or the panel happen, at once or at a bench time. Raises FaultError."""
        self.inject_fault(make_fault(name, at_s, "", number))

    def inject_fault(self, fault: Fault) -> None:
        with self._lock:
            self.faults.add(fault)
            self._happen()

    def undo(self, name: str) -> None:
        with self._lock:
            self.faults.undo(name)
            self._end(name)

    def _happen(self) -> None:
        for fault in self.faults.due():
            self._begin(fault)


class LineInstrument(EmulatedInstrument):
    """One that is spoken to in lines of text. `ends` are the bytes that may end a line."""

    ends = b"\n"

    def _request_length(self, buffer: bytes) -> int:
        found = [at for at in (buffer.find(bytes((end,))) for end in self.ends) if at >= 0]
        if not found:
            self._buffer = self._buffer[-LONGEST_LINE:]
        return min(found) + 1 if found else 0

    def _paused(self) -> None:
        """A person may type it."""

    def _answer(self, request: bytes) -> bytes:
        line = request.decode("ascii", "replace").strip()
        return self._reply(line) if line else b""

    @abstractmethod
    def _reply(self, line: str) -> bytes:
        """The answer to one line without its end, with the end of the answer; b"" where none is given."""


@dataclass(frozen=True, slots=True)
class Display:
    """What a supply makes of itself at one instant: true to its own measurement, faults of the instrument included. A is never negative."""

    set_voltage_v: float
    set_current_a: float
    voltage_v: float
    current_a: float
    mode: Mode
    output_on: bool
    tripped: str
    battery_v: float
    delivered_ah: float


class EmulatedSupply(EmulatedInstrument):
    """`max_voltage_v` and `max_current_a` are the model's rating, capped by the bench description."""

    def __init__(self, world: World, max_voltage_v: float, max_current_a: float, *, wall_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(world, wall_s=wall_s)
        described = world.description.supply
        self.max_voltage_v = min(max_voltage_v, described.voltage_v or max_voltage_v)
        self.max_current_a = min(max_current_a, described.current_a or max_current_a)
        self.over_voltage_v = self.over_current_a = float("inf")
        self.power_up_on = False
        self._said_on = False  # what a supply with a welded relay believes of its output

    def display(self) -> Display:
        """Asks the physics once."""
        state = self.world.supply_state()
        current_a = abs(state.current_a)
        if self.faults.zeros > 0:
            self.faults.zeros -= 1
            current_a = 0.0
        on = self._said_on if self.faults.welded else state.output_on
        return Display(
            state.set_voltage_v,
            state.set_current_a,
            state.shown_v,
            current_a,
            state.mode,
            on,
            state.tripped,
            state.battery_v,
            state.delivered_ah,
        )

    def set_voltage(self, volts: float) -> bool:
        """False where it is beyond the rating."""
        if not 0.0 <= volts <= self.max_voltage_v + 1e-9:
            return False
        self.world.set_supply(voltage_v=volts)
        return True

    def set_current(self, amperes: float) -> bool:
        if not 0.0 <= amperes <= self.max_current_a + 1e-9:
            return False
        self.world.set_supply(current_a=amperes)
        return True

    def switch(self, on: bool) -> None:
        self._said_on = on
        if on or not (self.faults.stuck_on or self.faults.welded):
            self.world.set_output(on)

    def protect(self, *, over_voltage_v: float | None = None, over_current_a: float | None = None) -> None:
        """Levels at which it switches its output off by itself."""
        self.over_voltage_v = self.over_voltage_v if over_voltage_v is None else over_voltage_v
        self.over_current_a = self.over_current_a if over_current_a is None else over_current_a
        self.world.set_protection(over_voltage_v=self.over_voltage_v, over_current_a=self.over_current_a)

    def _begin(self, fault: Fault) -> None:
        """Hands on the knobs, once; a relay; the mains."""
        if fault.name == "panel-set-voltage":
            self.world.set_supply(voltage_v=fault.amount)
        elif fault.name == "panel-set-current":
            self.world.set_supply(current_a=fault.amount)
        elif fault.name in ("panel-output-off", "panel-output-on"):
            self.world.set_output(fault.name == "panel-output-on")
        elif fault.name == "relay-welded":
            self._said_on = self.world.output_on
        elif fault.name == "brown-out":
            self.world.set_output(self.power_up_on)
        elif fault.name == "power-up-on":
            self.power_up_on = True

    def _end(self, name: str) -> None:
        if name == "power-up-on":
            self.power_up_on = False
        elif name == "panel-output-on":
            self.world.set_output(False)


class RegisterInstrument(EmulatedInstrument):
    """One that speaks Modbus RTU. `functions` are those that it knows; `longest_read` registers are answered at most. The codes are those with
    which it declines a read of more than that, and a value."""

    unit = 1
    functions: tuple[int, ...] = (modbus.READ, modbus.WRITE, modbus.WRITE_MANY)
    longest_read = 125
    length_code, value_code = modbus.ILLEGAL_REGISTER, modbus.ILLEGAL_VALUE

    def _request_length(self, buffer: bytes) -> int:
        return modbus.request_length(buffer)

    def _answer(self, request: bytes) -> bytes:
        """Silence for a wrong CRC and for another unit's address."""
        decoded = modbus.decode_request(request)
        if decoded is None or decoded.unit != self.unit:
            return b""
        if decoded.function not in self.functions:
            return modbus.refusal(decoded, modbus.ILLEGAL_FUNCTION)
        if decoded.function == modbus.READ:
            if not 1 <= decoded.count <= self.longest_read:
                return modbus.refusal(decoded, self.length_code)
            registers = self._read(decoded.register, decoded.count)
            return modbus.refusal(decoded, modbus.ILLEGAL_REGISTER) if registers is None else modbus.read_reply(decoded, registers)
        writes = list(enumerate(decoded.values, decoded.register))
        if not writes or not all(self._writable(register) for register, _ in writes):
            return modbus.refusal(decoded, modbus.ILLEGAL_REGISTER)
        for register, value in writes:
            if not self._write(register, value):
                return modbus.refusal(decoded, self.value_code)
        return modbus.write_reply(decoded)

    @abstractmethod
    def _read(self, first: int, count: int) -> list[int] | None:
        """The registers now; None where it has none of that number."""

    @abstractmethod
    def _writable(self, register: int) -> bool: ...

    @abstractmethod
    def _write(self, register: int, value: int) -> bool:
        """False where it declines the value."""
