"""JK BMS, the older UART and RS485 protocol "4E57" (BMS sheet, section 2.1). One question reads everything, its settings included.

  request  4E57 0013 00000000 06 03 00 00 00000000 68 0000 0129       06 reads all, 03 says that a computer asks
  answer   4E57 length u16 (total less 2) · terminal u32 · command 06 or 03 · sender · 01 · tags · record u32 · 68 · 0000 · sum16 of all before

Tags, high byte first: 79 is followed by a length and 3 bytes a cell (number from 1, mV); every other has a length of its own.

  81, 82  °C of the sensors; a value over 100        8B  protection (below)
         means 100 - value                           8C  bit 0 charge switch, 1 discharge switch, 2 balancing
  83     pack 10 mV                                  90, 91, 92  cell over-voltage limit mV, release mV, delay s
  84     current 10 mA: with C0 = 1 bit 15 means     AA  capacity Ah
         charging, else 10000 - value                B4  the owner's name for it
  85     charge %    87  cycles    8A  cells         B7  software
"""

from __future__ import annotations

from drivers.address import Address
from drivers.bms.common import AskedBms, Found, flags, frames, limit_v, plain_text, tap_v
from drivers.clock import Clock
from drivers.roles import BmsProfile, BmsReading, Line

READ_ALL = bytes.fromhex("4E5700130000000006030000000000006800000129")
CELLS_TAG = 0x79
LENGTHS = {0x85: 1, 0x86: 1, 0x89: 4, 0x9D: 1, 0xA9: 1, 0xAA: 4, 0xAB: 1, 0xAC: 1, 0xAE: 1, 0xAF: 1, 0xB1: 1, 0xB2: 10, 0xB3: 1}
LENGTHS |= {0xB4: 8, 0xB5: 4, 0xB6: 4, 0xB7: 15, 0xB8: 1, 0xB9: 4, 0xBA: 24, 0xC0: 1}
LENGTHS |= {tag: 2 for tag in (*range(0x80, 0x85), 0x87, *range(0x8A, 0xAE), 0xB0) if tag not in (*LENGTHS, 0x8D)}
PROTECTION = (
    "low_capacity",
    "mos_overtemperature",
    "pack_overvoltage",
    "pack_undervoltage",
    "battery_overtemperature",
    "charge_overcurrent",
    "discharge_overcurrent",
    "cell_difference",
    "box_overtemperature",
    "battery_undertemperature",
    "cell_overvoltage",
    "cell_undervoltage",
    "309_a",
    "309_b",
)


def open_driver(address: Address, line: Line, clock: Clock, in_memory: bool) -> JkUartBms:
    return JkUartBms(line, address=str(address), clock=clock, prove=address.speed is not None)


def whole(raw: bytes) -> bytes:
    """The answer at the beginning of `raw`, checked, or b""."""
    length = int.from_bytes(raw[2:4], "big") + 2
    frame = raw[:length]
    if length < 21 or len(frame) < length or frame[-5] != 0x68:
        return b""
    return frame if sum(frame[:-4]) & 0xFFFF == int.from_bytes(frame[-2:], "big") else b""


def tags(frame: bytes) -> dict[int, bytes]:
    """The tags of a checked answer. What follows a tag without a known length cannot be followed, and is left."""
    found: dict[int, bytes] = {}
    data = frame[11:-9]
    while data:
        tag, length = data[0], LENGTHS.get(data[0])
        if tag == CELLS_TAG and len(data) > 1:
            length, data = data[1], data[1:]
        if length is None or len(data) <= length:
            break
        found[tag], data = data[1 : 1 + length], data[1 + length :]
    return found


def temperature_c(data: bytes) -> float:
    raw = int.from_bytes(data, "big")
    return float(raw if raw <= 100 else 100 - raw)


class JkUartBms(AskedBms):
    """One JK board on a line."""

    title, header = "JK board with the 4E57 protocol", b"\x4e\x57"

    def _harmless(self, request: bytes) -> bool:
        return request == READ_ALL

    def _tags(self) -> dict[int, bytes]:
        what = "read all"

        def find(raw: bytes) -> list[bytes]:
            return [frame for frame in frames(raw, self.header, whole) if frame[8] in (3, 6) and frame[10] == 1 and frame[11] == CELLS_TAG]

        found = tags(self.ask(what, READ_ALL, find))
        cells, count = found.get(CELLS_TAG, b""), int.from_bytes(found.get(0x8A, b""), "big")
        if not count or len(cells) != 3 * count or list(cells[::3]) != list(range(1, count + 1)):
            raise self.garbled(what, f"{len(cells) // 3} cells came, not numbers 1 to {count}.")
        return found

    def _look(self) -> Found:
        found = self._tags()
        count = int.from_bytes(found[0x8A], "big")
        name, software = plain_text(found.get(0xB4, b"")), plain_text(found.get(0xB7, b"")).rstrip("_")
        return Found((name, software, count), BmsProfile("jk-uart", name or "JK", firmware=software, cell_count=count))

    def _poll(self) -> BmsReading:
        found = self._tags()

        def number(tag: int) -> int | None:
            return int.from_bytes(found[tag], "big") if tag in found else None

        def scaled(tag: int, unit: float) -> float | None:
            raw = number(tag)
            return None if raw is None else round(raw * unit, 3)

        cells = found[CELLS_TAG]
        switches, protection, limit, release, raw = number(0x8C), number(0x8B), number(0x90), number(0x91), number(0x84)
        current_a = None
        if raw is not None and number(0xC0) == 1:
            current_a = (raw & 0x7FFF) / (100 if raw & 0x8000 else -100)
        elif raw is not None:
            current_a = (10000 - raw) / 100
        return BmsReading(
            self.clock.now_s(),
            cell_voltages_v=tuple(tap_v(int.from_bytes(cells[at : at + 2], "big")) for at in range(1, len(cells), 3)),
            pack_voltage_v=scaled(0x83, 0.01),
            current_a=None if current_a is None else current_a + 0.0,  # no minus in front of zero
            soc_pct=scaled(0x85, 1.0),
            nominal_ah=scaled(0xAA, 1.0),
            cycles=number(0x87),
            temperatures_c=tuple(temperature_c(found[tag]) for tag in (0x81, 0x82) if tag in found),
            charge_fet_on=None if switches is None else bool(switches & 1),
            discharge_fet_on=None if switches is None else bool(switches & 2),
            balancing=None if switches is None else bool(switches & 4),
            protection=None if protection is None else flags(protection, PROTECTION),
            cell_overvoltage_protection_v=None if limit is None else limit_v(limit),
            cell_overvoltage_release_v=None if release is None else limit_v(release),
            cell_overvoltage_delay_s=scaled(0x92, 1.0),
        )
