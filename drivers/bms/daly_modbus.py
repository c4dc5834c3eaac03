"""Newer Daly boards, which answer Modbus at D2 and no A5 frames (BMS sheet, section 3.2). Function 03; one read is a poll.

00  cells mV, 32 places      2F  state            35, 36  charge and discharge switch
20  sensors °C + 40          30  remaining 0.1 Ah 3A-3D   faults, two bytes a register, d0 first (`daly_faults`)
28  pack 0.1 V               31  cells
29  current 0.1 A from       32  sensors          8C      cell over-voltage limit mV
    30000, + is charging     33  cycles
2A  charge 0.1 %             34  balancing
"""

from __future__ import annotations

from contextlib import suppress

from drivers import modbus
from drivers.bms.common import AskedBms, Found, frames, limit_v, tap_v, words
from drivers.bms.daly_faults import faults
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, Line, NoAnswer

UNIT = 0xD2
STATUS, LIMIT = modbus.read_request(UNIT, 0, 62), modbus.read_request(UNIT, 0x8C, 1)
PLACES, MOST_SENSORS = 32, 8


class DalyModbusBms(AskedBms):
    """One Daly board that speaks Modbus. `inverted`: its current counts the other way round."""

    title, header = "Daly board", bytes((UNIT, modbus.READ))
    pack_step_v = 0.1

    _limit_v: float | None = None

    def __init__(self, line: Line, inverted: bool = False, *, address: str, clock: Clock, prove: bool = False) -> None:
        super().__init__(line, address=address, clock=clock, prove=prove)
        self.inverted = inverted

    def _harmless(self, request: bytes) -> bool:
        return request in (STATUS, LIMIT)

    def _registers(self, what: str, request: bytes, count: int) -> list[int]:
        head, length = self.header + bytes((2 * count,)), modbus.read_reply_length(count)

        def whole(raw: bytes) -> bytes:
            return raw[:length] if len(raw) >= length and modbus.check(raw[:length]) else b""

        return words(self.ask(what, request, lambda raw: frames(raw, head, whole))[3:-2])

    def _look(self) -> Found:
        status = self._registers("read the status", STATUS, 62)
        self._limit_v = None
        with suppress(NoAnswer):  # not on every board
            self._limit_v = limit_v(self._registers("read the over-voltage limit", LIMIT, 1)[0])
        count = status[0x31]
        return Found(("D2", count), BmsProfile("daly", "Daly (Modbus)", cell_count=count))

    def _poll(self) -> BmsReading:
        status = self._registers("read the status", STATUS, 62)
        amperes = (status[0x29] - 30000) / (-10 if self.inverted else 10)
        return BmsReading(
            self.clock.now_s(),
            cell_voltages_v=tuple(tap_v(cell) for cell in status[: min(status[0x31], PLACES)]),
            pack_voltage_v=status[0x28] / 10,
            current_a=amperes + 0.0,  # no minus in front of zero
            soc_pct=status[0x2A] / 10,
            remaining_ah=status[0x30] / 10,
            cycles=status[0x33],
            temperatures_c=tuple(float(raw - 40) for raw in status[0x20 : 0x20 + min(status[0x32], MOST_SENSORS)]),
            charge_fet_on=switch(status[0x35]),
            discharge_fet_on=switch(status[0x36]),
            balancing=status[0x34] != 0,
            protection=faults(b"".join(word.to_bytes(2, "big") for word in status[0x3A:0x3E])),
            cell_overvoltage_protection_v=self._limit_v,
        )


def switch(raw: int) -> bool | None:
    return {0: False, 1: True}.get(raw)
