"""Emulator of the OWON SPE, SPM and P4000 and of the Kiprim DC, on the embedded bench's physics (OWON sheet).

Short and long forms in any case; ERR for whatever is not known or out of range. Where the sheet is not sure: VOLT:LIM and CURR:LIM switch the
output off and do not bind the set-points; a trip shows as mode 3 until the output is switched again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated.instrument import EmulatedSupply, LineInstrument
from drivers.simulated.world import World

SHORT = {
    long: long[:3] if long in ("LIMIT", "POWER", "REMOTE", "LOCAL") else long[:4]
    for long in ("VOLTAGE", "CURRENT", "OUTPUT", "MEASURE", "POWER", "LIMIT", "SYSTEM", "REMOTE", "LOCAL")
}
TOO_SOON_S = 0.01


@dataclass(frozen=True, slots=True)
class Kind:
    """`plain`: flags are 0 and 1, parts stand between blanks (SPM and P4000)."""

    maker: str
    max_voltage_v: float
    max_current_a: float
    firmware: str = "V5.2.0"
    plain: bool = False


KINDS = {
    "SPE6103": Kind("OWON", 60.0, 10.0),
    "SPE3103": Kind("OWON", 30.0, 10.0),
    "SPM6103": Kind("OWON", 60.0, 10.0, "V2.1.0", plain=True),
    "P4603": Kind("OWON", 60.0, 3.0, "V1.6.0", plain=True),
    "DC310S": Kind("KIPRIM", 30.0, 10.0),
    "DC605S": Kind("KIPRIM", 60.0, 5.0),
    "DC610S": Kind("KIPRIM", 60.0, 10.0),
    "DC620S": Kind("KIPRIM", 60.0, 20.0),
}


def make(world: World, model: str, **options: str) -> OwonEmulator:
    return OwonEmulator(world, model)


class OwonEmulator(LineInstrument, EmulatedSupply):
    """One supply. `wants_cr`: silent on LF alone; `hurried`: a question right after a command is not answered."""

    def __init__(
        self,
        world: World,
        model: str = "SPE6103",
        *,
        serial: str = "24371986",
        wants_cr: bool = False,
        hurried: bool = False,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model_name, self._kind = model, KINDS[model]
        super().__init__(world, self._kind.max_voltage_v, self._kind.max_current_a, wall_s=wall_s)
        self._serial, self._wants_cr, self._hurried, self._told_s = serial, wants_cr, hurried, -1.0
        self.protect(over_voltage_v=self.max_voltage_v + 1.0, over_current_a=self._kind.max_current_a + 0.1)

    def _answer(self, request: bytes) -> bytes:
        if self._wants_cr and not request.endswith(b"\r\n"):
            return b""
        return super()._answer(request)

    def _reply(self, line: str) -> bytes:
        head, _, value = line.upper().partition(" ")
        if self.model_name.startswith("P4") and head.startswith("SYSTEM"):
            return b"ERR\r\n"
        head = ":".join(SHORT.get(word, word) for word in re.split("[:]", head.rstrip("?").lstrip(":"))) + "?" * head.endswith("?")
        if not head.endswith("?"):
            self._told_s = self._wall_s()
            return b"" if self._told(head, value.strip()) else b"ERR\r\n"
        if self._hurried and self._wall_s() - self._told_s < TOO_SOON_S:
            return b""
        return (self._asked(head) or "ERR").encode() + b"\r\n"

    def _asked(self, head: str) -> str:
        if head == "*IDN?":
            name = f"SPE{self.faults.model_id}" if self.faults.model_id else self.model_name
            return f"{self._kind.maker},{name},{self._serial},FV:{self._kind.firmware}"
        now = self.display()
        measured = (now.voltage_v, now.current_a, now.voltage_v * now.current_a)
        between = " " if self._kind.plain else ","
        if head == "MEAS:ALL:INFO?":
            flags = (self._flag(now.tripped == name) for name in ("OVP", "OCP", "OTP"))
            mode = {"CV": 1, "CC": 2}[now.mode] if now.output_on else 3 if now.tripped else 0
            return between.join((*(f"{value:.3f}" for value in measured), *flags, str(mode)))
        numbers = {
            "VOLT?": now.set_voltage_v,
            "CURR?": now.set_current_a,
            "VOLT:LIM?": self.over_voltage_v,
            "CURR:LIM?": self.over_current_a,
            "MEAS:VOLT?": measured[0],
            "MEAS:CURR?": measured[1],
            "MEAS:POW?": measured[2],
        }
        if head in numbers:
            return f"{numbers[head]:.3f}"
        if head == "MEAS:ALL?":
            return between.join(f"{value:.3f}" for value in measured)
        return self._flag(now.output_on) if head == "OUTP?" else ""

    def _flag(self, on: bool) -> str:
        return str(int(on)) if self._kind.plain else "ON" if on else "OFF"

    def _told(self, head: str, value: str) -> bool:
        """False where it declines."""
        if head == "OUTP" and value in ("ON", "OFF", "1", "0"):
            self.switch(value in ("ON", "1"))
        elif head in ("VOLT", "CURR", "VOLT:LIM", "CURR:LIM") and re.fullmatch(r"\d+(\.\d*)?|\.\d+", value):
            return self._set(head, float(value))
        elif head == "*RST":
            self.switch(False)
            self.set_voltage(0.0)
            self.set_current(0.0)
        elif head not in ("SYST:REM", "SYST:LOC"):
            return False
        return True

    def _set(self, head: str, value: float) -> bool:
        if head == "VOLT":
            return self.set_voltage(value)
        if head == "CURR":
            return self.set_current(value)
        if head == "VOLT:LIM":
            if value > self.max_voltage_v + 1.0:
                return False
            self.protect(over_voltage_v=value)
        else:
            if value > self._kind.max_current_a + 0.1 + 1e-9:
                return False
            self.protect(over_current_a=value)
        return True
