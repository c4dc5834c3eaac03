"""Emulator of the Wanptek supplies: their status and their one command, on the embedded bench's physics (Wanptek sheet).

Where the sheet is silent: values beyond the largest are met with silence and change nothing, the over-current switch drops the output as soon as
constant current rules and raises the alarm, which stays until the output is switched on again.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers import modbus
from drivers.simulated.instrument import EmulatedSupply
from drivers.simulated.world import World

FOLDS_BELOW_A = 0.0005  # with the switch on, this much below the set-point already trips


@dataclass(frozen=True, slots=True)
class EmulatedWanptek:
    """Bytes 1 and 2 of its status, counts of a volt and an ampere, the largest V and A, and its byte order."""

    scale_bytes: tuple[int, int]
    per_volt: int
    per_ampere: int
    max_voltage_v: float
    max_current_a: float
    high_byte_first: bool = False


WANPTEK_MODELS = {
    "WPS3010": EmulatedWanptek((0x01, 0x05), 100, 1000, 32.0, 10.2),
    "WPS605": EmulatedWanptek((0x02, 0x03), 100, 1000, 62.0, 5.2, high_byte_first=True),
    "WPS60100": EmulatedWanptek((0x82, 0x8C), 10, 100, 62.0, 102.0),
}


def make(world: World, model: str, **options: str) -> WanptekEmulator:
    return WanptekEmulator(world, model)


class WanptekEmulator(EmulatedSupply):
    """One supply. `scale_bytes` where its firmware writes other decimals than usual. Thread-safe."""

    def __init__(
        self,
        world: World,
        model: str = "WPS3010",
        *,
        unit: int = 0,
        scale_bytes: tuple[int, int] | None = None,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = WANPTEK_MODELS[model]
        super().__init__(world, self._model.max_voltage_v, self._model.max_current_a, wall_s=wall_s)
        self.unit = unit
        self._scale_bytes = scale_bytes or self._model.scale_bytes
        self._folds = self._locked = False

    def _request_length(self, buffer: bytes) -> int:
        return modbus.request_length(buffer)

    def _answer(self, request: bytes) -> bytes:
        """Silence for all but the one question and the one command."""
        decoded = modbus.decode_request(request)
        if decoded is None or decoded.unit != self.unit or decoded.register != 0:
            return b""
        if decoded.function == modbus.READ and decoded.count == 8:
            return modbus.frame(bytes((self.unit, modbus.READ, 16)) + self._status())
        if decoded.function == modbus.WRITE_MANY and decoded.count == 3 and self._obeyed(request[7:13]):
            return modbus.write_reply(decoded)
        return b""

    @property
    def _order(self) -> str:
        return ">" if self._model.high_byte_first else "<"

    def _status(self) -> bytes:
        model, now = self._model, self.display()
        limits = now.output_on and now.mode == "CC" and not self.faults.welded
        flags = (now.output_on, self._folds, self._locked, model.high_byte_first, limits, bool(now.tripped))
        volts, amperes = self._scale_bytes
        if self.faults.model_id is not None:
            volts = self.faults.model_id & 0xFF
        words = [
            *(round(now.voltage_v * model.per_volt), round(now.current_a * model.per_ampere)),
            *(round(now.set_voltage_v * model.per_volt), round(now.set_current_a * model.per_ampere)),
            *(round(model.max_voltage_v * model.per_volt), round(model.max_current_a * model.per_ampere)),
        ]
        return bytes((sum(flag << bit for bit, flag in enumerate(flags)), volts, amperes, 0)) + struct.pack(self._order + "6H", *words)

    def _obeyed(self, fields: bytes) -> bool:
        """Output, over-current switch, lock and both set-points, all at once."""
        flags = fields[0]
        set_voltage, set_current = struct.unpack(self._order + "2H", fields[2:6])
        volts, amperes = set_voltage / self._model.per_volt, set_current / self._model.per_ampere
        if volts > self.max_voltage_v + 1e-9 or amperes > self.max_current_a + 1e-9:
            return False
        self.set_voltage(volts)
        self.set_current(amperes)
        self._folds, self._locked = bool(flags & 2), bool(flags & 4)
        self.protect(over_current_a=max(amperes - FOLDS_BELOW_A, 0.0) if self._folds else float("inf"))
        if bool(flags & 1) != self.display().output_on:
            self.switch(bool(flags & 1))
        return True
