"""Siglent SPD3303X, SPD3303C and SPD1000X over a raw LAN socket, port 5025 (Siglent sheet).

  CH1:VOLT 3.65   CH1:VOLT? -> 3.650    set-points; CURR for amperes
  MEAS:VOLT? CH1   MEAS:CURR? CH1       measured
  OUTP CH1,ON                           output; it cannot be asked for
  SYST:STAT? -> 0x0015                  bits: 0, 1 channel in CC; 3-2 tracking (01 independent, 10 parallel, 11 series);
                                        4, 5 channel on (SPD1000X: 5 is 4-wire sensing); 6, 7 timer of a channel
  OVP 3.75   OVP?   OCP 5.5   OCP?      SPD1000X only, always armed
  SYST:ERR? -> 0  No Error

At least 100 ms pass between commands, and a line and its end travel in one packet. Coupled channels give twice the volts or amperes that one
of them tells, and a timer changes set-points by itself: then nothing is set. Channel 3 of an SPD3303 is fixed and cannot be used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import Line, Mode, Refused, WrongDevice
from drivers.supplies.checked import SetPoint
from drivers.supplies.scpi import ScpiSupply, channel_of
from drivers.supplies.scpi_answers import Identity, identity
from drivers.supplies.scpi_dialects import Dialect, Outlet

SPD3303 = Dialect(
    put={"voltage": "CH{n}:VOLT {v}", "current": "CH{n}:CURR {v}"},
    ask={"voltage": "CH{n}:VOLT?", "current": "CH{n}:CURR?"},
    measure=("MEAS:VOLT? CH{n}", "MEAS:CURR? CH{n}"),
    switch=("OUTP CH{n},OFF", "OUTP CH{n},ON"),
    mode="SYST:STAT?",
)
SPD1000X = replace(
    SPD3303,
    put={**SPD3303.put, "over_voltage": "OVP {v}", "over_current": "OCP {v}"},
    ask={**SPD3303.ask, "over_voltage": "OVP?", "over_current": "OCP?"},
    margins=(0.5, 0.3),
)
FIXED = Outlet(5.0, 3.2, forbidden="is fixed at the supply and tells nothing")


def _pair(step: float) -> Mapping[int, Outlet]:
    return {1: Outlet(32.0, 3.2, step, step), 2: Outlet(32.0, 3.2, step, step), 3: FIXED}


MODELS: Mapping[str, tuple[Dialect, Mapping[int, Outlet]]] = {
    "SPD3303X": (SPD3303, _pair(0.001)),
    "SPD3303X-E": (SPD3303, _pair(0.01)),
    "SPD3303C": (SPD3303, _pair(0.01)),
    "SPD1168X": (SPD1000X, {1: Outlet(16.0, 8.0)}),
    "SPD1305X": (SPD1000X, {1: Outlet(30.0, 5.0)}),
}
INDEPENDENT = 0b01
COUPLED = {0b10: "in parallel", 0b11: "in series"}


def check_address(address: Address) -> int:
    """The channel that it names."""
    return channel_of(address)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> SiglentSupply:
    return SiglentSupply(line, address=str(address), clock=clock, channel=channel_of(address), prove=address.speed is not None)


def status(text: str) -> int:
    """The word of SYST:STAT?, "0x0014"; ValueError for anything else."""
    if not re.fullmatch(r"0[xX][0-9A-Fa-f]{1,8}", text.strip()):
        raise ValueError("it is no status word")
    return int(text, 16)


class SiglentSupply(ScpiSupply):
    """One output of a Siglent supply."""

    family, title = "siglent", "Siglent supply"
    dialect = SPD3303
    _word = 0  # of the newest status

    def _parse(self, text: str) -> Identity:
        """Five fields; a rebadged one gives three, without a vendor, and is read only."""
        who = identity(text)
        rebadged = text.count(",") == 2 and re.match(r"R?[NS]PD", who.vendor)
        return Identity("", who.vendor, "", who.model) if rebadged else who

    def _recognised(self, who: Identity) -> tuple[Dialect, Mapping[int, Outlet]] | None:
        if who.vendor and not who.maker.startswith("SIGLENT"):
            what = f"something answers, but no Siglent: {who.vendor} {who.model}; nothing was written."
            raise WrongDevice(self.address, "identify", what, "Is this the right port, and the right family in the address?")
        return MODELS.get(who.model.upper()) if who.vendor else None

    def _state(self, tries: int | None = None) -> tuple[bool | None, Mode | None, str]:
        """Output and mode in one word; trips are not told. The bits of an unknown model mean nothing."""
        self._word = self._ask("SYST:STAT?", status, tries)
        if self._outlet is None:
            return None, None, ""
        return bool(self._word >> (3 + self.channel) & 1), "CC" if self._word >> (self.channel - 1) & 1 else "CV", ""

    def _measured(self) -> tuple[float | None, float | None]:
        return (None, None) if self._coupled else super()._measured()  # what one channel tells is half of what flows

    def _put(self, point: SetPoint, value: float) -> None:
        if value > 0.0:
            self._fit_to_set()
        super()._put(point, value)

    def _switch(self, on: bool) -> None:
        if on:
            self._fit_to_set()
        super()._switch(on)

    @property
    def _coupled(self) -> str:
        """How channels 1 and 2 are coupled by the newest status; "" where they stand alone or there is one only."""
        tracking = self._word >> 2 & 0b11
        alone = tracking == INDEPENDENT or "over_voltage" in self.dialect.put or self._outlet is None  # an SPD1000X has one
        return "" if alone else COUPLED.get(tracking, "in a way that is not known")

    def _fit_to_set(self) -> None:
        """Refused while channels are coupled or a timer runs."""
        self._state()
        if self._coupled:
            what = f"its channels are coupled {self._coupled}; nothing was written."
            raise Refused(self.address, "set", what, "Set the supply to independent channels at its panel.")
        if self._word >> (5 + self.channel) & 1:
            what = "its timer runs and changes set-points by itself; nothing was written."
            raise Refused(self.address, "set", what, "Switch the timer off at the supply's panel.")
