"""Emulator of the Manson HCS and its rebadges, on the embedded bench's physics (Manson sheet).

What is understood is answered with OK, anything else with silence. Where the sheet is not sure: a set-point above its ceiling is not taken,
a ceiling below its set-point lowers that too, and set-points reach as far as GMAX says.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated.instrument import EmulatedSupply, LineInstrument
from drivers.simulated.world import World

LEAST_V = 1.0


@dataclass(frozen=True, slots=True)
class Kind:
    """`largest`: its answer to GMAX. `name`: its answer to GMOD, "" for a brand that does not know it."""

    largest: str
    per_ampere: int = 10
    name: str = ""


KINDS = {
    "HCS-3302": Kind("322160", name="HCS-3302"),
    "HCS-3202": Kind("362120", name="3202"),
    "HCS-3204": Kind("602600", 100, "HCS-3204"),
    "1687B": Kind("362120"),
    "PPS11360": Kind("362700", 100),
    "DPPS3220": Kind("322215"),
}


def make(world: World, model: str, **options: str) -> MansonEmulator:
    return MansonEmulator(world, model)


class MansonEmulator(LineInstrument, EmulatedSupply):
    """One supply."""

    ends = b"\r"

    def __init__(self, world: World, model: str = "HCS-3302", *, wall_s: Callable[[], float] = time.monotonic) -> None:
        self.model_name, self._kind = model, KINDS[model]
        volts, amperes = int(self._kind.largest[:3]) / 10, int(self._kind.largest[3:]) / self._kind.per_ampere
        super().__init__(world, volts, amperes, wall_s=wall_s)
        self._ceiling_v, self._ceiling_a = self.max_voltage_v, self.max_current_a
        self._presets = ["050010", "138010", "250010"]
        world.set_supply(voltage_v=LEAST_V)

    def _reply(self, line: str) -> bytes:
        answer = self._asked(line) if line.startswith("G") else "" if self._told(line) else None
        return b"" if answer is None else (f"{answer}\r" if answer else "").encode() + b"OK\r"

    def _asked(self, line: str) -> str | None:
        now = self.display()
        per_ampere = self._kind.per_ampere
        if line == "GETD":
            limits = now.output_on and now.mode == "CC"
            return f"{round(max(now.voltage_v, 0.0) * 100):04d}{round(now.current_a * 100):04d}{int(limits)}"
        return {
            "GMAX": f"{self.faults.model_id % 1000000:06d}" if self.faults.model_id else self._kind.largest,
            "GMOD": self._kind.name or None,
            "GETS": f"{round(now.set_voltage_v * 10):03d}{round(now.set_current_a * per_ampere):03d}",
            "GOVP": f"{round(self._ceiling_v * 10):03d}",
            "GOCP": f"{round(self._ceiling_a * per_ampere):03d}",
            "GETM": "\r".join(self._presets),
        }.get(line)

    def _told(self, line: str) -> bool:
        """False where it does not understand, or declines."""
        if found := re.fullmatch(r"(VOLT|SOVP|CURR|SOCP)(\d{3})", line):
            word, count = found[1], int(found[2])
            return self._volts(word, count / 10) if word in ("VOLT", "SOVP") else self._amperes(word, count / self._kind.per_ampere)
        if line in ("SOUT0", "SOUT1"):
            self.switch(line == "SOUT0")  # 0 is on
        elif found := re.fullmatch(r"PROM(\d{6})(\d{6})(\d{6})", line):
            self._presets = list(found.groups())
        elif found := re.fullmatch(r"RUNM([012])", line):
            preset = self._presets[int(found[1])]
            return self._volts("VOLT", int(preset[:3]) / 10) and self._amperes("CURR", int(preset[3:]) / self._kind.per_ampere)
        elif line not in ("SESS", "ENDS"):
            return False
        return True

    def _volts(self, word: str, volts: float) -> bool:
        if not LEAST_V - 1e-9 <= volts <= self.max_voltage_v + 1e-9:
            return False
        if word == "SOVP":
            self._ceiling_v = volts
            volts = min(volts, self.world.set_points[0])
        return volts <= self._ceiling_v + 1e-9 and self.set_voltage(volts)

    def _amperes(self, word: str, amperes: float) -> bool:
        if amperes > self.max_current_a + 1e-9:
            return False
        if word == "SOCP":
            self._ceiling_a = amperes
            amperes = min(amperes, self.world.set_points[1])
        return amperes <= self._ceiling_a + 1e-9 and self.set_current(amperes)
