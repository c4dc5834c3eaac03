"""Emulator of Rigol DP700 and DP800 supplies on the embedded bench's physics (Rigol sheet).

Where the sheet is silent: answers have the decimals of its examples, a trip is forgotten when it is cleared or the output switched on, and
:SOURce:VOLTage:PROTection:CLEar switches the output on again, as the sheet warns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from drivers.simulated.scpi_supply import ScpiModel, ScpiSupplyEmulator
from drivers.simulated.scpi_words import MISSING, WRONG_TYPE, ScpiError, ScpiInstrument
from drivers.simulated.world import World

IDN = "RIGOL TECHNOLOGIES,{model},DP8C194205678,00.01.14"
RANGES = {"DP811": {"P20V": (20.0, 10.0), "P40V": (40.0, 5.0)}}
PLATES = {  # what stands beside the set-points
    "DP811": ("40V/5A",),
    "DP821": ("60V/1A", "8V/10A"),
    "DP831": ("8V/5A", "30V/2A", "-30V/2A"),
    "DP832": ("30V/3A", "30V/3A", "5V/3A"),
}


def _big(*outlets: tuple[float, float]) -> ScpiModel:
    return ScpiModel(IDN, outlets, (3, 4), (4, 4))


def make(world: World, model: str, **options: str) -> RigolEmulator:
    return RigolEmulator(world, model, wired=int(options.get("channel", 1)))


class RigolEmulator(ScpiSupplyEmulator):
    """One supply. A channel is named in the header (SOURce2), as an argument (CH2), or is the selected one."""

    models: ClassVar[Mapping[str, ScpiModel]] = {
        "DP711": ScpiModel(IDN, ((32.0, 5.3),), (2, 2), (2, 2)),
        "DP712": ScpiModel(IDN, ((53.0, 3.2),), (2, 2), (2, 2)),
        "DP811": _big((40.0, 5.0)),
        "DP821": _big((60.0, 1.0), (8.0, 10.0)),
        "DP831": _big((8.4, 5.3), (32.0, 2.1), (32.0, 2.1)),
        "DP832": _big((32.0, 3.2), (32.0, 3.2), (5.3, 3.2)),
        "DP832A": _big((32.0, 3.2), (32.0, 3.2), (5.3, 3.2)),
    }
    commands: ClassVar[Mapping[str, str]] = {
        **ScpiInstrument.COMMON,
        **ScpiSupplyEmulator.STORES,
        **ScpiSupplyEmulator.SOURCE,
        "[SOURce<n>:]VOLTage:PROTection:CLEar": "clear_and_switch_on",
        "[SOURce<n>:]CURRent:PROTection[:LEVel]": "over_current",
        "[SOURce<n>:]CURRent:PROTection[:LEVel]?": "over_current_q",
        "[SOURce<n>:]CURRent:PROTection:STATe": "over_current_armed",
        "[SOURce<n>:]CURRent:PROTection:STATe?": "over_current_armed_q",
        "[SOURce<n>:]CURRent:PROTection:TRIPped?": "over_current_tripped_q",
        "[SOURce<n>:]CURRent:PROTection:CLEar": "clear_and_switch_on",
        "OUTPut:OVP:VALue": "over_voltage",
        "OUTPut:OVP:VALue?": "over_voltage_q",
        "OUTPut:OVP[:STATe]": "over_voltage_armed",
        "OUTPut:OVP[:STATe]?": "over_voltage_armed_q",
        "OUTPut:OVP:QUES?": "over_voltage_tripped_q",
        "OUTPut:OVP:ALAR?": "over_voltage_tripped_q",
        "OUTPut:OVP:CLEAR": "clear",
        "OUTPut:OCP:VALue": "over_current",
        "OUTPut:OCP:VALue?": "over_current_q",
        "OUTPut:OCP[:STATe]": "over_current_armed",
        "OUTPut:OCP[:STATe]?": "over_current_armed_q",
        "OUTPut:OCP:QUES?": "over_current_tripped_q",
        "OUTPut:OCP:ALAR?": "over_current_tripped_q",
        "OUTPut:OCP:CLEAR": "clear",
        "OUTPut[:STATe]": "output",
        "OUTPut[:STATe]?": "output_q",
        "OUTPut:MODE?": "mode_q",
        "OUTPut:CVCC?": "mode_q",
        "OUTPut:RANGe": "range",
        "OUTPut:RANGe?": "range_q",
        "OUTPut:TRACk?": "off_q",
        "OUTPut:SENSe?": "off_q",
        "APPLy": "apply",
        "APPLy?": "apply_q",
        "MEASure:ALL[:DC]?": "measure_all_q",
        "MEASure[:VOLTage][:DC]?": "measure_voltage_q",
        "MEASure:CURRent[:DC]?": "measure_current_q",
        "MEASure:POWEr[:DC]?": "measure_power_q",
        "INSTrument[:SELect]": "select",
        "INSTrument[:SELect]?": "select_q",
        "INSTrument:NSELect": "select",
        "INSTrument:NSELect?": "nselect_q",
        "SYSTem:BEEPer[:STATe]": "nothing",
        "SYSTem:BEEPer[:STATe]?": "on_q",
        "SYSTem:OTP": "nothing",
        "SYSTem:OTP?": "on_q",
    }
    _range = "P40V"

    @staticmethod
    def _channel(number: int | None, args: list[str]) -> int | None:
        """The channel of header or arguments, which is taken out of them; None is the selected one."""
        if args and (match := re.fullmatch(r"CH(\d)", args[0].upper())):
            args.pop(0)
            return int(match[1])
        return number

    # --- set-points ---

    def voltage(self, number: int | None, args: list[str]) -> None:
        self.put_voltage(number, args[0])

    def current(self, number: int | None, args: list[str]) -> None:
        self.put_current(number, args[0])

    def voltage_q(self, number: int | None, args: list[str]) -> str:
        top = self.outlet(number).max_voltage_v
        return self.volts(_end(args, top) if args else self.set_points(number)[0])

    def current_q(self, number: int | None, args: list[str]) -> str:
        top = self.outlet(number).max_current_a
        return self.amperes(_end(args, top) if args else self.set_points(number)[1])

    def apply(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(number, args)
        self.outlet(channel)
        self.selected = channel or self.selected
        for put, text in zip((self.put_voltage, self.put_current), args, strict=False):
            put(channel, text)

    def apply_q(self, number: int | None, args: list[str]) -> str:
        channel = self._channel(number, args) or self.selected
        volts, amperes = self.set_points(channel)
        if args:
            return self.volts(volts) if args[0].upper().startswith("VOLT") else self.amperes(amperes)
        plates = PLATES.get(self.model_name.removesuffix("A"))
        both = f"{self.volts(volts)},{self.amperes(amperes)}"
        if plates is None:
            return both
        plate = "20V/10A" if self.model_name == "DP811" and self._range == "P20V" else plates[channel - 1]
        return f"CH{channel}:{plate},{both}"

    def range(self, number: int | None, args: list[str]) -> None:
        ranges = RANGES.get(self.model_name)
        name = {"LOW": "P20V", "HIGH": "P40V"}.get(args[-1].upper(), args[-1].upper())
        if ranges is None or name not in ranges:
            raise ScpiError(*WRONG_TYPE)
        self._range = name
        outlet = self.outlet(1)
        outlet.max_voltage_v, outlet.max_current_a = self.max_voltage_v, self.max_current_a = ranges[name]
        volts, amperes = self.world.set_points
        self.world.set_supply(voltage_v=min(volts, outlet.max_voltage_v), current_a=min(amperes, outlet.max_current_a))

    def range_q(self, number: int | None, args: list[str]) -> str:
        if self.model_name not in RANGES:
            raise ScpiError(*WRONG_TYPE)
        return self._range

    # --- output and protection ---

    def output(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(number, args)
        self.turn(channel, self.is_switched(args[0]))

    def output_q(self, number: int | None, args: list[str]) -> str:
        channel = self._channel(number, args)
        self.outlet(channel)
        return "ON" if self.is_on(channel) else "OFF"

    def mode_q(self, number: int | None, args: list[str]) -> str:
        channel = self._channel(number, args)
        return self.mode(channel) if self.is_on(channel) else "CV"

    def over_voltage(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(number, args)
        self.put_level("OVP", channel, args[0])

    def over_current(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(number, args)
        self.put_level("OCP", channel, args[0])

    def over_voltage_q(self, number: int | None, args: list[str]) -> str:
        return self.volts(self.outlet(self._channel(number, args)).over_voltage_v)

    def over_current_q(self, number: int | None, args: list[str]) -> str:
        return self.amperes(self.outlet(self._channel(number, args)).over_current_a)

    def over_voltage_armed(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(number, args)
        self.arm("OVP", channel, self.is_switched(args[0]))

    def over_current_armed(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(number, args)
        self.arm("OCP", channel, self.is_switched(args[0]))

    def over_voltage_armed_q(self, number: int | None, args: list[str]) -> str:
        return "ON" if self.outlet(self._channel(number, args)).armed["OVP"] else "OFF"

    def over_current_armed_q(self, number: int | None, args: list[str]) -> str:
        return "ON" if self.outlet(self._channel(number, args)).armed["OCP"] else "OFF"

    def over_voltage_tripped_q(self, number: int | None, args: list[str]) -> str:
        return "YES" if self.tripped(self._channel(number, args)) == "OVP" else "NO"

    def over_current_tripped_q(self, number: int | None, args: list[str]) -> str:
        return "YES" if self.tripped(self._channel(number, args)) == "OCP" else "NO"

    def clear(self, number: int | None, args: list[str]) -> None:
        self.outlet(self._channel(number, args)).forgotten = True

    def clear_and_switch_on(self, number: int | None, args: list[str]) -> None:
        self.turn(number, True)

    # --- measurements and the selected channel ---

    def measure_all_q(self, number: int | None, args: list[str]) -> str:
        volts, amperes = self.measured(self._channel(number, args))
        return f"{self.volts(volts, seen=True)},{self.amperes(amperes, seen=True)},{volts * amperes:.3f}"

    def measure_voltage_q(self, number: int | None, args: list[str]) -> str:
        return self.volts(self.measured(self._channel(number, args))[0], seen=True)

    def measure_current_q(self, number: int | None, args: list[str]) -> str:
        return self.amperes(self.measured(self._channel(number, args))[1], seen=True)

    def measure_power_q(self, number: int | None, args: list[str]) -> str:
        volts, amperes = self.measured(self._channel(number, args))
        return f"{volts * amperes:.3f}"

    def select(self, number: int | None, args: list[str]) -> None:
        if not args or not (match := re.fullmatch(r"(?:CH)?(\d)", args[0].upper())):
            raise ScpiError(*(WRONG_TYPE if args else MISSING))
        self.outlet(int(match[1]))
        self.selected = int(match[1])

    def select_q(self, number: int | None, args: list[str]) -> str:
        plates = PLATES.get(self.model_name.removesuffix("A"), ("",))
        return f"CH{self.selected}:{plates[self.selected - 1]}".rstrip(":")

    def nselect_q(self, number: int | None, args: list[str]) -> str:
        return str(self.selected)

    def off_q(self, number: int | None, args: list[str]) -> str:
        return "OFF"

    def on_q(self, number: int | None, args: list[str]) -> str:
        return "ON"


def _end(args: list[str], top: float) -> float:
    """The least or the most that can be set."""
    return top if args[0].upper().startswith("MAX") else 0.0
