"""Emulator of the Hanmatek, eTommens and Rockseed supplies, of both generations, on the embedded bench's physics (Hanmatek register sheet).

Where the sheet is silent: the first generation's protection is switched on at its panel, a trip stays until the output is switched on again, the
power level protects nothing, and a register that it does not have is declined.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated.faults import Fault
from drivers.simulated.instrument import EmulatedSupply, RegisterInstrument
from drivers.simulated.world import World

OUTPUT, STATUS, OVP, OCP, SET_V, SET_A, LOCK, BEEP, ARM_OVP, ARM_OCP = 0x01, 0x02, 0x20, 0x21, 0x30, 0x31, 0x40, 0x41, 0x42, 0x43
TIME_SPAN, POWER_UP, BUZZER, ADDRESS = 0x32, 0x8801, 0x8804, 0x9999
FIRST, SECOND = {"": 0, "OVP": 1, "OCP": 2}, {"": 0, "OVP": 4, "OCP": 8}
MEMORIES = range(0x1000, 0x1060)
TAKES_LAST = 2  # at power-up
INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class EmulatedHanmatek:
    """Register 3, its class, its decimals of V, A and W, the largest V and A that it takes, and whether it is of the second generation.

    `first_bits`: a trip shows as in the first all the same, as one source saw on an HM310T.
    """

    rating: int
    kind: bytes
    decimals: tuple[int, int, int]
    max_voltage_v: float
    max_current_a: float
    second: bool = False
    first_bits: bool = False


HANMATEK_MODELS = {
    "HM310P": EmulatedHanmatek(3010, b"KP", (2, 3, 3), 32.0, 10.1),
    "HM305P": EmulatedHanmatek(305, b"KP", (2, 3, 3), 32.0, 5.1),
    "HM310T": EmulatedHanmatek(3010, b"KP", (2, 3, 3), 32.0, 10.1, second=True, first_bits=True),
    "HM605": EmulatedHanmatek(6005, b"KP", (2, 2, 2), 61.0, 5.1, second=True),
}


def make(world: World, model: str, **options: str) -> HanmatekEmulator:
    return HanmatekEmulator(world, model)


class HanmatekEmulator(RegisterInstrument, EmulatedSupply):
    """One supply. `decimals` as in register 5 where its firmware counts otherwise than usual. Thread-safe."""

    def __init__(
        self,
        world: World,
        model: str = "HM310P",
        *,
        decimals: tuple[int, int, int] | None = None,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = HANMATEK_MODELS[model]
        super().__init__(world, self._model.max_voltage_v, self._model.max_current_a, wall_s=wall_s)
        self._decimals = decimals or self._model.decimals
        self._per_volt, self._per_ampere, self._per_watt = (10**digit for digit in self._decimals)
        second = self._model.second
        if second:
            self.longest_read, self.length_code, self.value_code = 4, 3, 5
        self._kept = dict.fromkeys((*MEMORIES, POWER_UP, 0x22, 0x23, TIME_SPAN), 0) | {BUZZER: 1}
        if second:
            self._kept |= {LOCK: 0, BEEP: 1, ARM_OVP: 0, ARM_OCP: 0, 0x44: 0}
        self._level_v, self._level_a = self.max_voltage_v + 1.0, self.max_current_a + 0.4
        self._arm()

    # --- registers ---

    def _read(self, first: int, count: int) -> list[int] | None:
        registers = self._registers()
        wanted = range(first, first + count)
        return [registers[register] for register in wanted] if all(register in registers for register in wanted) else None

    def _registers(self) -> dict[int, int]:
        model, now = self._model, self.display()
        power = round(now.voltage_v * now.current_a * self._per_watt)
        v, a, w = self._decimals
        most = {"V": round(model.max_voltage_v * self._per_volt), "A": round(model.max_current_a * self._per_ampere)}
        status = FIRST[now.tripped]
        if model.second and not model.first_bits:
            status = SECOND[now.tripped] | self._kept[LOCK] | self._kept[BEEP] << 1
        if model.second:
            watts = round(model.max_voltage_v * model.max_current_a * self._per_watt)
            limits = {0x14: most["V"], 0x15: most["A"], 0x16: watts >> 16, 0x17: watts & 0xFFFF}
        else:
            limits = {
                0x14: power >> 16,
                0x15: power & 0xFFFF,
                0x8802: 0,
                0x8803: 0,
                0xC110: 11,
                0xC11E: most["V"],
                0xC120: 21,
                0xC12E: most["A"],
            }
        return {
            **self._kept,
            OUTPUT: int(now.output_on),
            STATUS: status,
            0x03: self.faults.model_id or model.rating,
            0x04: int.from_bytes(model.kind, "big"),
            0x05: v << 8 | a << 4 | w,
            0x10: round(now.voltage_v * self._per_volt),
            0x11: round(now.current_a * self._per_ampere),
            0x12: power >> 16,
            0x13: power & 0xFFFF,
            **limits,
            OVP: round(self._level_v * self._per_volt),
            OCP: round(self._level_a * self._per_ampere),
            SET_V: round(now.set_voltage_v * self._per_volt),
            SET_A: round(now.set_current_a * self._per_ampere),
            POWER_UP: 1 if self.power_up_on else self._kept[POWER_UP],
            ADDRESS: self.unit,
        }

    def _writable(self, register: int) -> bool:
        return register in self._kept or register in (OUTPUT, OVP, OCP, SET_V, SET_A, ADDRESS)

    def _write(self, register: int, value: int) -> bool:
        """False where it declines the value."""
        if register == SET_V:
            return self.set_voltage(value / self._per_volt)
        if register == SET_A:
            return self.set_current(value / self._per_ampere)
        if register in (OUTPUT, *range(LOCK, 0x45)) and value > 1:
            return False
        if register == OUTPUT:
            self.switch(bool(value))
        elif register == OVP:
            self._level_v = value / self._per_volt
        elif register == OCP:
            self._level_a = value / self._per_ampere
        elif register == ADDRESS:
            if not 1 <= value <= 250:
                return False
            self.unit = value
        else:
            self._kept[register] = value
        if register == POWER_UP:
            self.power_up_on = value == 1
        self._arm()
        return True

    def _arm(self) -> None:
        """The levels that are in force."""
        armed_v, armed_a = (self._kept[ARM_OVP], self._kept[ARM_OCP]) if self._model.second else (1, 1)
        self.protect(over_voltage_v=self._level_v if armed_v else INFINITE, over_current_a=self._level_a if armed_a else INFINITE)

    def _begin(self, fault: Fault) -> None:
        if fault.name == "brown-out" and self._kept[POWER_UP] == TAKES_LAST:
            return  # it comes back as it was
        super()._begin(fault)
