"""Rigol DP700 and DP800, over RS232 (9600 8N1) or a raw LAN socket, port 5555 (Rigol sheet).

  :SOUR1:VOLT 3.65   :SOUR1:VOLT?               set-points; CURR for amperes
  :APPL? CH1         CH1:8V/5A,5.000,1.0000     range, V, A; DP700 gives 5.00,1.00
  :MEAS:ALL? CH1     2.0000,0.0500,0.100        V, A, W
  :OUTP CH1,ON       :OUTP? CH1 -> ON           output
  :OUTP:MODE? CH1    CV, CC or UR
  :OUTP:OVP:VAL CH1,3.75   :OUTP:OVP CH1,ON     protection by thresholds; OCP the same
  :OUTP:OVP:QUES? CH1      YES, NO              tripped

Every command names its channel. Lines end with LF; over RS232 a DP800 may want CR LF, which is tried when LF is met by silence.
Never sent: :SOUR1:VOLT:PROT:CLE, which switches the output on again, and *RST.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from drivers.address import Address
from drivers.clock import Clock
from drivers.roles import Line, NoAnswer, SupplyProfile, WrongDevice
from drivers.supplies.checked import Found, SetPoint
from drivers.supplies.scpi import ScpiSupply, channel_of
from drivers.supplies.scpi_answers import Identity, quantity
from drivers.supplies.scpi_dialects import Dialect, Outlet

RIGOL = Dialect(
    put={
        "voltage": ":SOUR{n}:VOLT {v}",
        "current": ":SOUR{n}:CURR {v}",
        "over_voltage": ":OUTP:OVP:VAL CH{n},{v}",
        "over_current": ":OUTP:OCP:VAL CH{n},{v}",
    },
    ask={"over_voltage": ":OUTP:OVP:VAL? CH{n}", "over_current": ":OUTP:OCP:VAL? CH{n}"},
    arm={"over_voltage": (":OUTP:OVP CH{n},ON", ":OUTP:OVP? CH{n}"), "over_current": (":OUTP:OCP CH{n},ON", ":OUTP:OCP? CH{n}")},
    measure=(":MEAS:ALL? CH{n}",),
    switch=(":OUTP CH{n},OFF", ":OUTP CH{n},ON"),
    output=(":OUTP? CH{n}",),
    mode=":OUTP:MODE? CH{n}",
    tripped={"OVP": ":OUTP:OVP:QUES? CH{n}", "OCP": ":OUTP:OCP:QUES? CH{n}"},
)
COARSE = 0.01  # V and A that every model can be set to, its finer option fitted or not


def _outlets(step: float, *ratings: tuple[float, float]) -> Mapping[int, Outlet]:
    return {number: Outlet(volts, amperes, step, step) for number, (volts, amperes) in enumerate(ratings, 1)}


def _model(*ratings: tuple[float, float], negative: int = 0) -> Mapping[float, Mapping[int, Outlet]]:
    """The outputs of a model in coarse and in fine steps."""
    found: dict[float, Mapping[int, Outlet]] = {}
    for step in (COARSE, 0.001):
        outlets = dict(_outlets(step, *ratings))
        if negative:
            outlets[negative] = Outlet(30.0, 2.0, forbidden="gives negative volts")
        found[step] = outlets
    return found


_FAMILY = {
    "DP811": _model((20.0, 5.0)),  # what both ranges can give; the range that it shows raises one of them
    "DP821": _model((60.0, 1.0), (8.0, 10.0)),
    "DP831": _model((8.0, 5.0), (30.0, 2.0), negative=3),
    "DP832": _model((32.0, 3.2), (32.0, 3.2), (5.3, 3.2)),
}
MODELS: Mapping[str, Mapping[int, Outlet]] = {
    "DP711": _outlets(COARSE, (32.0, 5.3)),
    "DP712": _outlets(COARSE, (53.0, 3.2)),
    **{name: outlets[COARSE] for name, outlets in _FAMILY.items()},
    **{f"{name}A": outlets[0.001] for name, outlets in _FAMILY.items()},
}
RANGES = {"DP811": {"20V/10A": (20.0, 10.0), "40V/5A": (40.0, 5.0)}}
_APPLIED = re.compile(r"(?:CH(?P<channel>\d):(?P<range>[^,]+),)?(?P<volts>[^,]+),(?P<amperes>[^,]+)")


def check_address(address: Address) -> int:
    """The channel that it names."""
    return channel_of(address)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> RigolSupply:
    return RigolSupply(line, address=str(address), clock=clock, channel=channel_of(address), prove=address.speed is not None)


class RigolSupply(ScpiSupply):
    """One output of a Rigol supply."""

    family, title = "rigol", "Rigol supply"
    dialect = RIGOL
    _ranges: Mapping[str, tuple[float, float]] = {}

    def _look(self) -> Found:
        found = self._found()
        if self._ranges and found.known and self._key in (None, found.key):
            return found._replace(profile=self._in_range(found.profile, self._ask(":APPL? CH{n}", self._applied)[0]))
        return found

    def _found(self) -> Found:
        """By LF or, where silence meets that on a serial line, by CR LF."""
        try:
            return super()._look()
        except NoAnswer:
            if self.line.url.startswith("socket://") or self.words.send_end == b"\r\n":
                raise
        self.words.send_end = b"\r\n"
        try:
            return super()._look()
        except NoAnswer:
            self.words.send_end = b"\n"
            raise

    def _recognised(self, who: Identity) -> tuple[Dialect, Mapping[int, Outlet]] | None:
        if not who.maker.startswith("RIGOL"):
            what = f"something answers, but no Rigol: {who.vendor} {who.model}; nothing was written."
            raise WrongDevice(self.address, "identify", what, "Is this the right port, and the right family in the address?")
        self._ranges = RANGES.get(who.model.upper().removesuffix("A"), {})
        outlets = MODELS.get(who.model.upper())
        return (RIGOL, outlets) if outlets else None

    def _set_points(self) -> tuple[float, float]:
        """Set-points, and the range that stands beside them."""
        shown, volts, amperes = self._ask(":APPL? CH{n}", self._applied)
        if self._ranges and self._profile is not None:
            self._profile = self._in_range(self._profile, shown)
        return volts, amperes

    def _in_range(self, profile: SupplyProfile, shown: str) -> SupplyProfile:
        """The profile with the rating of the range that is shown; of what all ranges can give where none is."""
        if self._outlet is None:
            return profile
        volts, amperes = self._ranges.get(shown, (self._outlet.max_voltage_v, self._outlet.max_current_a))
        return self._rated_as(profile, replace(self._outlet, max_voltage_v=volts, max_current_a=amperes))

    def _applied(self, text: str) -> tuple[str, float, float]:
        """Range, V and A; a channel that is named must be ours."""
        match = _APPLIED.fullmatch(text.strip())
        if match is None or match["channel"] not in (None, str(self.channel)):
            raise ValueError("these are not the set-points of this channel")
        return match["range"] or "", quantity(match["volts"]), quantity(match["amperes"])

    def _taken(self, points: Iterable[SetPoint]) -> dict[SetPoint, float]:
        found: dict[SetPoint, float] = {}
        if {"voltage", "current"} & set(points := tuple(points)):
            found["voltage"], found["current"] = self._set_points()
        levels = [point for point in points if point in RIGOL.ask]
        return {point: value for point, value in {**found, **super()._taken(levels)}.items() if point in points}
