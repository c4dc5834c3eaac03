"""OWON XDM1041, XDM1241, XDM2041: bench meters over USB or RS232, 115200 8N1 (OWON meter sheet; several independent programs agree).

    *IDN?              OWON,XDM1041,23362517,V4.2.0,3
    MEAS1?             the value displayed last, at once and without a unit: 3.412700E+00; 1E9 is an overload
    FUNC?              "VOLT", "VOLT AC", "CURR", "RES", …
    RANGE?             5 V, 50 mV; nothing at all in some functions
    CONF:VOLT:DC 5     DC volts in the 5 V range; RATE S: slow and steady. Both of the meter's own display, never before it is known

Commands end with LF, answers with CR LF. Commands that are no questions may be answered with lines OK or nOK, which are dropped.
Never sent, because they are not answered at all and each would cost a time-out: *OPC?, MEAS:VOLT:DC?, VOLT:RANG?, SYST:ERR?, *RST.
Its keys stay free (no SYST:REM), so the function is asked with every value: the operator may turn it at any time.
"""

from __future__ import annotations

import re

from drivers.address import Address
from drivers.clock import Clock
from drivers.meters.point import Place
from drivers.meters.polled import DC_VOLTS, Identity, PolledMeter, Shown, beyond_range, last_line, other_function, parse_function
from drivers.roles import GarbledAnswer, Line, NoAnswer
from drivers.words import Words, number

MODELS = ("XDM1041", "XDM1241", "XDM2041")
"""Whose commands are known. Relatives are only asked: their operator sets DC volts and the range."""
RESOLUTIONS_V = {0.05: 1e-6, 0.5: 1e-5, 5.0: 1e-4, 50.0: 1e-3, 500.0: 1e-2, 1000.0: 0.1}
OVERLOAD, BEYOND_RANGE = 1e8, 1.2
ANSWER_S, SETTLE_S = 1.0, 0.5
LATE_S = 0.3  # an answer that comes later than its deadline is there by then
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(m?)V", re.ASCII)

check_address = Place.single


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> OwonXdm:
    return OwonXdm(Words(line, str(address), deadline_s=ANSWER_S, encoding="latin-1"), address=address, clock=clock, in_memory=in_memory)


class OwonXdm(PolledMeter):
    family = "owon-xdm"
    _asks_range = True

    def _knows(self, identity: Identity) -> bool:
        if identity.maker.upper() != "OWON" or not identity.model.upper().startswith("XDM"):
            raise ValueError(f"a {identity.maker} {identity.model} answers, which is no OWON XDM")
        return identity.model.upper() in MODELS

    def _prepare(self) -> None:
        self.words.tell(f"CONF:VOLT:DC {next(volts for volts in (5, 50, 500) if volts >= self.place.limit_v)}")
        self.words.tell("RATE S")
        self._pause(SETTLE_S)
        self._asks_range = True

    def _ask(self) -> Shown:
        volts = self.words.ask("MEAS1?", parse_value, tries=1)
        function = self.words.ask("FUNC?", parse_function, tries=1)
        if function not in DC_VOLTS:
            return other_function(function)
        range_v = self._range()
        setting = (function, range_v)
        if abs(volts) >= OVERLOAD or (range_v is not None and abs(volts) > BEYOND_RANGE * range_v):
            return beyond_range(setting)
        return Shown(volts, setting, resolution_v=RESOLUTIONS_V.get(range_v or 0.0))

    def _range(self) -> float | None:
        """Full scale, V; None where the meter does not tell, and then it is not asked again before it is set up anew."""
        if not self._asks_range:
            return None
        try:
            return self.words.ask("RANGE?", parse_range, tries=1)
        except (NoAnswer, GarbledAnswer):
            self._asks_range = False
            return None

    def _settle(self) -> None:
        self._pause(LATE_S)
        self.words.ask("FUNC?", parse_function, tries=1)


def parse_value(text: str) -> float:
    """The number of `MEAS1?`; ValueError for any other text."""
    return number(last_line(text))


def parse_range(text: str) -> float:
    """Full scale in V; ValueError for the range of another quantity, whose unit may come in bytes of GB2312."""
    found = _RANGE.fullmatch(last_line(text))
    if found is None:
        raise ValueError("this is no range of volts")
    return float(found[1]) * (1e-3 if found[2] else 1.0)
