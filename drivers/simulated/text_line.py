"""Emulator of a meter that sends lines of text, "seq=17 V1=3.4123*HH", as recommended to builders of such meters (text-line meter sheet).

Its option `form` lets it speak as other boards do: "kv", "csv", "single" or "json".
"""

from __future__ import annotations

import json
from functools import reduce
from operator import xor

from drivers.simulated.emulated_meter import Probes, StreamingEmulator
from drivers.simulated.faults import FaultError
from drivers.simulated.world import World

INTERVAL_S = 0.25
HIGHEST_V = 75.0  # beyond it, either way, the meter shows an open input
FORMS = ("checked", "kv", "csv", "single", "json")


def make(world: World, model: str, **options: str) -> TextLineEmulator:
    return TextLineEmulator(world, Probes.on(world, options), form=options.get("form", "checked"))


class TextLineEmulator(StreamingEmulator):
    """A logger with one input for each point that is probed. Inputs without a wire read nan (null in JSON)."""

    interval_s = INTERVAL_S

    def __init__(self, world: World, probes: Probes | None = None, *, form: str = "checked") -> None:
        super().__init__(world, probes)
        if form not in FORMS:
            raise FaultError(f"a text-line meter has no form {form!r}; it has: {', '.join(FORMS)}.")
        self._form = form
        self._sequence = 0
        digits = len(f"{self.resolution_v:.6f}".rstrip("0").partition(".")[2])
        self._decimals = max(4, digits) if form == "checked" else digits

    def _shown(self) -> bytes:
        self._sequence += 1
        seen_v = self.seen_v()
        if self.faults.wrong_function:
            return b"AC 0.0004 V\n"
        values = ["OL" if self.faults.overloaded else self._text(volts) for volts in seen_v]
        names = [f"V{number}={value}" for number, value in enumerate(values, 1)]
        if self._form == "kv":
            return f"{','.join(names)}\r\n".encode()
        if self._form == "csv":
            return f"{','.join(values)}\n".encode()
        if self._form == "single":
            return f"DC {values[0]} V\n".encode()
        if self._form == "json":
            cells = [float(value) if value[0].isdigit() else None for value in values]
            return json.dumps({"cells": cells}, separators=(",", ":")).encode() + b"\n"
        text = f"seq={self._sequence} {' '.join(names)}".encode()
        return text + b"*%02X\n" % reduce(xor, text)

    def _text(self, volts: float | None) -> str:
        return "nan" if volts is None or abs(volts) > HIGHEST_V else f"{volts:.{self._decimals}f}"
