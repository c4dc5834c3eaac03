"""JBD (Xiaoxiang, Overkill Solar and many others): the DD protocol (BMS sheet, chapter 1).

  request  DD A5 reg len data chk chk 77      chk = 0x10000 - (reg + len + data), high byte first
  answer   DD reg status len data chk chk 77  chk = 0x10000 - (status + len + data): the register is not in it

  03  basic data   0 pack 10 mV         10 date                    20 switches, bit 0 charge, bit 1 discharge
                   2 current 10 mA, +   12, 14 balancing, bit 0    21 number of cells
                     is charging           is cell 1               22 number of sensors, then each: 0.1 K from 273.1 K,
                   4, 6 remaining and   16 protection (below)         0x097F where none is connected
                     nominal 10 mAh     18 software, 0x21 is 2.1
                   8 cycles             19 charge %                more may follow
  04  cells        mV each; an open top tap reads 0
  05  name         ASCII
  FA  parameters   first, count; newer firmware answers it; 20 is the cell over-voltage limit in mV, 21 its release

Only A5, which reads, is ever sent. Older boards tell the limit only in a factory mode that a lost cable would leave them in: it is not entered,
and their limit stays unknown. Some boards can be set to count in 0.1 A and 0.1 Ah; no bit tells it for sure, so nothing is scaled.
"""

from __future__ import annotations

from contextlib import suppress

from drivers.address import Address
from drivers.bms.common import AskedBms, Found, flags, frames, limit_v, plain_text, signed, tap_v, words
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, Line, NoAnswer, Refused

BASIC = bytes.fromhex("DDA50300FFFD77")
CELLS = bytes.fromhex("DDA50400FFFC77")
NAME = bytes.fromhex("DDA50500FFFB77")
LIMITS = bytes.fromhex("DDA5FA03001402FEED77")
HARMLESS = {BASIC, CELLS, NAME, LIMITS}
NO_SENSOR = 0x097F
PROTECTION = (
    "cell_overvoltage",
    "cell_undervoltage",
    "pack_overvoltage",
    "pack_undervoltage",
    "charge_overtemperature",
    "charge_undertemperature",
    "discharge_overtemperature",
    "discharge_undertemperature",
    "charge_overcurrent",
    "discharge_overcurrent",
    "short_circuit",
    "front_end_error",
    "mos_locked_by_software",
    "charge_mos_fault",
    "discharge_mos_fault",
)
STATUS = {0x80: "it does not know this", 0x81: "only in its factory mode", 0x82: "it found a wrong checksum", 0x83: "it wants a password"}


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> JbdBms:
    return JbdBms(line, address=str(address), clock=clock, prove=address.speed is not None)


def whole(raw: bytes) -> bytes:
    """The answer at the beginning of `raw`, checked, or b""."""
    length = raw[3] + 7 if len(raw) >= 7 else 0
    frame = raw[:length]
    if not length or len(frame) < length or frame[-1] != 0x77:
        return b""
    return frame if (sum(frame[2:-3]) + int.from_bytes(frame[-3:-1], "big")) & 0xFFFF == 0 else b""


class JbdBms(AskedBms):
    """One JBD board on a line."""

    title, header = "JBD board", b"\xdd"
    deadlines_s = (0.3, 0.5, 0.5)

    _limit_v: float | None = None
    _release_v: float | None = None

    def _harmless(self, request: bytes) -> bool:
        return request in HARMLESS

    def _data(self, what: str, request: bytes) -> bytes:
        """The data of one answer. Raises Refused where the board declines."""
        register = request[2]
        answer = self.ask(what, request, lambda raw: [frame for frame in frames(raw, self.header, whole) if frame[1] == register])
        if answer[2]:
            raise Refused(self.address, what, f"the board declines: {STATUS.get(answer[2], f'status {answer[2]:02X}')}.")
        return answer[4:-3]

    def _basic(self) -> bytes:
        data = self._data("read the basic data", BASIC)
        if len(data) < 23 or len(data) < 23 + 2 * data[22]:
            raise self.garbled("read the basic data", f"{len(data)} bytes are too few for what they announce.")
        return data

    def _look(self) -> Found:
        basic = self._basic()
        name = ""
        with suppress(NoAnswer, Refused):  # not all have one
            name = plain_text(self._data("read the name", NAME))
        self._read_limits()
        profile = BmsProfile("jbd", name or "JBD", firmware=f"{basic[18] >> 4}.{basic[18] & 15}", cell_count=basic[21])
        return Found((name, basic[21]), profile)

    def _read_limits(self) -> None:
        """Newer firmware only; where it does not answer, the limit is unknown."""
        self._limit_v = self._release_v = None
        try:
            data = self._data("read the over-voltage limit", LIMITS)
        except (NoAnswer, Refused):
            return
        if len(data) == 7 and data[:3] == LIMITS[4:7]:
            limit, release = words(data[3:])
            self._limit_v, self._release_v = limit_v(limit), limit_v(release)

    def _poll(self) -> BmsReading:
        basic = self._basic()
        cells = words(self._data("read the cells", CELLS))
        pack, current, remaining, nominal, cycles, _, low, high, protection = words(basic[:18])
        sensors = words(basic[23 : 23 + 2 * basic[22]])
        balancing = low | high << 16
        return BmsReading(
            self.clock.now_s(),
            cell_voltages_v=tuple(tap_v(cell) for cell in cells),
            pack_voltage_v=pack / 100,
            current_a=signed(current) / 100,
            soc_pct=float(basic[19]),
            remaining_ah=remaining / 100,
            nominal_ah=nominal / 100,
            cycles=cycles,
            temperatures_c=tuple(None if raw == NO_SENSOR else round((raw - 2731) / 10, 1) for raw in sensors),
            charge_fet_on=bool(basic[20] & 1),
            discharge_fet_on=bool(basic[20] & 2),
            balancing=bool(balancing),
            balancing_cells=tuple(k + 1 for k in range(len(cells)) if balancing >> k & 1),
            protection=flags(protection, PROTECTION),
            cell_overvoltage_protection_v=self._limit_v,
            cell_overvoltage_release_v=self._release_v,
        )
