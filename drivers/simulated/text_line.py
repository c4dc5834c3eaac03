"""Emulator of a meter that sends lines of text, "seq=17 V1=3.4123*HH", as recommended to builders of such meters (text-line meter sheet)."""

from __future__ import annotations

from functools import reduce
from operator import xor

from drivers.simulated.emulated_meter import EmulatedMeter, Probes
from drivers.simulated.world import World

INTERVAL_S = 0.25
HIGHEST_V = 75.0  # beyond it, either way, the meter shows an open input


def make(world: World, model: str, **options: str) -> TextLineEmulator:
    return TextLineEmulator(world, Probes.on(world, options))


class TextLineEmulator(EmulatedMeter):
    """A logger with one input for each point that is probed. Inputs without a wire read nan."""

    interval_s = INTERVAL_S

    def __init__(self, world: World, probes: Probes | None = None) -> None:
        super().__init__(world, probes)
        self._sequence = 0
        self._decimals = max(4, len(f"{self.resolution_v:.6f}".rstrip("0").partition(".")[2]))

    def message(self) -> bytes:
        """One line of what the meter shows now; b"" while a fault keeps it silent."""
        with self._lock:
            self._happen()
            self._sequence += 1
            if self.faults.gone:
                return b""
            channels = " ".join(f"V{number}={self._shown(volts)}" for number, volts in enumerate(self.seen_v(), 1))
            text = f"seq={self._sequence} {channels}".encode()
            return self.faults.spoil(text + b"*%02X" % reduce(xor, text)).rstrip(b"\n") + b"\n"

    def _request_length(self, buffer: bytes) -> int:
        return len(buffer)  # it does not listen

    def _answer(self, request: bytes) -> bytes:
        return b""

    def _shown(self, volts: float | None) -> str:
        return "nan" if volts is None or abs(volts) > HIGHEST_V else f"{volts:.{self._decimals}f}"
