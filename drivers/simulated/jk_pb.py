"""Emulator of a JK board of the PB series on its RS485 protocol (BMS sheet, sections 2.2 and 2.3): the three triggers, and reads with function 03.

The registers beside the triggers act on a real board (off, presets, erase): here they are declined, and nothing happens. In the frames the low
byte comes first; a read gives the same fields with the high byte first, addressed by byte offset.
"""

from __future__ import annotations

from drivers import modbus
from drivers.simulated.emulated_bms import EmulatedBms, Picture
from drivers.simulated.instrument import RegisterInstrument
from drivers.simulated.world import World

SETTINGS, STATUS, DEVICE = 1, 2, 3
TRIGGERS = {0x161E: SETTINGS, 0x1620: STATUS, 0x161C: DEVICE}
BASES = {0x1000: SETTINGS, 0x1200: STATUS, 0x1400: DEVICE}
HEAD, FRAME_BYTES, FIRST_FIELD = b"\x55\xaa\xeb\x90", 300, 6
PLACES = 32
DOUBLE = {
    SETTINGS: range(6, 278, 4),
    STATUS: (70, 150, 154, 158, 166, 174, 178, 182, 186, 194),
    DEVICE: (38, 42),
}
BYTES = {SETTINGS: range(282, 299), STATUS: (78, 172, 190, 198, 214), DEVICE: (*range(6, 38), *range(46, 299))}
"""Where fields of four bytes begin, and what stands in single bytes; the rest are words."""
REST = {  # what a board shows besides the fields that this emulator gives: by offset, as such a board was seen to send it
    SETTINGS: {
        6: "ac0d00008c0a0000550b0000420e0000740d000005000000750d0000540b00007a0d0000160d0000c409000060ea0000030000003c000000a0860100",
        66: "2c0100003c00000005000000d00700005e010000400100005e01000040010000320000004600000020030000bc020000",
        114: "10000000010000000100000001000000c0450400dc050000700d",
        274: "0000000060e316000033000a18feffffff9fe99d03",
    },
    STATUS: {
        186: "86b7090164",
        194: "0422e502",
        214: "ff00010000009703",
        226: "16714040",
        239: "01010100060000b4e3af",
        254: "cb00c200c7009703863ec40b10090000805101",
        276: "0302",
        286: "01feff7fdc2f0101b0cf07",
    },
    DEVICE: {
        6: b"JK_PB2A16S20P".hex(),
        22: b"15A".hex(),
        30: b"15.41".hex(),
        38: "1c29e50216",
        46: b"BB02".hex(),
        62: b"1234".hex(),
        78: "3234303931340000343031313934393134383000303030004a4b2d424d53",
        118: b"136913".hex(),
        134: b"JK-BMS".hex(),
        150: "ffffffff8fe99d0300000000901f",
        168: "c0d8e7fe3f000001",
        185: "04ff67",
        202: "ff0f",
        218: "01ff67",
        234: "09080001640000005f0000003c00000032",
        263: "2f00000a78011e",
        287: "fe9fe9ff0f",
    },
}


def make(world: World, model: str, **options: str) -> JkPbEmulator:
    return JkPbEmulator(world)


class JkPbEmulator(RegisterInstrument, EmulatedBms):
    """One JK board at address 1. `overrides`: bytes by offset that stand over everything else in a frame of their type."""

    functions = (modbus.READ, modbus.WRITE_MANY)
    longest_read = 122

    def __init__(self, world: World, *, unit: int = 1) -> None:
        super().__init__(world)
        self.unit = unit
        self.overrides: dict[int, dict[int, bytes]] = {SETTINGS: {}, STATUS: {}, DEVICE: {}}
        self.lead_mohm = (51, 52, 63, 66, 77, 88, 102, 113, 119, 113, 102, 98, 90, 68, 64, 54)
        self.mos_c = 25.0

    def _answer(self, request: bytes) -> bytes:
        """A trigger is acknowledged behind the frame."""
        answer = super()._answer(request)
        decoded = modbus.decode_request(request)
        triggered = decoded is not None and answer[:2] == bytes((self.unit, modbus.WRITE_MANY)) and decoded.register in TRIGGERS
        return self.frame(TRIGGERS[decoded.register]) + answer if triggered and decoded is not None else answer

    def _writable(self, register: int) -> bool:
        return register in TRIGGERS

    def _write(self, register: int, value: int) -> bool:
        return value == 0

    def _read(self, first: int, count: int) -> list[int] | None:
        base = first & 0xFE00
        at = FIRST_FIELD + first - base
        if base not in BASES or at % 2 or at + 2 * count > FRAME_BYTES:
            return None
        kind = BASES[base]
        frame = self.frame(kind)
        turned = bytearray(frame)
        for field in range(FIRST_FIELD, FRAME_BYTES - 1, 2):
            if field not in BYTES[kind]:
                turned[field : field + 2] = frame[field : field + 2][::-1]
        for field in DOUBLE[kind]:
            turned[field : field + 4] = frame[field : field + 4][::-1]
        return [int.from_bytes(turned[k : k + 2], "big") for k in range(at, at + 2 * count, 2)]

    def frame(self, kind: int) -> bytes:
        """The 300 bytes now."""
        frame = bytearray(FRAME_BYTES)
        picture = self.picture()
        fields = {STATUS: self._status, SETTINGS: self._settings}.get(kind, lambda _: {})(picture)
        frame[:6] = HEAD + bytes((kind, 0))
        rest = {at: bytes.fromhex(value) for at, value in REST[kind].items()}
        for at, value in (*rest.items(), *fields.items(), *self.overrides[kind].items()):
            frame[at : at + len(value)] = value
        frame[-1] = sum(frame[:-1]) & 0xFF
        return bytes(frame)

    def _settings(self, picture: Picture) -> dict[int, bytes]:
        return {
            18: _low(picture.limit_mv, 4),
            22: _low(picture.release_mv, 4),
            114: _low(len(picture.cells_mv), 4),
            130: _low(1000 * picture.nominal_ah, 4),
            270: _low(self.unit, 4),
        }

    def _status(self, picture: Picture) -> dict[int, bytes]:
        cells = picture.cells_mv[:PLACES]
        highest, lowest = max(cells), min(cells)
        sensors = [_low(-2000 if celsius is None else 10 * celsius, 2) for celsius in picture.temperatures_c[:2]]
        return {
            6: b"".join(_low(cell, 2) for cell in cells),
            70: _low((1 << len(cells)) - 1, 4),
            74: _low(sum(cells) / len(cells), 2) + _low(highest - lowest, 2) + bytes((cells.index(highest), cells.index(lowest))),
            80: b"".join(_low(ohm, 2) for ohm in (self.lead_mohm * 2)[: len(cells)]),
            144: _low(10 * self.mos_c, 2),
            150: _low(1000 * picture.pack_v, 4)
            + _low(1000 * picture.pack_v * abs(picture.current_a), 4)
            + _low(1000 * picture.current_a, 4),
            162: sensors[0] + sensors[-1],
            166: _low(int(picture.over_voltage) << 4 | int(picture.too_warm) << 8, 4),
            172: bytes((2 if picture.balancing else 0, round(picture.soc_pct))),
            174: _low(1000 * picture.remaining_ah, 4) + _low(1000 * picture.nominal_ah, 4) + _low(picture.cycles, 4),
            198: bytes((picture.charge_on, picture.discharge_on)),
            212: _low(picture.delay_s if picture.over_voltage else 0, 2),
            234: _low(int(1000 * picture.pack_v + 0.5) // 10, 2),
        }


def _low(value: float, size: int) -> bytes:
    """A whole number, low byte first."""
    return (round(value) & (1 << 8 * size) - 1).to_bytes(size, "little")
