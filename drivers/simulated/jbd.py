"""Emulator of a JBD board (BMS sheet, chapter 1): registers 03, 04, 05, AA, the block FA of newer firmware, and the parameters in factory mode.

Model "V11" answers FA, "V4" does not. Parameters can be read by a program that enters the factory mode; nothing can be set: a write of one is
declined like a question that the board does not know, because the limit belongs to the bench description.
"""

from __future__ import annotations

from drivers.simulated.emulated_bms import EmulatedBms, Picture, word, words
from drivers.simulated.world import World

READ, WRITE = 0xA5, 0x5A
BASIC, CELLS, NAME, COUNTERS, BLOCK = 0x03, 0x04, 0x05, 0xAA, 0xFA
ENTER_FACTORY, LEAVE_FACTORY = (0x00, b"\x56\x78"), ((0x01, b"\x00\x00"), (0x01, b"\x28\x28"))
OK, UNKNOWN, NOT_IN_FACTORY, WRONG_CHECKSUM = 0x00, 0x80, 0x81, 0x82
FIRST_PARAMETER = 0x10  # number 0 of the block
MOST_PARAMETERS = 60


def make(world: World, model: str, **options: str) -> JbdEmulator:
    return JbdEmulator(world, has_block=model != "V4")


class JbdEmulator(EmulatedBms):
    """One JBD board. What is no picture of the pack stands in attributes and may be set."""

    def __init__(self, world: World, *, has_block: bool = True) -> None:
        super().__init__(world)
        self.has_block, self.in_factory = has_block, False
        self.name, self.software, self.made = "JBD-SP16S020-L16S-200A-B", 0x21, 0x2C7C  # made on 28 March 2022
        self.extension = b""  # what newer firmware puts behind the sensors
        self.cell_over_voltages, self.restarts = 0, 1
        self._was_over = False

    def _request_length(self, buffer: bytes) -> int:
        waiting = self._drop_noise(b"\xdd")
        return waiting[3] + 7 if len(waiting) >= 4 else 0

    def _answer(self, request: bytes) -> bytes:
        operation, register, data = request[1], request[2], request[4:-3]
        if operation not in (READ, WRITE) or request[-1] != 0x77:
            return b""
        if (sum(request[2:-3]) + int.from_bytes(request[-3:-1], "big")) & 0xFFFF:
            return reply(register, WRONG_CHECKSUM)
        return self._read(register, data) if operation == READ else self._write(register, data)

    def _write(self, register: int, data: bytes) -> bytes:
        if (register, data) == ENTER_FACTORY or (register, data) in LEAVE_FACTORY:
            self.in_factory = register == ENTER_FACTORY[0]
            return reply(register, OK)
        return reply(register, UNKNOWN if self.in_factory else NOT_IN_FACTORY)

    def _read(self, register: int, data: bytes) -> bytes:
        picture = self.picture()
        if picture.over_voltage and not self._was_over:
            self.cell_over_voltages += 1
        self._was_over = picture.over_voltage
        if register == BASIC:
            return reply(BASIC, OK, self._basic(picture))
        if register == CELLS:
            return reply(CELLS, OK, words(*picture.cells_mv))
        if register == NAME:
            return reply(NAME, OK, self.name.encode())
        if register == COUNTERS:
            return reply(COUNTERS, OK, words(0, 0, 0, self.cell_over_voltages, *[0] * 7, self.restarts))
        if register == BLOCK and self.has_block and len(data) == 3 and 0 < data[2] <= MOST_PARAMETERS:
            first = int.from_bytes(data[:2], "big") + FIRST_PARAMETER
            values = self.parameters(picture)
            return reply(BLOCK, OK, data + words(*(values.get(register, 0) for register in range(first, first + data[2]))))
        if register in self.parameters(picture):
            return reply(register, OK, word(self.parameters(picture)[register])) if self.in_factory else reply(register, NOT_IN_FACTORY)
        return reply(register, UNKNOWN)

    def _basic(self, picture: Picture) -> bytes:
        mask = sum(1 << cell - 1 for cell in picture.balancing)
        protection = int(picture.over_voltage) | int(picture.too_warm) << 4
        basic = words(100 * picture.pack_v, 100 * picture.current_a, 100 * picture.remaining_ah, 100 * picture.nominal_ah, picture.cycles)
        basic += words(self.made, mask & 0xFFFF, mask >> 16, protection)
        switches = int(picture.charge_on) | int(picture.discharge_on) << 1
        basic += bytes((self.software, round(picture.soc_pct), switches, len(picture.cells_mv), len(picture.temperatures_c)))
        return (
            basic + words(*(-300 + 2731 if celsius is None else 10 * celsius + 2731 for celsius in picture.temperatures_c)) + self.extension
        )

    def parameters(self, picture: Picture) -> dict[int, int]:
        """By register: the cells' limits in mV, the pack's in 10 mV, currents in 10 mA, delays in s."""
        cells, limit, release = len(picture.cells_mv), picture.limit_mv, picture.release_mv
        return {
            0x10: round(100 * picture.nominal_ah),
            0x11: round(80 * picture.nominal_ah),
            0x12: 3450,
            0x13: 2500,
            0x20: cells * limit // 10,
            0x21: cells * release // 10,
            0x22: cells * 250,
            0x23: cells * 280,
            0x24: limit,
            0x25: release,
            0x26: 2500,
            0x27: 2800,
            0x28: 10000,
            0x29: 0x10000 - 12000,
            0x2A: 3400,
            0x2B: 10,
            0x2D: 0x0C,
            0x36: limit + 100,
            0x3D: 0x0500 | round(picture.delay_s) & 0xFF,
            0x43: round(picture.delay_s),
        }


def reply(register: int, status: int, data: bytes = b"") -> bytes:
    checked = bytes((status, len(data))) + data
    return bytes((0xDD, register)) + checked + word(-sum(checked)) + b"\x77"
