"""Hand-held meters with the Cyrustek ES51922: UNI-T UT61E with its RS232 cable, and relatives with the same packets (ES51922 sheet).

19200 baud, 7 data bits, odd parity, 1 stop bit, DTR on and RTS off (they feed the cable); the meter only sends, about two packets a second:

    byte 0       range: '0' 2.2000 V, '1' 22.000 V, '2' 220.00 V, '3' 1000.0 V, '4' 220.00 mV
    1 to 5       digits
    6            function; ';' is volts
    7            bit 3 % (judge)  2 minus         1 low battery  0 OL
    8            bit 3 MAX        2 MIN           1 REL          0 RMR
    9            bit 3 UL         2 shows maximum 1 shows minimum
    10           bit 3 DC         2 AC            1 auto range   0 shows Hz
    11           bit 2 VBAR       1 HOLD          0 LPF
    12, 13       CR LF

Bytes 0 to 11 have the high nibble 3. There is no checksum: two packets that agree in range and flags must come before a value counts, and one
more after each change. A port that cannot do 7O1 is read as 8N1 (`frame=8N1`): the parity then stands in bit 7, where it is checked and removed.
HOLD does not freeze what is sent, and some relatives always show it: it is told and no reason to refuse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.address import Address
from drivers.clock import Clock, WallClock
from drivers.meters.point import Place, without_volts
from drivers.meters.streaming import StreamingMeter
from drivers.roles import Line

LENGTH = 14
EXPONENTS = {ord("0"): -4, ord("1"): -3, ord("2"): -2, ord("3"): -1, ord("4"): -5}
"""Of 10, by range of volts: the value of the last digit."""
FUNCTIONS = dict(
    zip(b";=?09351264>", ("volts", "µA", "mA", "A", "A", "Ω", "continuity", "diode", "Hz", "capacitance", "°C", "ADP"), strict=True)
)
SHARED_FRAME = bytes((0, *range(6, 12)))
"""The bytes in which two packets must agree: range, function and flags."""
_ENDED = re.compile(rb"[^\n\x8a]*[\n\x8a]")

check_address = Place.single


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> Es51922:
    return Es51922(line, address=address, clock=clock, line_clock=clock if in_memory else WallClock(), in_memory=in_memory)


@dataclass(frozen=True, slots=True)
class Packet:
    """What one packet shows. `value` is in V where `function` is "volts" and `is_dc_volts`; `why` says why it is not."""

    function: str
    value: float
    resolution: float
    flags: tuple[str, ...]
    status: str
    why: str
    setting: bytes

    @property
    def is_dc_volts(self) -> bool:
        return self.status == "ok"


def decode(raw: bytes) -> Packet | None:
    """One packet, with or without the parity in bit 7; None for bytes that are none."""
    if any(byte & 0x80 for byte in raw) and not all(byte.bit_count() % 2 for byte in raw):
        return None  # read with 8 bits, and the parity does not hold
    raw = bytes(byte & 0x7F for byte in raw)
    body = raw[:12]
    if (
        len(raw) != LENGTH
        or raw[12:] != b"\r\n"
        or any(byte >> 4 != 3 for byte in body)
        or not body[1:6].isdigit()
        or body[6] not in FUNCTIONS
    ):
        return None
    percent, minus, low_battery, overload = _bits(body[7])
    maximum, minimum, relative, _ = _bits(body[8])
    under, shows_maximum, shows_minimum, _ = _bits(body[9])
    dc, _, auto, shows_hz = _bits(body[10])
    hold = _bits(body[11])[2]
    flags = (
        *(["MAX"] if maximum or shows_maximum else []),
        *(["MIN"] if minimum or shows_minimum else []),
        *(["REL"] if relative else []),
        *(["low battery"] if low_battery else []),
        *(["auto range"] if auto else []),
        *(["hold"] if hold else []),
    )
    function = FUNCTIONS[body[6]]
    status, why = "ok", ""
    if function != "volts":
        status, why = "wrong_function", f"the meter is set to {function}: turn it to DC volts."
    elif shows_hz or percent or under or body[0] not in EXPONENTS:
        status, why = "wrong_function", "the meter shows a frequency or a duty cycle: press its Hz % key until it shows volts."
    elif not dc:
        status, why = "not_dc", "the meter is set to AC volts: press its blue key until it shows DC."
    elif overload:
        status, why = "overload", "the meter shows OL, more than its range: press RANGE until it shows AUTO, and look at its probes."
    exponent = EXPONENTS.get(body[0], 0)
    value = round(int(body[1:6]) * 10.0**exponent * (-1 if minus else 1), 6)
    return Packet(function, value, round(10.0**exponent, 6), flags, status, why, bytes(body[index] for index in SHARED_FRAME))


def _bits(byte: int) -> tuple[bool, bool, bool, bool]:
    """Bits 3, 2, 1 and 0."""
    return bool(byte & 8), bool(byte & 4), bool(byte & 2), bool(byte & 1)


class Es51922(StreamingMeter):
    family, model, message = "es51922", "ES51922 hand-held meter", "packets"
    look_at = "Is it 19200 baud with 7 data bits and odd parity? A port that cannot do that needs frame=8N1 in the address."
    good_at_start = 2

    def _forget(self) -> None:
        self._rest = b""
        self._setting = b""

    def _judge(self, data: bytes) -> None:
        heard = self._rest + data
        whole = _ENDED.findall(heard)
        self._rest = heard[sum(map(len, whole)) :]
        if len(self._rest) >= LENGTH:
            whole.append(self._rest)
            self._rest = b""
        for raw in whole:
            packet = decode(raw)
            if packet is None:
                self._bad(f"{raw[:20]!r} is no packet")
                self._need(0, 2)
            else:
                self._keep(packet)

    def _keep(self, packet: Packet) -> None:
        if packet.setting != self._setting:
            self._setting = packet.setting
            self._need(0, 2)
        now_s = self.clock.now_s()
        if packet.is_dc_volts:
            reading = self.place.reading(
                now_s, packet.value, resolution_v=packet.resolution, flags=packet.flags, text=f"{packet.value:g} V"
            )
        else:
            reading = without_volts(now_s, packet.status, packet.why, flags=packet.flags)
        self._good(reading)
