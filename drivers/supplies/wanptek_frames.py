"""What Wanptek supplies say and are told (Wanptek sheet).

It frames like Modbus RTU, from address 0 to 31, usually 0, and is none: one question, one command, both always whole.

  ask      addr 03 0000 0008 crc                 answer   addr 03 10 and 16 bytes:
  command  addr 10 0000 0003 06, 6 bytes, crc      0      flags: 0 output, 1 over-current protection, 2 keys locked,
           0      flags 0-2 as beside                     3 high byte first, 4 CC, 5 alarm
           1      0                                1, 2   V and A: high nibble decimals, low nibble class
           2, 3   voltage set-point                4-7    terminals, V, A
           4, 5   current set-point                8-11   set-points, V, A
  echo     addr 10 0000 0003 crc                   12-15  largest V, A

The decimals nibble: 0 is 2 for V and 3 for A; with its top bit set one fewer; any other means different things to the two known readers, and such
a supply is only read. A class with the largest values within a quarter of it is the fingerprint; no text tells the model.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from drivers import modbus

REGISTERS, COMMAND_REGISTERS = 8, 3
OUTPUT, FOLDS, LOCKED, HIGH_BYTE_FIRST, CONSTANT_CURRENT, ALARM = (1 << bit for bit in range(6))
VOLT_CLASSES = (15, 30, 60, 100, 120, 150, 160, 200, 300)
AMPERE_CLASSES = (1, 2, 3, 5, 6, 10, 20, 30, 40, 50, 60, 80, 100, 200)
NEAR = 0.25


@dataclass(frozen=True, slots=True)
class Status:
    """One answer. Numbers are counts; `per_volt` and `per_ampere` are None where the scale is not certain."""

    flags: int
    class_v: int
    class_a: int
    per_volt: int | None
    per_ampere: int | None
    voltage: int
    current: int
    set_voltage: int
    set_current: int
    max_voltage: int
    max_current: int

    @property
    def key(self) -> tuple[object, ...]:
        return self.class_v, self.class_a, self.per_volt, self.per_ampere, self.max_voltage, self.max_current

    @property
    def on(self) -> bool:
        return bool(self.flags & OUTPUT)

    @property
    def tripped(self) -> str:
        if not self.flags & ALARM:
            return ""
        return "OCP" if self.flags & FOLDS else "alarm"


def _per_unit(nibble: int, usual: int) -> int | None:
    """Counts of a volt or an ampere; None for a nibble that its two known readers take differently."""
    return usual if nibble == 0 else usual // 10 if nibble & 8 else None


def decoded(data: bytes) -> Status | None:
    """The 16 bytes of an answer; None where they are no Wanptek's: a class without meaning, or largest values that do not fit it."""
    flags, volts, amperes = data[:3]
    if volts & 15 >= len(VOLT_CLASSES) or amperes & 15 >= len(AMPERE_CLASSES):
        return None
    words = struct.unpack((">" if flags & HIGH_BYTE_FIRST else "<") + "6H", data[4:16])
    status = Status(
        flags,
        VOLT_CLASSES[volts & 15],
        AMPERE_CLASSES[amperes & 15],
        _per_unit(volts >> 4, 100),
        _per_unit(amperes >> 4, 1000),
        *words,
    )
    for largest, rated, scale, usual in (
        (status.max_voltage, status.class_v, status.per_volt, 100),
        (status.max_current, status.class_a, status.per_ampere, 1000),
    ):
        if not any(abs(largest / per_unit - rated) <= NEAR * rated for per_unit in ((scale,) if scale else (usual, usual // 10))):
            return None
    return status


def command(unit: int, status: Status, *, on: bool, set_voltage: int, set_current: int) -> bytes:
    """The one command, in the byte order of the status, the keys as they are, over-current protection off."""
    order = ">" if status.flags & HIGH_BYTE_FIRST else "<"
    head = struct.pack(">BBHHB", unit, modbus.WRITE_MANY, 0, COMMAND_REGISTERS, 2 * COMMAND_REGISTERS)
    flags = int(on) | status.flags & LOCKED
    return modbus.frame(head + bytes((flags, 0)) + struct.pack(order + "2H", set_voltage, set_current))
