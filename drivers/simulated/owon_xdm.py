"""Emulator of the OWON XDM bench meters: their commands in short and long form, as the devices answer them (OWON meter sheet).

MEAS:VOLT:DC?, SYST:ERR?, VOLT:RANG? and *OPC? are not answered, as on the device. With auto range it climbs to what it sees and does not come
back. Numbers have more digits than its display. What the sheet leaves open: a value in another function is what a cell gives there, nothing or
an overload.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.simulated.emulated_meter import EmulatedMeter, Probes
from drivers.simulated.instrument import LineInstrument
from drivers.simulated.scpi_headers import Headers
from drivers.simulated.world import World

END = b"\r\n"
RANGES = {0.05: "50 mV", 0.5: "500 mV", 5.0: "5 V", 50.0: "50 V", 500.0: "500 V", 1000.0: "1000 V"}
FULL_SCALE = 1.1  # 55000 counts
OVERLOAD = 1e9
FUNCTIONS = {
    "CONFigure:VOLTage:AC": "VOLT AC",
    "CONFigure:CURRent[:DC]": "CURR",
    "CONFigure:CURRent:AC": "CURR AC",
    "CONFigure:RESistance": "RES",
    "CONFigure:FRESistance": "FRES",
    "CONFigure:CAPacitance": "CAP",
    "CONFigure:FREQuency": "FREQ",
    "CONFigure:PERiod": "PER",
    "CONFigure:DIODe": "DIOD",
    "CONFigure:CONTinuity": "CONT",
    "CONFigure:TEMPerature[:RTD]": "TEMP",
}
SHOWS_NOTHING = ("VOLT AC", "CURR", "CURR AC", "FREQ", "PER")
RATES = ("S", "M", "F")


def make(world: World, model: str, **options: str) -> OwonXdmEmulator:
    return OwonXdmEmulator(world, Probes.on(world, options, several=False), model=model or "XDM1041")


class OwonXdmEmulator(LineInstrument, EmulatedMeter):
    """`acknowledges`: firmware since May 2021 answers commands with OK or nOK; older is silent."""

    def __init__(self, world: World, probes: Probes | None = None, *, model: str = "XDM1041", acknowledges: bool = True) -> None:
        super().__init__(world, probes)
        self._identity = f"OWON,{model},23362517,V4.2.0,3"
        self._acknowledges = acknowledges
        self._function, self._range_v, self._auto, self._rate = "VOLT", 0.5, True, "S"
        to_function: dict[str, Callable[[str], str | None]] = {
            header: lambda _, name=name: self._turn(name)  # type: ignore[misc]  # mypy takes the default for an argument
            for header, name in FUNCTIONS.items()
        }
        self._headers: Headers[Callable[[str], str | None]] = Headers(
            {
                "*IDN?": lambda _: self._identity,
                "MEASure[1]?": lambda _: f"{self._value():.6E}",
                "MEASure2?": lambda _: "NONe",
                "FUNCtion[1]?": lambda _: f'"{self.function}"',
                "FUNCtion2?": lambda _: "NONe",
                "RANGe?": lambda _: self._range(),
                "RANGE?": lambda _: self._range(),
                "AUTO?": lambda _: str(int(self._auto)),
                "RATE?": lambda _: self._rate,
                "AUTO": lambda _: self._climb(),
                "RATE": self._set_rate,
                "CONFigure[:VOLTage][:DC]": self._set_range,
                "SYSTem:REMote": lambda _: "",
                "SYSTem:LOCal": lambda _: "",
                **to_function,
            }
        )

    @property
    def function(self) -> str:
        return "VOLT AC" if self.faults.wrong_function else self._function

    def _reply(self, line: str) -> bytes:
        found = self._headers.find(line)
        if line.endswith("?"):
            answer = found[0](found[1]) if found else None
            return b"" if answer is None else answer.encode("latin-1") + END
        taken = found is not None and found[0](found[1]) is not None
        return (b"OK" if taken else b"nOK") + END if self._acknowledges else b""

    def _value(self) -> float:
        if self.function != "VOLT":
            self.shown_v()
            return 0.0004 if self.function in SHOWS_NOTHING else OVERLOAD
        volts = self.shown_v()
        while self._auto and abs(volts) > FULL_SCALE * self._range_v and self._range_v < max(RANGES):
            self._range_v = next(volts for volts in RANGES if volts > self._range_v)
        return OVERLOAD if abs(volts) > FULL_SCALE * self._range_v else volts

    def _range(self) -> str | None:
        if self.function == "VOLT":
            return RANGES[self._range_v]
        if self.function in ("DIOD", "CONT"):
            return None
        return "500.0 \xa6\xb8" if self.function in ("RES", "FRES") else "50 mV"

    def _set_range(self, text: str) -> str | None:
        """None for a range that it does not have."""
        if text.upper() in ("", "AUTO"):
            self._turn("VOLT")
            return self._climb()
        try:
            range_v = float(text)
        except ValueError:
            return None
        if range_v not in RANGES:
            return None
        self._function, self._range_v, self._auto = "VOLT", range_v, False
        return ""

    def _climb(self) -> str:
        self._auto, self._range_v = True, min(RANGES)
        return ""

    def _set_rate(self, text: str) -> str | None:
        if text.upper() not in RATES:
            return None
        self._rate = text.upper()
        return ""

    def _turn(self, function: str) -> str:
        self._function = function
        return ""
