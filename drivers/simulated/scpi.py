"""Emulator of plain SCPI supplies on the embedded bench's physics: Keysight E36xxx, BK Precision 91xx, R&S HMP and HMC (SCPI sheet).

Keysight takes a channel list in every command; all know INST:NSEL. Where the sheet is silent: over-voltage protection is armed from the
beginning, and OUTP ON of an HMP closes the channel's and the master switch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from drivers.simulated.scpi_supply import ScpiModel, ScpiSupplyEmulator
from drivers.simulated.scpi_words import MISSING, UNDEFINED, WRONG_TYPE, ScpiError, ScpiInstrument
from drivers.simulated.world import World

KEYSIGHT = "Keysight Technologies,{model},MY58426395,1.0.4-1.0.3-1.02"
BK = "B&K PRECISION,{model},600151F12110033,V1.36"  # its model is a bare number
HMP = "ROHDE&SCHWARZ,{model},103251,HW50020001/SW2.62"
HMC = "Rohde&Schwarz,{model},029200321,HW42000000/SW01.202"


def make(world: World, model: str, **options: str) -> ScpiEmulator:
    return ScpiEmulator(world, model, wired=int(options.get("channel", 1)))


class ScpiEmulator(ScpiSupplyEmulator):
    """One supply. A model of R&S has fuses that switch off in constant current, one of Keysight does so with CURR:PROT:STAT."""

    models: ClassVar[Mapping[str, ScpiModel]] = {
        "E36103A": ScpiModel(KEYSIGHT, ((20.0, 2.0),)),
        "E36232A": ScpiModel(KEYSIGHT, ((60.0, 10.0),)),
        "E36312A": ScpiModel(KEYSIGHT, ((6.0, 5.0), (25.0, 1.0), (25.0, 1.0))),
        "BK9115": ScpiModel(BK, ((80.0, 60.0),)),
        "BK9130B": ScpiModel(BK, ((30.0, 3.0), (30.0, 3.0), (5.0, 3.0))),
        "HMP4040": ScpiModel(HMP, ((32.0, 10.0),) * 4, (3, 4), (3, 4)),
        "HMC8043": ScpiModel(HMC, ((32.0, 3.0),) * 3, (3, 4), (3, 4)),
    }
    commands: ClassVar[Mapping[str, str]] = {
        **ScpiInstrument.COMMON,
        **ScpiSupplyEmulator.STORES,
        **ScpiSupplyEmulator.SOURCE,
        "[SOURce<n>:]VOLTage:PROTection:CLEar": "clear",
        "[SOURce<n>:]CURRent:PROTection:STATe": "fold_keysight",
        "[SOURce<n>:]CURRent:PROTection:STATe?": "fold_keysight_q",
        "[SOURce<n>:]CURRent:PROTection:TRIPped?": "over_current_tripped_q",
        "[SOURce<n>:]CURRent:PROTection:CLEar": "clear",
        "FUSE[:STATe]": "fuse",
        "FUSE[:STATe]?": "fuse_q",
        "FUSE:TRIPped?": "fuse_tripped_q",
        "OUTPut[:STATe]": "output",
        "OUTPut[:STATe]?": "output_q",
        "OUTPut:SELect": "channel_switch",
        "OUTPut:SELect?": "output_q",
        "OUTPut:GENeral": "master",
        "OUTPut:GENeral?": "master_q",
        "APPLy": "apply",
        "APPLy?": "apply_q",
        "MEASure[:SCALar][:VOLTage][:DC]?": "measure_voltage_q",
        "MEASure[:SCALar]:CURRent[:DC]?": "measure_current_q",
        "MEASure[:SCALar]:POWer[:DC]?": "measure_power_q",
        "MEASure:POWER?": "measure_power_q",
        "INSTrument[:SELect]": "select",
        "INSTrument[:SELect]?": "select_q",
        "INSTrument:NSELect": "select",
        "INSTrument:NSELect?": "nselect_q",
        "STATus:QUEStionable:INSTrument:ISUMmary<n>:CONDition?": "limits_q",
        "SYSTem:MIX": "nothing",
        "SYSTem:BEEPer[:IMMediate]": "nothing",
    }

    def __init__(self, world: World, model: str, *, wired: int = 1) -> None:
        super().__init__(world, model, wired=wired)
        self.selected = 1
        self._closed = dict.fromkeys(self.outlets, False)  # the switches of an HMP's channels
        self._master = False
        for number in self.outlets:
            self.arm("OVP", number, True)

    @property
    def maker(self) -> str:
        return self.model.idn[:2].upper()

    @property
    def has_master(self) -> bool:
        return self.model_name.startswith("HMP")

    def _channels(self, number: int | None, args: list[str]) -> list[int]:
        """Those that a channel list, the header, or the selection names; a list is taken out of the arguments."""
        if args and args[-1].startswith("("):
            listed = args.pop()
            if self.maker != "KE" or not re.fullmatch(r"\(@[\d,: ]+\)", listed):
                raise ScpiError(*WRONG_TYPE)
            found: list[int] = []
            for part in listed[2:-1].split(","):
                first, _, last = part.partition(":")
                found += range(int(first), int(last or first) + 1)
        else:
            found = [number or self.selected]
        for one in found:
            self.outlet(one)
        return found

    def _one(self, number: int | None, args: list[str]) -> int:
        return self._channels(number, args)[0]

    def _needs(self, *makers: str) -> None:
        if self.maker not in makers:
            raise ScpiError(*UNDEFINED)

    def _number(self, value: float, digits: int) -> str:
        return f"{value:+.8E}" if self.maker == "KE" else f"{value:.{digits}f}"

    def volts(self, value: float, *, seen: bool = False) -> str:
        return self._number(value, (self.model.seen_digits if seen else self.model.set_digits)[0])

    def amperes(self, value: float, *, seen: bool = False) -> str:
        return self._number(value, (self.model.seen_digits if seen else self.model.set_digits)[1])

    # --- set-points ---

    def voltage(self, number: int | None, args: list[str]) -> None:
        for channel in self._channels(number, args):
            self.put_voltage(channel, args[0])

    def current(self, number: int | None, args: list[str]) -> None:
        for channel in self._channels(number, args):
            self.put_current(channel, args[0])

    def voltage_q(self, number: int | None, args: list[str]) -> str:
        channel = self._one(number, args)
        ends = {"MIN": 0.0, "MAX": self.outlet(channel).max_voltage_v}
        return self.volts(ends.get(args[0].upper()[:3], 0.0) if args else self.set_points(channel)[0])

    def current_q(self, number: int | None, args: list[str]) -> str:
        channel = self._one(number, args)
        ends = {"MIN": 0.0, "MAX": self.outlet(channel).max_current_a}
        return self.amperes(ends.get(args[0].upper()[:3], 0.0) if args else self.set_points(channel)[1])

    def apply(self, number: int | None, args: list[str]) -> None:
        for put, text in zip((self.put_voltage, self.put_current), args, strict=False):
            put(None, text)

    def apply_q(self, number: int | None, args: list[str]) -> str:
        volts, amperes = self.set_points(None)
        return f"{self.volts(volts)}, {self.amperes(amperes)}"

    # --- output ---

    def output(self, number: int | None, args: list[str]) -> None:
        on = None
        for channel in self._channels(number, args):
            on = self.is_switched(args[0])
            if self.has_master:
                self._closed[channel], self._master = on, self._master or on
            self.turn(channel, on)

    def output_q(self, number: int | None, args: list[str]) -> str:
        channel = self._one(number, args)
        self._follow(channel)
        return str(int(self._closed[channel] if self.has_master else self.is_on(channel)))

    def channel_switch(self, number: int | None, args: list[str]) -> None:
        if not self.has_master:
            raise ScpiError(*UNDEFINED)
        self._closed[self.selected] = self.is_switched(args[0])
        self.turn(self.selected, self._closed[self.selected] and self._master)

    def master(self, number: int | None, args: list[str]) -> None:
        if not self.has_master:
            raise ScpiError(*UNDEFINED)
        self._master = self.is_switched(args[0])
        for channel, closed in self._closed.items():
            self.turn(channel, closed and self._master)

    def master_q(self, number: int | None, args: list[str]) -> str:
        if not self.has_master:
            raise ScpiError(*UNDEFINED)
        self._follow(self.wired)
        return str(int(self._master))

    def _follow(self, channel: int) -> None:
        """The switches after a hand, a trip or a stuck relay had its way with the output."""
        if self.is_on(channel):
            self._closed[channel] = self._master = True
        elif self._closed[channel] and self._master:
            self._closed[channel] = False

    def limits_q(self, number: int | None, args: list[str]) -> str:
        """Bit 0 in constant current, bit 1 in constant voltage."""
        channel = number or self.selected
        self.outlet(channel)
        return "0" if not self.is_on(channel) else "1" if self.mode(channel) == "CC" else "2"

    # --- protection ---

    def over_voltage(self, number: int | None, args: list[str]) -> None:
        for channel in self._channels(number, args):
            self.put_level("OVP", channel, args[0])

    def over_voltage_q(self, number: int | None, args: list[str]) -> str:
        return self.volts(self.outlet(self._one(number, args)).over_voltage_v)

    def over_voltage_armed(self, number: int | None, args: list[str]) -> None:
        for channel in self._channels(number, args):
            self.arm("OVP", channel, self.is_switched(args[0]))

    def over_voltage_armed_q(self, number: int | None, args: list[str]) -> str:
        return str(int(self.outlet(self._one(number, args)).armed["OVP"]))

    def over_voltage_tripped_q(self, number: int | None, args: list[str]) -> str:
        return str(int(self.tripped(self._one(number, args)) == "OVP"))

    def over_current_tripped_q(self, number: int | None, args: list[str]) -> str:
        return str(int(self.tripped(self._one(number, args)) == "OCP"))

    def fold_keysight(self, number: int | None, args: list[str]) -> None:
        self._needs("KE", "B&")
        for channel in self._channels(number, args):
            self.fold(channel, self.is_switched(args[0]))

    def fold_keysight_q(self, number: int | None, args: list[str]) -> str:
        self._needs("KE", "B&")
        return str(int(self.outlet(self._one(number, args)).folds))

    def fuse(self, number: int | None, args: list[str]) -> None:
        self._needs("RO")
        self.fold(self.selected, self.is_switched(args[0]))

    def fuse_q(self, number: int | None, args: list[str]) -> str:
        self._needs("RO")
        return str(int(self.outlet(self.selected).folds))

    def fuse_tripped_q(self, number: int | None, args: list[str]) -> str:
        self._needs("RO")
        return str(int(self.tripped(self.selected) == "OCP"))

    def clear(self, number: int | None, args: list[str]) -> None:
        for channel in self._channels(number, args):
            self.outlet(channel).forgotten = True

    # --- measurements and the selected channel ---

    def measure_voltage_q(self, number: int | None, args: list[str]) -> str:
        return self.volts(self.measured(self._one(number, args))[0], seen=True)

    def measure_current_q(self, number: int | None, args: list[str]) -> str:
        return self.amperes(self.measured(self._one(number, args))[1], seen=True)

    def measure_power_q(self, number: int | None, args: list[str]) -> str:
        volts, amperes = self.measured(self._one(number, args))
        return self._number(volts * amperes, 3)

    def select(self, number: int | None, args: list[str]) -> None:
        if not args:
            raise ScpiError(*MISSING)
        match = re.fullmatch(r"(?:CH|OUT|OUTP|OUTPUT|FIR|SEC|THI)?(\d)", args[0].upper())
        if match is None:
            raise ScpiError(*WRONG_TYPE)
        self.outlet(int(match[1]))
        self.selected = int(match[1])

    def select_q(self, number: int | None, args: list[str]) -> str:
        return f"CH{self.selected}" if self.maker == "KE" else f"OUT{self.selected}"

    def nselect_q(self, number: int | None, args: list[str]) -> str:
        return str(self.selected)
