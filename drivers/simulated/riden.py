"""Emulator of the Riden RD60xx family: its real register map over Modbus RTU, on the embedded bench's physics (Riden register sheet).

It follows the sheet where the sheet is sure. Where it is not: a trip keeps register 16 until the output is switched on again, registers
without a meaning read 0, and a write outside the rating is declined.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.simulated.instrument import EmulatedSupply, RegisterInstrument
from drivers.simulated.riden_models import RIDEN_MODELS
from drivers.simulated.world import World

REGISTERS = range(120)
V_SET, I_SET, OUTPUT, CURRENT_RANGE, POWER_UP, OVP, OCP, PRESETS = 8, 9, 18, 20, 68, 82, 83, range(84, 120)
REMEMBERED = (*range(48, 54), *range(66, 73), 80, 81, *PRESETS)  # clock, recall and panel settings, presets
WRITABLE = (V_SET, I_SET, 15, OUTPUT, CURRENT_RANGE, OVP, OCP, *REMEMBERED)
PROTECTION_CODES = {"": 0, "OVP": 1, "OCP": 2}
FACTORY_OVER_VOLTAGE_V, FACTORY_OVER_CURRENT_MARGIN_A = 62.0, 0.2
NO_PROBE = (1, 191, 1, 312)  # −191 °C, −312 °F: what the supply shows without an external probe


def make(world: World, model: str, **options: str) -> RidenEmulator:
    return RidenEmulator(world, model)


class RidenEmulator(RegisterInstrument, EmulatedSupply):
    """One Riden supply. `model` is a name of RIDEN_MODELS; the RD6012P starts in its 12 A range. Thread-safe."""

    def __init__(
        self,
        world: World,
        model: str = "RD6012",
        *,
        serial: int = 6464,
        firmware: int = 142,
        input_voltage_v: float = 65.0,
        inside_c: int = 27,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model_name, self._model = model, RIDEN_MODELS[model]
        super().__init__(world, self._model.max_voltage_v, self._model.max_current_a, wall_s=wall_s)
        self._current_range = 1 if model == "RD6012P" else 0
        self._kept = [0] * len(REGISTERS)  # what never changes, and what was written to registers that only remember it
        self._kept[1:4] = serial >> 16, serial & 0xFFFF, firmware
        self._kept[4:8] = int(inside_c < 0), abs(inside_c), 0, round(abs(inside_c * 1.8 + 32))
        self._kept[14:16] = round(input_voltage_v * 100), 1  # the keypad locks itself while the supply is polled
        self._kept[34:38] = NO_PROBE
        over_current_a = self._model.max_current_a + FACTORY_OVER_CURRENT_MARGIN_A
        self._kept[86::4] = [round(FACTORY_OVER_VOLTAGE_V * self._model.counts_per_volt)] * 9
        self._kept[87::4] = [round(over_current_a * self._counts_per_ampere)] * 9
        self._counted_ah = self._energy_wh = 0.0  # the supply's own counters
        self.protect(over_voltage_v=FACTORY_OVER_VOLTAGE_V, over_current_a=over_current_a)

    @property
    def _counts_per_ampere(self) -> int:
        return 10000 if self.model_name == "RD6012P" and self._current_range == 0 else self._model.counts_per_ampere

    def _read(self, first: int, count: int) -> list[int] | None:
        if first + count > REGISTERS.stop:
            return None
        return self._registers()[first : first + count]

    def _registers(self) -> list[int]:
        """All registers now, as counts."""
        model, per_ampere, now = self._model, self._counts_per_ampere, self.display()
        per_volt, voltage, current = model.counts_per_volt, round(now.voltage_v * model.counts_per_volt), round(now.current_a * per_ampere)
        self._energy_wh += now.voltage_v * (now.delivered_ah - self._counted_ah)
        self._counted_ah = now.delivered_ah
        registers = self._kept.copy()
        registers[0] = self.faults.model_id or model.model_id
        registers[8:14] = (
            round(now.set_voltage_v * per_volt),
            round(now.set_current_a * per_ampere),
            voltage,
            current,
            *_two_words(voltage / per_volt * current / per_ampere * model.counts_per_watt),
        )
        limits = now.output_on and now.mode == "CC" and not self.faults.welded
        registers[16:19] = PROTECTION_CODES[now.tripped], int(limits), int(now.output_on)
        if self.faults.inside_c is not None:
            registers[4:6] = int(self.faults.inside_c < 0), round(abs(self.faults.inside_c))
        registers[CURRENT_RANGE] = self._current_range
        registers[32:34] = int(now.battery_v > 0.5), round(now.battery_v * per_volt) if now.battery_v > 0.0 else 0
        registers[38:42] = *_two_words(max(self._counted_ah, 0.0) * 1000), *_two_words(min(max(self._energy_wh, 0.0), 9999.0) * 1000)
        registers[POWER_UP] = int(self.power_up_on)
        registers[OVP] = round(self.over_voltage_v * per_volt)
        registers[OCP] = round(self.over_current_a * per_ampere)
        return registers

    def _writable(self, register: int) -> bool:
        return register in WRITABLE

    def _write(self, register: int, value: int) -> bool:
        """False where the supply declines the value."""
        volts, amperes = value / self._model.counts_per_volt, value / self._counts_per_ampere
        if register == V_SET:
            return self.set_voltage(volts)
        if register == I_SET:
            return self.set_current(amperes)
        if register == OUTPUT:
            if value not in (0, 1):
                return False
            self.switch(bool(value))
        elif register == OVP:
            self.protect(over_voltage_v=volts)
        elif register == OCP:
            self.protect(over_current_a=amperes)
        elif register == POWER_UP:
            self.power_up_on = bool(value)
        elif register == CURRENT_RANGE:
            if self.model_name == "RD6012P":
                self._current_range = 1 if value else 0
        elif register in REMEMBERED:
            self._kept[register] = value
        return True  # the keypad lock is the supply's own matter: taken, without effect


def _two_words(value: float) -> tuple[int, int]:
    whole = round(value)
    return whole >> 16 & 0xFFFF, whole & 0xFFFF
