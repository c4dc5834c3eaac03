"""Emulator of a meter that sends lines of text, "seq=17 V1=3.4123*HH", as recommended to builders of such meters (text-line meter sheet)."""

from __future__ import annotations

import threading
from functools import reduce
from operator import xor

from drivers.simulated.faults import Fault, make_fault
from drivers.simulated.wire_faults import WireFaults
from drivers.simulated.world import World

TOKEN_REQUEST, TOKEN_ANSWER = b"token?", b"# topbal!!\n"
INTERVAL_S = 0.25
HIGHEST_V = 75.0  # beyond it, either way, the meter shows an open input


class TextLineEmulator:
    """A meter at the point that the bench description names, with its gain, offset and resolution. Inputs without a wire read nan."""

    interval_s: float | None = INTERVAL_S  # wall seconds between two lines

    def __init__(self, world: World) -> None:
        self.world, self.clock = world, world.clock
        self.faults = WireFaults(world.clock)
        self._meter = world.description.meter
        self._sequence = 0
        self._heard = b""
        self._lock = threading.Lock()
        self._decimals = max(4, len(f"{self._meter.resolution_v:.6f}".rstrip("0").partition(".")[2]))

    @property
    def delay_s(self) -> float:
        return self.faults.delay_s

    def message(self) -> bytes:
        """One line of what the meter shows now; b"" while a fault keeps it silent."""
        with self._lock:
            self.faults.due()
            self._sequence += 1
            if self.faults.gone:
                return b""
            off_v = self.faults.drawn_off_v()
            seen_v = self.world.points_v(self._meter.point)
            if self.faults.at_supply:
                seen_v = self.world.points_v("supply") * len(seen_v)
            channels = " ".join(f"V{number}={self._shown(volts, off_v)}" for number, volts in enumerate(seen_v, 1))
            text = f"seq={self._sequence} {channels}".encode()
            return self.faults.spoil(text + b"*%02X" % reduce(xor, text)).rstrip(b"\n") + b"\n"

    def feed(self, data: bytes) -> bytes:
        """Bytes that somebody sends to the meter: only the question for the token is answered."""
        with self._lock:
            self._heard = (self._heard + data)[-256:]
            *lines, self._heard = self._heard.replace(b"\r", b"\n").split(b"\n")
            return TOKEN_ANSWER * sum(line.strip() == TOKEN_REQUEST for line in lines)

    def inject(self, name: str, at_s: float | None = None, *, number: float | None = None) -> None:
        """Let a fault of the wire happen, at once or at a bench time. Raises FaultError."""
        self.inject_fault(make_fault(name, at_s, "", number))

    def inject_fault(self, fault: Fault) -> None:
        with self._lock:
            self.faults.add(fault)

    def undo(self, name: str) -> None:
        with self._lock:
            self.faults.undo(name)

    def _shown(self, true_v: float | None, off_v: float) -> str:
        if true_v is None:
            return "nan"
        volts = true_v * (1.0 + self._meter.gain_error) + self._meter.offset_v + off_v
        if abs(volts) > HIGHEST_V:
            return "nan"
        return f"{round(volts / self._meter.resolution_v) * self._meter.resolution_v:.{self._decimals}f}"
