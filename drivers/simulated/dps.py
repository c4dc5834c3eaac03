"""Emulator of the Ruideng DPS and DPH: their register map over Modbus RTU, on the embedded bench's physics (DPS register sheet).

Where the sheet is silent: what is declined is declined in Modbus' own way, a trip stays until the output is switched on again, the power
level protects nothing, and a recalled group takes effect at once, with the output off unless its sixth register says to keep it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.simulated.instrument import EmulatedSupply, RegisterInstrument
from drivers.simulated.world import World

LOCK, OUTPUT, BACKLIGHT, RECALL = 0x06, 0x09, 0x0A, 0x23
LIVE, GROUP_LENGTH = range(0x0D), 8
GROUPS = [range(0x50 + 16 * number, 0x50 + 16 * number + GROUP_LENGTH) for number in range(10)]
V, A, OVP, OCP, OPP, LIGHT, KEEP_OUTPUT, POWER_UP = range(GROUP_LENGTH)
FACTORY_V, FACTORY_A = 5.0, 1.0
PROTECTION_CODES = {"": 0, "OVP": 1, "OCP": 2}


@dataclass(frozen=True, slots=True)
class EmulatedDps:
    """Number in register 0x0B, rating in V and A, counts per ampere; a volt is 100 counts on all of them."""

    number: int
    max_voltage_v: float
    max_current_a: float
    counts_per_ampere: int


DPS_MODELS = {
    "DPS5020": EmulatedDps(5020, 50.0, 20.0, 100),
    "DPS3005": EmulatedDps(3005, 30.0, 5.0, 1000),
    "DPS5005": EmulatedDps(5005, 50.0, 5.0, 1000),
    "DPH5005": EmulatedDps(5205, 50.0, 5.0, 1000),
    "DPS5015": EmulatedDps(5015, 50.0, 15.0, 100),
    "DPS8005": EmulatedDps(8005, 80.0, 5.0, 1000),
}


def make(world: World, model: str, **options: str) -> DpsEmulator:
    return DpsEmulator(world, model)


class DpsEmulator(RegisterInstrument, EmulatedSupply):
    """One module. `group_per_ampere`: counts of an ampere in the groups, where its firmware counts there otherwise. Thread-safe."""

    longest_read = 32

    def __init__(
        self,
        world: World,
        model: str = "DPS5020",
        *,
        firmware: int = 16,
        input_voltage_v: float = 48.0,
        group_per_ampere: int | None = None,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = DPS_MODELS[model]
        super().__init__(world, self._model.max_voltage_v, self._model.max_current_a, wall_s=wall_s)
        self._per_ampere = self._model.counts_per_ampere
        self._group_per_ampere = group_per_ampere or self._per_ampere
        self._firmware, self._input = firmware, round(input_voltage_v * 100)
        self._lock_keys = 0
        over_voltage_v, over_current_a = self._model.max_voltage_v + 2.0, self._model.max_current_a + 0.2
        stored = [500, 0, round(over_voltage_v * 100), round(over_current_a * self._group_per_ampere), 60000, 4, 0, 0]
        self._groups = [stored.copy() for _ in GROUPS]  # of group 0 only what is not alive elsewhere
        self.protect(over_voltage_v=over_voltage_v, over_current_a=over_current_a)
        world.set_supply(voltage_v=FACTORY_V, current_a=FACTORY_A)

    def _read(self, first: int, count: int) -> list[int] | None:
        wanted = range(first, first + count)
        if wanted[-1] in LIVE:
            return self._live()[first : wanted.stop]
        for number, group in enumerate(GROUPS):
            if first in group and wanted[-1] in group:
                return self._group(number)[first - group.start : wanted.stop - group.start]
        return None

    def _live(self) -> list[int]:
        now = self.display()
        amperes = self._per_ampere
        limits = now.output_on and now.mode == "CC" and not self.faults.welded
        voltage, current = round(now.voltage_v * 100), round(now.current_a * amperes)
        return [
            *(round(now.set_voltage_v * 100), round(now.set_current_a * amperes)),
            *(voltage, current, min(round(voltage * current / amperes), 0xFFFF)),
            *(self._input, self._lock_keys, PROTECTION_CODES[now.tripped], int(limits), int(now.output_on)),
            *(self._groups[0][LIGHT], self.faults.model_id or self._model.number, self._firmware),
        ]

    def _group(self, number: int) -> list[int]:
        """A stored group; the first is what is in force."""
        kept = self._groups[number].copy()
        if number == 0:
            set_voltage_v, set_current_a = self.world.set_points
            kept[V], kept[A] = round(set_voltage_v * 100), round(set_current_a * self._group_per_ampere)
            kept[OVP], kept[OCP] = round(self.over_voltage_v * 100), round(self.over_current_a * self._group_per_ampere)
            kept[POWER_UP] = int(self.power_up_on)
        return kept

    def _writable(self, register: int) -> bool:
        return register in (0, 1, LOCK, OUTPUT, BACKLIGHT, RECALL) or any(register in group for group in GROUPS)

    def _write(self, register: int, value: int) -> bool:
        """False where it declines the value."""
        if register == 0:
            return self.set_voltage(value / 100)
        if register == 1:
            return self.set_current(value / self._per_ampere)
        if register == LOCK:
            self._lock_keys = int(bool(value))
        elif register == OUTPUT:
            if value not in (0, 1):
                return False
            self.switch(bool(value))
        elif register == BACKLIGHT:
            self._groups[0][LIGHT] = min(value, 5)
        elif register == RECALL:
            return self._recall(value)
        else:
            number = (register - 0x50) // 16
            self._groups[number][register - GROUPS[number].start] = value
            return number > 0 or self._in_force(register - GROUPS[0].start, value)
        return True

    def _in_force(self, field: int, value: int) -> bool:
        """A register of the first group changes what is in force."""
        if field == V:
            return self.set_voltage(value / 100)
        if field == A:
            return self.set_current(value / self._group_per_ampere)
        if field == OVP:
            self.protect(over_voltage_v=value / 100)
        elif field == OCP:
            self.protect(over_current_a=value / self._group_per_ampere)
        elif field == POWER_UP:
            self.power_up_on = bool(value)
        return True

    def _recall(self, number: int) -> bool:
        if number >= len(GROUPS):
            return False
        stored = self._group(number)
        if not stored[KEEP_OUTPUT]:
            self.switch(False)
        self._groups[0] = stored
        for field in (OVP, OCP, V, A, POWER_UP):
            self._in_force(field, stored[field])
        return True
