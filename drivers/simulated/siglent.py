"""Emulator of Siglent SPD3303X and SPD1000X supplies on the embedded bench's physics (Siglent sheet).

The output has no question of its own: SYST:STAT? tells. Where the sheet is silent: errors are numbered as SCPI does, and coupling changes the
status bits only, not what flows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from drivers.simulated.scpi_supply import ScpiModel, ScpiSupplyEmulator
from drivers.simulated.scpi_words import OUT_OF_RANGE, UNDEFINED, WRONG_TYPE, ScpiError, ScpiInstrument
from drivers.simulated.world import World

IDN = "Siglent Technologies,{model},SPD3XIDD4R5678,1.01.01.02.07R2,V3.0"
TRACKING = {"0": 0b01, "1": 0b11, "2": 0b10}  # independent, series, parallel
FIXED = 3


def make(world: World, model: str, **options: str) -> SiglentEmulator:
    return SiglentEmulator(world, model, wired=int(options.get("channel", 1)))


class SiglentEmulator(ScpiSupplyEmulator):
    """One supply."""

    models: ClassVar[Mapping[str, ScpiModel]] = {
        "SPD3303X": ScpiModel(IDN, ((32.0, 3.2), (32.0, 3.2))),
        "SPD3303X-E": ScpiModel(IDN, ((32.0, 3.2), (32.0, 3.2)), (2, 2), (2, 2)),
        "SPD1168X": ScpiModel(IDN, ((16.0, 8.0),)),
        "SPD1305X": ScpiModel(IDN, ((30.0, 5.0),)),
    }
    errors_written = "{code}  {text}"
    no_error = "No Error"
    commands: ClassVar[Mapping[str, str]] = {
        **ScpiInstrument.COMMON,
        **ScpiSupplyEmulator.STORES,
        "[CH<n>:]VOLTage": "voltage",
        "[CH<n>:]VOLTage?": "voltage_q",
        "[CH<n>:]CURRent": "current",
        "[CH<n>:]CURRent?": "current_q",
        "INSTrument": "select",
        "INSTrument?": "select_q",
        "MEASure:VOLTage?": "measure_voltage_q",
        "MEASure:CURRent?": "measure_current_q",
        "MEASure:POWEr?": "measure_power_q",
        "OUTPut": "output",
        "OUTPut:TRACK": "track",
        "OUTPut:WAVE": "wave",
        "OUTPut:RESEt:PROTect": "clear",
        "TIMEr": "timer",
        "TIMEr:SET": "nothing",
        "SYSTem:STATus?": "status_q",
        "MODE:SET": "wires",
        "OVP": "over_voltage",
        "OVP?": "over_voltage_q",
        "OCP": "over_current",
        "OCP?": "over_current_q",
        "*LOCK": "nothing",
        "*UNLOCK": "nothing",
    }

    def __init__(self, world: World, model: str, *, wired: int = 1) -> None:
        super().__init__(world, model, wired=wired)
        self.single = len(self.outlets) == 1
        self.tracking, self.four_wires = "0", False
        self.bits: dict[int, bool] = {}  # timers and waves, by their number in the status word
        if self.single:
            self.arm("OVP", 1, True)
            self.arm("OCP", 1, True)

    def _channel(self, args: list[str]) -> int:
        match = re.fullmatch(r"CH(\d)", args[0].upper()) if args else None
        if args and match is None:
            raise ScpiError(*WRONG_TYPE)
        if match:
            args.pop(0)
        number = int(match[1]) if match else self.selected
        self.outlet(number)
        return number

    def voltage(self, number: int | None, args: list[str]) -> None:
        self.put_voltage(number, args[0])

    def current(self, number: int | None, args: list[str]) -> None:
        self.put_current(number, args[0])

    def voltage_q(self, number: int | None, args: list[str]) -> str:
        return self.volts(self.set_points(number)[0])

    def current_q(self, number: int | None, args: list[str]) -> str:
        return self.amperes(self.set_points(number)[1])

    def select(self, number: int | None, args: list[str]) -> None:
        self.selected = self._channel(args)

    def select_q(self, number: int | None, args: list[str]) -> str:
        return f"CH{self.selected}"

    def measure_voltage_q(self, number: int | None, args: list[str]) -> str:
        return self.volts(self.measured(self._channel(args))[0], seen=True)

    def measure_current_q(self, number: int | None, args: list[str]) -> str:
        return self.amperes(self.measured(self._channel(args))[1], seen=True)

    def measure_power_q(self, number: int | None, args: list[str]) -> str:
        volts, amperes = self.measured(self._channel(args))
        return f"{volts * amperes:.3f}"

    def output(self, number: int | None, args: list[str]) -> None:
        if args[0].upper() == f"CH{FIXED}" and not self.single:  # switched, but told nowhere
            return
        channel = self._channel(args)
        self.turn(channel, self.is_switched(args[0]))

    def status_q(self, number: int | None, args: list[str]) -> str:
        word = 0 if self.single else TRACKING[self.tracking] << 2
        for channel in self.outlets:
            on = self.is_on(channel)
            word |= int(on) << (3 + channel) | int(on and self.mode(channel) == "CC") << (channel - 1)
        word |= int(self.single and self.four_wires) << 5
        for bit, up in self.bits.items():
            word |= int(up) << bit
        return f"0x{word:02X}" if self.single else f"0x{word:04X}"

    def track(self, number: int | None, args: list[str]) -> None:
        if self.single:
            raise ScpiError(*UNDEFINED)
        if args[0] not in TRACKING:
            raise ScpiError(*OUT_OF_RANGE)
        self.tracking = args[0]

    def wires(self, number: int | None, args: list[str]) -> None:
        if not self.single or args[0].upper() not in ("2W", "4W"):
            raise ScpiError(*(WRONG_TYPE if self.single else UNDEFINED))
        self.four_wires = args[0].upper() == "4W"

    def timer(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(args)
        self.bits[5 + channel] = self.is_switched(args[0])

    def wave(self, number: int | None, args: list[str]) -> None:
        channel = self._channel(args)
        self.bits[7 + channel] = self.is_switched(args[0])

    # --- protection, SPD1000X ---

    def _only_single(self) -> None:
        if not self.single:
            raise ScpiError(*UNDEFINED)

    def over_voltage(self, number: int | None, args: list[str]) -> None:
        self._only_single()
        self.put_level("OVP", 1, args[0])

    def over_current(self, number: int | None, args: list[str]) -> None:
        self._only_single()
        self.put_level("OCP", 1, args[0])

    def over_voltage_q(self, number: int | None, args: list[str]) -> str:
        self._only_single()
        return self.volts(self.outlet(1).over_voltage_v)

    def over_current_q(self, number: int | None, args: list[str]) -> str:
        self._only_single()
        return self.amperes(self.outlet(1).over_current_a)

    def clear(self, number: int | None, args: list[str]) -> None:
        self._only_single()
        self.outlet(1).forgotten = True
