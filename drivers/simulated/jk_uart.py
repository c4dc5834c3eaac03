"""Emulator of a JK board on its older "4E57" protocol (BMS sheet, section 2.1): read all, and read one tag. Nothing can be written to it."""

from __future__ import annotations

from drivers.simulated.emulated_bms import EmulatedBms, Picture, word
from drivers.simulated.world import World

READ_ONE, READ_ALL = 0x03, 0x06
LONGEST = 64
NEW_CURRENT = 0xC0
SETTINGS = """
93 0A5A  94 0ABE  95 0005  96 012C  97 003C  98 012C  99 001E  9A 001E  9B 0D7A  9C 000A  9D 01  9E 005A  9F 0046
A0 0064  A1 0064  A2 0014  A3 0046  A4 0046  A5 0000  A6 0005  A7 FFEC  A8 FFF6  AB 01  AC 01  AD 02D5  AE 01  AF 01
B0 000A  B1 14  B2 31323334353600000000  B3 00  B4 496E707574205573  B5 32313036  B6 00016400
B7 48372E585F5F53372E312E30485F5F  B8 00  B9 00000000  BA 425433303732303230313230303030323030353231303031  C0 01
"""
"""Tag and value as a board was seen to send them."""


def make(world: World, model: str, **options: str) -> JkUartEmulator:
    return JkUartEmulator(world)


class JkUartEmulator(EmulatedBms):
    """One JK board. `settings`: the tags that are no picture of the pack, and may be set; `mos_c`: what its switches' sensor shows."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        settings = SETTINGS.split()
        self.settings = {int(tag, 16): bytes.fromhex(value) for tag, value in zip(settings[::2], settings[1::2], strict=True)}
        self.mos_c, self.total_ah = 25, 0

    def _request_length(self, buffer: bytes) -> int:
        waiting = self._drop_noise(b"\x4e\x57")
        if len(waiting) < 4:
            return 0
        length = int.from_bytes(waiting[2:4], "big") + 2
        return length if 21 <= length <= LONGEST else 2

    def _answer(self, request: bytes) -> bytes:
        if len(request) < 21 or sum(request[:-4]) & 0xFFFF != int.from_bytes(request[-2:], "big") or request[10] != 0:
            return b""
        tags = self._tags(self.picture())
        if request[8] == READ_ALL:
            return reply(READ_ALL, b"".join(bytes((tag,)) + value for tag, value in tags.items()))
        if request[8] == READ_ONE and request[11] in tags:
            return reply(READ_ONE, request[11:12] + tags[request[11]])
        return b""

    def _tags(self, picture: Picture) -> dict[int, bytes]:
        cells = b"".join(bytes((number,)) + word(volts) for number, volts in enumerate(picture.cells_mv, 1))
        count, settings = len(picture.cells_mv), self.settings
        centi = round(100 * picture.current_a)
        new_format = settings.get(NEW_CURRENT) == b"\x01"
        sensors = [word(25 if celsius is None else celsius if celsius >= 0 else 100 - celsius) for celsius in picture.temperatures_c[:2]]
        under_mv = int.from_bytes(settings[0x93], "big")
        return {
            0x79: bytes((len(cells),)) + cells,
            0x80: word(self.mos_c),
            0x81: sensors[0],
            0x82: sensors[-1],
            0x83: word(100 * picture.pack_v),
            0x84: word((abs(centi) | 0x8000 * (centi > 0)) if new_format else 10000 - centi),
            0x85: bytes((round(picture.soc_pct),)),
            0x86: b"\x02",
            0x87: word(picture.cycles),
            0x89: self.total_ah.to_bytes(4, "big"),
            0x8A: word(count),
            0x8B: word(int(picture.over_voltage) << 10 | int(picture.too_warm) << 4),
            0x8C: word(int(picture.charge_on) | int(picture.discharge_on) << 1 | bool(picture.balancing) << 2),
            0x8E: word(count * picture.limit_mv / 10),
            0x8F: word(count * under_mv / 10),
            0x90: word(picture.limit_mv),
            0x91: word(picture.release_mv),
            0x92: word(picture.delay_s),
            **{tag: value for tag, value in settings.items() if tag < 0xA9},
            0xA9: bytes((count,)),
            0xAA: round(picture.nominal_ah).to_bytes(4, "big"),
            **{tag: value for tag, value in settings.items() if tag > 0xAA},
        }


def reply(command: int, data: bytes) -> bytes:
    length = 11 + len(data) + 9 - 2
    frame = b"\x4e\x57" + word(length) + bytes(4) + bytes((command, 0, 1)) + data + bytes(4) + b"\x68"
    return frame + bytes(2) + word(sum(frame))
