"""Emulator of a hand-held meter with the ES51922, as a UNI-T UT61E: a packet of 14 bytes each half second (ES51922 sheet).

It sends as a port with 7 data bits hears it. With `frame="8N1"` the odd parity stands in bit 7, as a port without parity hears it.
"""

from __future__ import annotations

from drivers.simulated.emulated_meter import Probes, StreamingEmulator
from drivers.simulated.world import World

VOLT_RANGES = (("0", 2.2, 1e-4), ("1", 22.0, 1e-3), ("2", 220.0, 1e-2), ("3", 1000.0, 1e-1))
MILLIVOLTS = ("4", 0.22, 1e-5)
FUNCTIONS = {"V": ";", "µA": "=", "mA": "?", "A": "0", "Ω": "3", "beep": "5", "diode": "1", "Hz": "2", "F": "6", "°C": "4", "ADP": ">"}
OVERLOADS = {"V": 22000, "Ω": 22580}
KEYS = {
    "%": (7, 8),
    "low battery": (7, 2),
    "overload": (7, 1),
    "MAX": (8, 8),
    "MIN": (8, 4),
    "REL": (8, 2),
    "RMR": (8, 1),
    "under limit": (9, 8),
    "shows MAX": (9, 4),
    "shows MIN": (9, 2),
    "DC": (10, 8),
    "AC": (10, 4),
    "auto": (10, 2),
    "shows Hz": (10, 1),
    "VBAR": (11, 4),
    "HOLD": (11, 2),
    "LPF": (11, 1),
}
MINUS = (7, 4)


def make(world: World, model: str, **options: str) -> Es51922Emulator:
    return Es51922Emulator(world, Probes.on(world, options, several=False), frame=options.get("frame", "7O1"))


class Es51922Emulator(StreamingEmulator):
    """Its dial and keys: `function` (a name of FUNCTIONS), `range` ("" chooses by itself), `keys` (names of KEYS)."""

    def __init__(self, world: World, probes: Probes | None = None, *, frame: str = "7O1") -> None:
        super().__init__(world, probes)
        self._parity = frame.startswith("8")
        self.function, self.range = "V", ""
        self.keys: set[str] = {"DC"}

    def _shown(self) -> bytes:
        volts = self.shown_v()
        keys = set(self.keys)
        if self.faults.wrong_function:
            keys = keys - {"DC"} | {"AC"}
            volts = 0.0004
        if self.faults.drift_v_per_h:
            keys.add("low battery")
        shown = abs(volts) if self.function == "V" and not keys & {"shows Hz", "%"} else 0.0
        range_sign, full_scale, step = self._range_of(shown)
        if self.function != "V":
            range_sign, full_scale, step = self.range or "0", 22000.0, 1.0
        if not self.range:
            keys.add("auto")
        if "overload" in keys or shown > full_scale:
            keys.add("overload")
            digits = OVERLOADS.get(self.function, 22000)
        else:
            digits = round(shown / step)
        flags = [0x30] * 5
        for name in keys:
            byte, bit = KEYS[name]
            flags[byte - 7] |= bit
        if volts < 0 and digits:
            flags[MINUS[0] - 7] |= MINUS[1]
        packet = f"{range_sign}{digits:05d}{FUNCTIONS[self.function]}".encode() + bytes(flags) + b"\r\n"
        return bytes(byte | 0x80 if byte.bit_count() % 2 == 0 else byte for byte in packet) if self._parity else packet

    def _range_of(self, volts: float) -> tuple[str, float, float]:
        """Its sign, full scale and last digit, V."""
        if self.range:
            return next(one for one in (*VOLT_RANGES, MILLIVOLTS) if one[0] == self.range) if self.function == "V" else VOLT_RANGES[0]
        return next((one for one in VOLT_RANGES if volts < one[1]), VOLT_RANGES[-1])
